// Makes sequences: users sign up, then requests and short stories follow in any order.
import { Random } from "./random.mjs";
import { mayHash, requestTo } from "./requests.mjs";
import { PASSWORDS } from "./values.mjs";

const JARS = ["a", "a", "a", "b", "c"];
const MOST_HASHES = 4; // per sequence, beside those of the stories
const BURST = 6;

const email = (of) => ({ $: "email", of });
const post = (jar, path, json, rest = {}) => ({
  jar,
  cookies: { mode: "jar" },
  method: "POST",
  path,
  query: [],
  headers: {},
  type: "application/json",
  body: { json },
  ...rest,
});
const get = (jar, path, query = []) => ({ jar, cookies: { mode: "jar" }, method: "GET", path, query, headers: {} });
const signUp = (jar) => post(jar, "/sign-up/email", { name: `User ${jar}`, email: email(jar), password: PASSWORDS[0] });
const signIn = (jar, of = "a", rest = {}) =>
  post(jar, "/sign-in/email", { email: email(of), password: PASSWORDS[0], ...rest });
const mailed = (subject, member = "token") => ({ $: "mail", subject, member });
const ott = { $: "seen", name: "ott", back: 0 };

/** Many at once; `once` says that at most one of them may succeed. */
const burst = (request, once) => ({ burst: BURST, once, request });

/** Short stories that need several steps in order; each has the endpoint without which it is told in vain. */
const STORIES = [
  {
    needs: "/request-password-reset",
    steps: () => [post(null, "/request-password-reset", { email: email("a"), redirectTo: "/reset" })],
  },
  {
    needs: "/request-password-reset",
    steps: () => [
      post(null, "/request-password-reset", { email: email("a") }),
      burst(post(null, "/reset-password", { token: mailed("reset-password"), newPassword: PASSWORDS[0] }), true),
    ],
  },
  { needs: "/send-verification-email", steps: () => [post("a", "/send-verification-email", { email: email("a") })] },
  {
    needs: "/send-verification-email",
    steps: (random) => [
      post("a", "/send-verification-email", { email: email("a"), callbackURL: "/welcome" }),
      get(random.pick(["a", "c", null]), "/verify-email", [
        ["token", mailed("verify-email")],
        ["callbackURL", "/welcome"],
      ]),
    ],
  },
  {
    needs: "/change-email",
    steps: () => [
      post("a", "/change-email", { newEmail: email("new"), callbackURL: "/changed" }),
      get("a", "/verify-email", [["token", mailed("change-email-confirmation")]]),
      get("a", "/verify-email", [["token", mailed("verify-email")]]),
    ],
  },
  {
    needs: "/one-time-token/generate",
    steps: () => [
      get("a", "/one-time-token/generate"),
      burst(post("c", "/one-time-token/verify", { token: ott }), true),
    ],
  },
  {
    needs: "/one-time-token/generate",
    steps: () => [get("a", "/one-time-token/generate"), post("c", "/one-time-token/verify", { token: ott })],
  },
  {
    needs: "/two-factor/enable",
    steps: () => [
      post("a", "/two-factor/enable", { password: PASSWORDS[0] }),
      post("a", "/two-factor/verify-totp", { code: { $: "totp", step: -1 } }),
      signIn("c"),
      post("c", "/two-factor/verify-totp", { code: { $: "totp", step: 0 }, trustDevice: true }),
    ],
  },
  { needs: "/two-factor/enable", steps: () => [signIn("c"), post("c", "/two-factor/send-otp", {})] },
  {
    needs: "/two-factor/enable",
    steps: () => [
      signIn("c"),
      burst(post("c", "/two-factor/verify-backup-code", { code: { $: "backup", index: 9 } }), true),
    ],
  },
  {
    needs: "/multi-session/set-active",
    steps: () => [signIn("a", "b"), get("a", "/multi-session/list-device-sessions")],
  },
  { needs: "/sign-out", steps: () => [post("c", "/sign-out", {}), get("c", "/get-session")] },
  { needs: "/get-session", steps: () => [burst(get("a", "/get-session"))] },
  { needs: "/list-sessions", steps: () => [burst(get("b", "/list-sessions"))] },
  { needs: "/sign-in/email", steps: () => [signIn("c", "a", { rememberMe: false, callbackURL: "/welcome" })] },
];

/** Endpoints that may be asked three times in a window, by the rules that are there without any configuration. */
const RARE = /^\/(sign-in|sign-up|change-password|change-email|request-password-reset|send-verification-email)/;
const FOCUS = { rare: 2, others: 2 }; // endpoints of a sequence that asks few

/** Some of a list, each once. */
function someOf(random, list, count) {
  const rest = [...list];
  return Array.from({ length: Math.min(count, rest.length) }, () => rest.splice(random.below(rest.length), 1)[0]);
}

/** A few of the endpoints, so that each is asked often. */
const fewOf = (random, endpoints) => [
  ...someOf(
    random,
    endpoints.filter(({ path }) => RARE.test(path)),
    FOCUS.rare,
  ),
  ...someOf(
    random,
    endpoints.filter(({ path }) => !RARE.test(path)),
    FOCUS.others,
  ),
];

/** What a story does at once, as one request. */
const alone = (steps) => steps.map((step) => step.request ?? step);

/**
 * The sequence of a seed.
 *
 * @param {{seed: string, endpoints: object[], length: number, focused?: boolean}} options `length` is the number of
 *   requests, about; `focused` has few endpoints asked often, by their very methods and paths (the official server counts
 *   others, too), and nothing at once
 * @returns {object[]} requests and bursts; every part of it is a sequence, too
 */
export function sequenceOf({ seed, endpoints, length, focused = false }) {
  const random = new Random(seed);
  const paths = new Set(endpoints.map(({ path }) => path));
  const stories = STORIES.filter(({ needs }) => paths.has(needs));
  const asked = focused ? fewOf(random, endpoints) : endpoints;
  const weights = Object.fromEntries(asked.map(({ weight }, i) => [i, weight]));
  const out = [signUp("a"), ...(random.chance(0.6) ? [signUp("b")] : []), ...(random.chance(0.3) ? [signIn("c")] : [])];
  let hashes = 0;
  while (out.length < length) {
    if (random.chance(0.05)) {
      const steps = random.pick(stories).steps(random);
      out.push(...(focused ? alone(steps) : steps));
      continue;
    }
    const request = requestTo(random, asked[random.weighted(weights)], {
      jar: random.pick(JARS),
      cheap: hashes >= MOST_HASHES,
      exact: focused,
    });
    if (mayHash(request) && hashes++ > 2 * MOST_HASHES) continue;
    out.push(request);
    if (random.chance(0.06)) out.push({ ...request }); // The same again: replays.
  }
  return out;
}
