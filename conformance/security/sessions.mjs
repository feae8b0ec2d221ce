// Sessions: fixation, foreign ids, tampering, and what is left of one that ended.
import { Jar } from "../lib/cookies.mjs";
import { atOnce, check, copyOf, flip, jarOf, PASSWORD } from "./site.mjs";

const COOKIE = "better-auth.session_token";

/** Everything that a session gives access to. */
const ACCESS = ["/list-sessions", "/list-accounts", "/token", "/one-time-token/generate"];

/** What a stolen copy of the cookies is still good for: a list of endpoints. */
async function access(site, jar) {
  const open = [];
  if (await site.whoami(jar)) open.push("/get-session");
  for (const path of ACCESS) {
    const answer = await site.get(path, { jar, keep: false });
    if (answer.status === 200) open.push(path);
  }
  const update = await site.post("/update-user", { name: "Mallory" }, { jar, keep: false });
  if (update.status === 200) open.push("/update-user");
  return open;
}

/** Ways to end a session, of a user with the browsers `jar` and, where it says so, `other`. */
const ENDS = {
  "sign-out": (site, { jar }) => site.post("/sign-out", {}, { jar }),
  "revoke-session": (site, { jar, token }) => site.post("/revoke-session", { token }, { jar: copyOf(jar) }),
  "revoke-sessions": (site, { jar }) => site.post("/revoke-sessions", {}, { jar: copyOf(jar) }),
  "revoke-other-sessions from another browser": (site, { other }) =>
    site.post("/revoke-other-sessions", {}, { jar: other }),
  "change-password with revokeOtherSessions": (site, { other }) =>
    site.post(
      "/change-password",
      { currentPassword: PASSWORD, newPassword: "another-horse-1", revokeOtherSessions: true },
      { jar: other },
    ),
  "a reset of the password": async (site, { email }) =>
    site.post("/reset-password", { token: await site.resetToken(email), newPassword: "another-horse-1" }),
  "deletion of the user": async (site, { email, jar }) => {
    await site.post("/delete-user", { password: PASSWORD }, { jar: copyOf(jar) });
    const { token } = await site.mail(email, "delete-account");
    return site.get(`/delete-user/callback?token=${token}`, { jar: copyOf(jar) });
  },
};

const revocation = ["main", "cached"].flatMap((where) =>
  Object.entries(ENDS).map(([name, end]) => ({
    attack: "revocation gaps",
    name: `cookies after ${name}${where === "cached" ? ", with a cookie cache" : ""}`,
    on: where,
    async run(site) {
      const user = await site.user();
      const { jar: other } = await site.signIn(user.email);
      const stolen = copyOf(user.jar);
      const answer = await end(site, { ...user, other });
      if (answer.status >= 400) throw new Error(`${name} answers ${answer.status} ${answer.text}`);
      const open = await access(site, stolen);
      // The copy in the cookie counts for /get-session until its time is over, as documented.
      const allowed = where === "cached" ? ["/get-session"] : [];
      const left = open.filter((path) => !allowed.includes(path));
      check(!left.length, `still good for ${left.join(", ")}`);
    },
  })),
);

/** Whether two signed values are one: the last base64 character before "=" has two bits that no byte holds. */
function sameToken(a, b) {
  const [[token, signature = ""], [other, right]] = [a.split("."), b.split(".")];
  return token === other && Buffer.from(signature, "base64").equals(Buffer.from(right, "base64"));
}

const tampering = [
  ["flipped", (raw, i) => flip(raw, i)],
  ["cut", (raw, i) => raw.slice(0, i)],
].map(([name, change]) => ({
  attack: "tampered and truncated tokens",
  name: `a session cookie ${name} at each place`,
  async run(site) {
    const { jar } = await site.user();
    const [, raw] = jar.entries().find(([cookie]) => cookie.endsWith(COOKIE));
    const decoded = decodeURIComponent(raw);
    const wrong = [];
    for (let i = 0; i < decoded.length; i++) {
      const value = change(decoded, i);
      const answer = await site.get("/get-session", { headers: { cookie: `${COOKIE}=${encodeURIComponent(value)}` } });
      if (answer.status !== 200 || (answer.json !== null && !sameToken(value, decoded)))
        wrong.push(`${i} (${answer.status})`);
    }
    check(!wrong.length, `at ${wrong.join(", ")}`);
  },
}));

const presets = {
  "the attacker's session": async (site) => (await site.user()).jar,
  "an unsigned token": () => jarOf([[COOKIE, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]]),
  "a token with a wrong signature": () => jarOf([[COOKIE, `${"A".repeat(32)}.${"A".repeat(43)}%3D`]]),
};

const fixation = Object.entries(presets).map(([name, preset]) => ({
  attack: "session fixation",
  name: `${name} in the browser before sign-in`,
  async run(site) {
    const victim = await site.user();
    const planted = await preset(site);
    const before = await site.whoami(planted);
    const jar = copyOf(planted);
    const { token } = await site.signIn(victim.email, { jar });
    check(token && !planted.get(COOKIE)?.startsWith(token), "the planted token is the session's");
    check((await site.whoami(jar))?.email === victim.email, "the victim is not signed in");
    check((await site.whoami(planted))?.id === before?.id, "the planted cookies are the victim's now");
  },
}));

/** What a user may try with the ids of another. */
const FOREIGN = {
  "revoke-session": (site, other) => ["/revoke-session", { token: other.token }],
  "multi-session/set-active": (site, other) => ["/multi-session/set-active", { sessionToken: other.token }],
  "multi-session/revoke": (site, other) => ["/multi-session/revoke", { sessionToken: other.token }],
  "unlink-account": (site, other) => ["/unlink-account", { providerId: "credential", accountId: other.id }],
  "update-user with an id": (site, other) => ["/update-user", { id: other.id, userId: other.id, name: "Mallory" }],
  "delete-user with an id": (site, other) => ["/delete-user", { userId: other.id, id: other.id }],
  "get-access-token": (site, other) => [
    "/get-access-token",
    { providerId: "credential", userId: other.id, accountId: other.id },
  ],
  "refresh-token": (site, other) => [
    "/refresh-token",
    { providerId: "credential", userId: other.id, accountId: other.id },
  ],
};

const idor = Object.entries(FOREIGN).map(([name, request]) => ({
  attack: "user IDOR",
  name: `${name} of another user`,
  async run(site) {
    const [mallory, alice] = [await site.user({ name: "Mallory" }), await site.user()];
    const [path, json] = request(site, alice);
    const answer = await site.post(path, json, { jar: mallory.jar, keep: false });
    check(answer.status < 500, `answers ${answer.status}`);
    check(
      !answer.text.includes(alice.id) && !answer.text.includes(alice.email),
      "the answer tells about the other user",
    );
    const still = await site.whoami(alice.jar);
    check(still?.id === alice.id && still.name === "Alice", "the other user was changed or signed out");
  },
}));

export const tests = [
  ...fixation,
  ...tampering,
  ...revocation,
  ...idor,
  {
    attack: "user IDOR",
    name: "the deletion link of another user",
    async run(site) {
      const [mallory, alice] = [await site.user(), await site.user()];
      await site.post("/delete-user", { password: PASSWORD }, { jar: alice.jar });
      const { token } = await site.mail(alice.email, "delete-account");
      await site.get(`/delete-user/callback?token=${token}`, { jar: mallory.jar, keep: false });
      check(await site.whoami(alice.jar), "the other user is gone");
      check(await site.whoami(mallory.jar), "the attacker is gone");
    },
  },
  {
    attack: "tampered and truncated tokens",
    name: "a session token without its signature, and with another user's",
    async run(site) {
      const [alice, bob] = [await site.user(), await site.user()];
      const [token] = alice.jar.get(COOKIE).split(".");
      const [, signature] = bob.jar.get(COOKIE).split(".");
      for (const value of [
        token,
        `${token}.`,
        `${token}.${signature}`,
        `${token}.${token}`,
        `.${signature}`,
        `${token}%2E${signature}`,
      ])
        check(
          !(await site.whoami(jarOf([[COOKIE, encodeURIComponent(value)]]))),
          `accepts ${value.replaceAll(token, "TOKEN")}`,
        );
    },
  },
  {
    attack: "revocation gaps",
    name: "200 reads while the session ends",
    async run(site) {
      const { jar } = await site.user();
      const stolen = copyOf(jar);
      await Promise.all([atOnce(200, () => site.whoami(stolen)), site.post("/sign-out", {}, { jar: copyOf(jar) })]);
      check(!(await site.whoami(stolen)), "a read brought the session back");
    },
  },
  {
    attack: "caching of answers",
    name: "shared caches do not keep /get-session",
    async run(site) {
      const { jar } = await site.user();
      const answer = await site.get("/get-session", { jar });
      check(
        /no-store/.test(answer.header("cache-control") ?? ""),
        `cache-control is ${answer.header("cache-control")}`,
      );
    },
  },
  {
    attack: "session fixation",
    name: "a cookie of a browser that signed out",
    async run(site) {
      const user = await site.user();
      const old = copyOf(user.jar);
      await site.post("/sign-out", {}, { jar: user.jar });
      const jar = copyOf(old);
      await site.signIn(user.email, { jar });
      check(!(await site.whoami(old)) && (await site.whoami(jar)), "the old cookie is good again");
      check(!(await site.whoami(new Jar())), "somebody without a cookie is signed in");
    },
  },
];
