// Open redirects, and origins that only look like trusted ones.
import { check, PASSWORD } from "./site.mjs";

/** Trusted besides the server's own origin: https://*.app.example and myapp://cb (sites.mjs). */
const TARGETS = [
  "https://evil.example/",
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/%2f%2fevil.example",
  "/%5Cevil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  " https://evil.example",
  "https:evil.example",
  "https:/\\evil.example",
  "HTTPS://EVIL.EXAMPLE",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "data:text/html,x",
  "vbscript:x",
  "{origin}.evil.example/",
  "{origin}@evil.example/",
  "https://app.example.evil.example/",
  "https://x.app.example.evil.example/",
  "https://x.app.example@evil.example/",
  "https://evil.example?x.app.example",
  "https://evil.example#.app.example",
  "https://evil.example/.app.example",
  "https://evil.example\\.app.example",
  "https://xn--pp-xka.example/",
  "https://аpp.example/",
];

/** Where a browser on the server's origin would land, if that is elsewhere. */
function elsewhere(site, location) {
  if (location === undefined) return undefined;
  let url;
  try {
    url = new URL(location, site.publicUrl);
  } catch {
    return undefined;
  }
  return url.origin === site.origin || /^https:\/\/[a-z]+\.app\.example$/.test(url.origin) ? undefined : location;
}

const each = async (site, work) => {
  const taken = [];
  for (const target of TARGETS) {
    const filled = target.replace("{origin}", site.origin);
    if (await work(filled)) taken.push(JSON.stringify(filled));
  }
  check(!taken.length, `accepts ${taken.join(", ")}`);
};

/** A POST with a target must be refused: no success, no redirect, no session. */
const posting = (path, member, bodyOf) => async (site) => {
  const user = await site.user();
  await each(site, async (target) => {
    const answer = await site.post(
      path,
      { ...(await bodyOf(site, user)), [member]: target },
      { jar: user.jar, keep: false },
    );
    return answer.status < 400 || answer.signsIn() || elsewhere(site, answer.header("location"));
  });
};

/** A GET with a target may redirect, but not there. */
const getting = (pathOf) => async (site) => {
  const user = await site.user();
  await each(site, async (target) => {
    const answer = await site.get(await pathOf(site, user, encodeURIComponent(target)), { jar: user.jar, keep: false });
    return elsewhere(site, answer.header("location"));
  });
};

const attack = "open redirect";

export const tests = [
  {
    attack,
    name: "sign-in with a foreign callbackURL",
    run: posting("/sign-in/email", "callbackURL", (_, { email }) => ({ email, password: PASSWORD })),
  },
  {
    attack,
    name: "sign-up with a foreign callbackURL",
    run: posting("/sign-up/email", "callbackURL", (site) => ({ name: "A", email: site.address(), password: PASSWORD })),
  },
  {
    attack,
    name: "a reset mail to a foreign redirectTo",
    run: posting("/request-password-reset", "redirectTo", (_, { email }) => ({ email })),
  },
  {
    attack,
    name: "a verification mail to a foreign callbackURL",
    run: posting("/send-verification-email", "callbackURL", (_, { email }) => ({ email })),
  },
  {
    attack,
    name: "a change of address with a foreign callbackURL",
    run: posting("/change-email", "callbackURL", (site) => ({ newEmail: site.address() })),
  },
  {
    attack,
    name: "a deletion with a foreign callbackURL",
    run: posting("/delete-user", "callbackURL", () => ({})),
  },
  {
    attack,
    name: "the link of a reset mail",
    run: getting((_, __, target) => `/reset-password/x?callbackURL=${target}`),
  },
  {
    attack,
    name: "the link of a verification mail",
    run: getting((_, __, target) => `/verify-email?token=x&callbackURL=${target}`),
  },
  {
    attack,
    name: "the link of a deletion mail",
    run: getting((_, __, target) => `/delete-user/callback?token=x&callbackURL=${target}`),
  },
  {
    attack: "wildcard and prefix origins",
    name: "a session with an Origin that looks like a trusted one",
    async run(site) {
      const user = await site.user();
      const origins = [
        "https://app.example",
        "http://x.app.example",
        "https://x.app.example.evil.example",
        "https://xapp.example",
        "https://evil.example?x.app.example",
        "https://x.app.example:8443",
        "https://x.app.example@evil.example",
        `${site.origin}.evil.example`,
        `${site.origin}0`,
        "myapp://other",
      ];
      const taken = [];
      for (const origin of origins) {
        const answer = await site.post(
          "/update-user",
          { name: "x" },
          { jar: user.jar, keep: false, headers: { origin } },
        );
        if (answer.status < 400) taken.push(origin);
      }
      check(!taken.length, `accepts ${taken.join(", ")}`);
    },
  },
  {
    attack: "wildcard and prefix origins",
    name: "a custom scheme whose name goes on: myapp://cb.evil.example for myapp://cb",
    async run(site) {
      const { email, jar } = await site.user();
      const target = "myapp://cb.evil.example";
      const mail = await site.post("/request-password-reset", { email, redirectTo: target });
      check(mail.status >= 400, "is taken as redirectTo");
      const answer = await site.post("/update-user", { name: "x" }, { jar, keep: false, headers: { origin: target } });
      check(answer.status >= 400, "is taken as Origin");
    },
  },
];
