// Values for members of bodies and queries. A value is JSON, or a reference such as {"$": "email", "of": "a"} that each
// server's world resolves when the request is sent (world.mjs).

export const PASSWORDS = ["correct-horse-1", "battery-staple-2"];

const email = (of) => ({ $: "email", of });
const mailed = (subject, member = "token") => ({ $: "mail", subject, member });
const seen = (name, back = 0) => ({ $: "seen", name, back });

const URLS = [
  "/welcome",
  "/",
  "/a/b?x=1",
  "/a?x=1&error=2",
  "{base}/done",
  "{base}:8443/done",
  "https://evil.example/",
  "https://app.example.org/x",
  "https://example.org/x",
  "myapp://cb",
  "myapp:/cb",
  "//evil.example",
  "/\\evil.example",
  "/%2f%2fevil.example",
  "/%5cevil.example",
  "/a/../b",
  "/\t/evil.example",
  "https:evil.example",
  "javascript:alert(1)",
  "data:text/html,x",
  "welcome",
  "./x",
  "?x=1",
  "#x",
  "/a b",
  "/#frag",
  "/é",
  "http://localhost:5173/done",
  "HTTP://LOCALHOST:5173/done",
  "http://localhost:5173.evil.example/",
  "http://localhost:5173@evil.example/",
];

const NAMES = ["Alice", "", " Alice ", "Ünïcode 名前 🙂", "a\r\nb", "<b>x</b>", "x".repeat(300), "null"];

const boolean = (random) => random.chance(0.5);
const url = (random) => (random.chance(0.4) ? "/welcome" : random.pick(URLS));
const name = (random) => (random.chance(0.5) ? "Alice" : random.pick(NAMES));
const address = (random) =>
  random.pick([
    email("a"),
    email("a"),
    email("a"),
    email("b"),
    email("new"),
    { $: "upper", value: email("a") },
    "x@y",
    " ",
  ]);
const password = (random) =>
  random.chance(0.75) ? PASSWORDS[0] : random.pick([PASSWORDS[1], "wrong-password", "short"]);

/** Valid or nearly valid values by the name of the member. */
const BY_NAME = {
  name,
  email: address,
  newEmail: (random) => random.pick([email("new"), email("new2"), email("a"), email("b"), "not an address"]),
  password,
  currentPassword: password,
  newPassword: (random) => random.pick([...PASSWORDS, PASSWORDS[0], "short", "x".repeat(129), "pässwörd-ﬁ-1"]),
  image: (random) => random.pick(["https://example.com/a.png", "", "x", null]),
  callbackURL: url,
  redirectTo: url,
  errorCallbackURL: url,
  newUserCallbackURL: url,
  rememberMe: boolean,
  trustDevice: boolean,
  disableSession: boolean,
  revokeOtherSessions: boolean,
  disableRedirect: boolean,
  requestSignUp: boolean,
  disableCookieCache: (random) => random.pick(["true", "false", "", "1"]),
  disableRefresh: (random) => random.pick(["true", "false", ""]),
  sessionToken: (random) => random.pick([seen("token"), seen("token", 1), seen("token", 2), "nope"]),
  providerId: (random) => random.pick(["credential", "credential", "google", "nope"]),
  provider: (random) => random.pick(["google", "github", "nope", "credential"]),
  accountId: (random) => random.pick([seen("accountId"), seen("accountId", 1), "nope"]),
  userId: (random) => random.pick([seen("userId"), seen("userId", 1), "nope"]),
  issuer: (random) => random.pick(["My App", "a:b", ""]),
  theme: (random) => random.pick(["dark", ""]),
  code: (random) =>
    random.pick(["000000", "nope", { $: "totp", step: random.below(3) - 1 }, { $: "backup", index: random.below(3) }]),
  scopes: (random) => random.pick([[], ["email"]]),
};

const backOf = (random) => (random.chance(0.75) ? 0 : 1 + random.below(2));

/** Values of single endpoints, by path and member. */
const BY_PATH = {
  "/reset-password token": (random) =>
    random.chance(0.7) ? { ...mailed("reset-password"), back: backOf(random) } : "nope",
  "/reset-password/:token token": () => mailed("reset-password"),
  "/verify-email token": (random) =>
    random.pick([
      mailed("verify-email"),
      { ...mailed("verify-email"), back: 1 },
      mailed("change-email-confirmation"),
      { $: "emailToken", email: email("a"), ttl: 600 },
      { $: "emailToken", email: email("a"), ttl: -600 },
      { $: "emailToken", email: email("nobody"), ttl: 600 },
      { $: "flip", at: random.below(200), value: mailed("verify-email") },
      "a.b.c",
    ]),
  "/delete-user token": (random) => random.pick([mailed("delete-account"), "nope"]),
  "/delete-user/callback token": (random) => random.pick([mailed("delete-account"), "nope"]),
  "/revoke-session token": (random) => random.pick([seen("token"), seen("token", 1), seen("token", 2), "nope"]),
  "/one-time-token/verify token": (random) => (random.chance(0.7) ? seen("ott", backOf(random)) : "nope"),
  "/cross-domain/one-time-token/verify token": (random) => (random.chance(0.5) ? seen("ott") : "nope"),
  "/two-factor/verify-totp code": (random) =>
    random.chance(0.75) ? { $: "totp", step: random.below(3) - 1 } : random.pick(["000000", "12345", ""]),
  "/two-factor/verify-otp code": (random) =>
    random.chance(0.7) ? { ...mailed("two-factor-otp", "otp"), back: backOf(random) } : "000000",
  "/two-factor/verify-backup-code code": (random) =>
    random.chance(0.7) ? { $: "backup", index: random.below(10) } : "AAAAA-BBBBB",
};

/** Values that no endpoint expects. */
const WRONG = [
  null,
  0,
  -1.5,
  1e21,
  true,
  false,
  "",
  " ",
  "x",
  [],
  ["x"],
  {},
  { a: 1 },
  { $literal: { __proto__: 1, constructor: 1 } },
  "x".repeat(5000),
  "\u0001", // and not \u0000, which PostgreSQL, the official server's store, does not take
  "\ud800",
  "é🙂",
  "true",
  "../..",
  "%00",
];

/** A value that a member may have. */
export function valueFor(random, path, member, type) {
  const choose = BY_PATH[`${path} ${member}`] ?? BY_NAME[member];
  if (choose) return choose(random);
  const byType = { boolean: boolean, array: () => ["x"], object: () => ({ a: "b" }), number: () => 1 };
  return (byType[type] ?? (() => "x"))(random);
}

export const wrongValue = (random) => random.pick(WRONG);
