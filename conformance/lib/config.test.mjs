import assert from "node:assert/strict";
import { test } from "node:test";
import { profiles, recordedScenarios, mustPass, skippedPositions, transcript, Deviations } from "../replay/lists.mjs";
import { tenantOf, UnsupportedProfile } from "./config.mjs";

const all = profiles();
const tenant = (name, modules = []) => tenantOf(name, all[name], { listen: "127.0.0.1:9", modules: new Set(modules) });

test("a plain profile", () => {
  assert.deepEqual(tenant("base"), {
    id: "base",
    listen: "127.0.0.1:9",
    baseURL: "http://localhost:3000",
    basePath: "/api/auth",
    secret: all.base.secret,
    ipHeaders: ["x-forwarded-for"],
    rateLimit: { enabled: false },
    plugins: [{ id: "email-password", config: { enabled: true, sendResetPassword: true } }],
  });
});

test("options of mails, addresses, and errors", () => {
  const [{ config }] = tenant("verified").plugins;
  assert.deepEqual(config, {
    enabled: true,
    requireEmailVerification: true,
    sendResetPassword: true,
    onExistingUserSignUp: true,
    emailVerification: {
      sendVerificationEmail: true,
      confirmLinks: false,
      sendOnSignUp: true,
      sendOnSignIn: true,
      autoSignInAfterVerification: true,
      expiresIn: 3600,
    },
  });
  const { appName, ipHeaders, errorURL, trustedOrigins } = tenant("basepath");
  assert.deepEqual(
    { appName, ipHeaders, errorURL, trustedOrigins },
    {
      appName: "Ref App",
      ipHeaders: ["x-real-ip"],
      errorURL: "https://app.example.com/auth-error",
      trustedOrigins: ["https://app.example.com"],
    },
  );
});

test("limits of requests", () => {
  assert.deepEqual(tenant("ratelimit").rateLimit, {
    enabled: true,
    window: 10,
    max: 100,
    rules: [
      { path: "/get-session", window: 60, max: 2 },
      { path: "/ok", unlimited: true },
    ],
  });
});

test("names and attributes of cookies", () => {
  assert.deepEqual(tenant("subdomain").cookies, {
    prefix: "acme",
    domain: "example.com",
    sameSite: "none",
    partitioned: true,
    overrides: [{ cookie: "session_token", name: "acme_sid", sameSite: "lax" }],
  });
});

test("cached sessions", () => {
  assert.deepEqual(tenant("cookiecachejwe").session.cookieCache, { enabled: true, maxAge: 300, strategy: "jwe" });
});

test("additional fields", () => {
  const { user, session } = tenant("account", ["account"]);
  assert.deepEqual(user.additionalFields.slice(2, 4), [
    { name: "plan", type: "string", required: false, input: false, default: "free" },
    { name: "secretNote", type: "string", required: false, returned: false },
  ]);
  assert.deepEqual(session.additionalFields, [
    { name: "theme", type: "string" },
    { name: "locked", type: "string", input: false, default: "yes" },
  ]);
});

test("several public URLs, and proxies", () => {
  const { baseURL, baseURLs } = tenant("dynamic");
  assert.deepEqual([baseURL, baseURLs], ["http://localhost:3000", ["https://*.example.com"]]);
  const { trustedProxies, ipv6Subnet } = tenant("proxies");
  assert.deepEqual([trustedProxies, ipv6Subnet], [["10.0.0.0/8", "192.0.2.1", "127.0.0.1"], 128]);
});

test("the account plugin is enabled where it exists", () => {
  assert.deepEqual(tenant("verified", ["account"]).plugins[1], {
    id: "account",
    config: {
      changeEmail: { enabled: true, sendChangeEmailConfirmation: true },
      deleteUser: { enabled: true, sendDeleteAccountVerification: true },
      emailVerification: { sendVerificationEmail: true, expiresIn: 3600 },
    },
  });
  assert.equal(tenant("verified").plugins.length, 1);
});

test("the convex plugin", () => {
  assert.deepEqual(tenant("convex", ["convex"]).plugins.at(-1), {
    id: "convex",
    config: { issuer: "https://happy-animal-123.convex.site", algorithm: "RS256" },
  });
});

test("plugins that are not there yet are left out where the rest of the profile stands without them", () => {
  const { plugins, cors } = tenant("spa", ["convex", "cross-domain"]);
  assert.deepEqual(plugins.slice(1), [
    { id: "cross-domain", config: { siteURLs: ["http://localhost:5173"] } },
    { id: "convex", config: { issuer: "https://happy-animal-123.convex.site", algorithm: "RS256" } },
  ]);
  assert.equal(cors, true);
});

test("options of plugins", () => {
  assert.deepEqual(tenant("jwtrs", ["jwt"]).plugins.at(-1).config, {
    algorithm: "RS256",
    jwksPath: "/.well-known/jwks.json",
    issuer: "https://issuer.example.com",
    audience: "aud-1",
    lifetime: 300,
    claims: { templates: { email: "{{user.email}}" }, constants: { role: "member" } },
    disableSettingJwtHeader: true,
  });
  assert.deepEqual(tenant("bearer", ["bearer"]).plugins.at(-1), { id: "bearer" });
});

test("what has no translation is refused, not dropped", () => {
  for (const name of ["twofactor", "convexeddsa"]) {
    assert.throws(() => tenant(name), UnsupportedProfile, name);
  }
});

test("the list of scenarios names recorded ones, each once, and exchanges that exist", () => {
  const { scenarios, skipExchanges } = mustPass();
  const recorded = new Set(recordedScenarios());
  assert.equal(new Set(scenarios).size, scenarios.length);
  for (const name of scenarios) assert.ok(recorded.has(name), name);
  for (const { scenario, reason } of skipExchanges) {
    assert.ok(scenarios.includes(scenario) && reason, scenario);
    assert.ok(skippedPositions(scenario, transcript(scenario), skipExchanges).size);
  }
  assert.throws(
    () =>
      skippedPositions("base/signout", transcript("base/signout"), [
        { scenario: "base/signout", exchanges: ["1 nope"] },
      ]),
    /nope/,
  );
});

test("deviations allow what they describe, and tell which were needed", () => {
  const deviations = new Deviations([
    { scenario: "convex/*", path: "claims\\.jti$", want: "absent", got: '^"<uuid#\\d+>"$', reason: "r" },
    { scenario: "base/ok", exchange: "^one$", path: "status", want: "^200$", got: "^404$", reason: "r" },
  ]);
  const jti = { path: "response.body.value.token.$jwt.claims.jti", want: undefined, got: "<uuid#1>" };
  assert.ok(deviations.allow("convex/token", "any", jti));
  assert.ok(!deviations.allow("base/token", "any", jti));
  assert.ok(!deviations.allow("convex/token", "any", { ...jti, got: "1" }));
  assert.ok(!deviations.allow("convex/token", "any", { ...jti, want: "<uuid#1>" }));
  assert.ok(!deviations.allow("base/ok", "two", { path: "status", want: 200, got: 404 }));
  assert.equal(deviations.unused().length, 1);
  assert.ok(deviations.allow("base/ok", "one", { path: "status", want: 200, got: 404 }));
  assert.equal(deviations.unused().length, 0);
});

test("providers of social sign-in and generic OAuth", () => {
  const config = (name) => tenant(name, ["social"]).plugins.find(({ id }) => id === "social").config;
  assert.deepEqual(Object.keys(config("social").providers), ["github", "google", "gitlab"]);
  assert.equal(config("social").providers.google.verifyIdToken, undefined);
  assert.deepEqual(config("social").account.accountLinking, { enabled: true, trustedProviders: ["gitlab"] });
  assert.equal(config("socialstrict").account.storeStateStrategy, "cookie");
  const { fake, fakebasic } = config("oauth").providers;
  assert.deepEqual(fake.scope, ["openid", "email", "profile"]);
  assert.equal(fake.pkce, true);
  assert.equal(fakebasic.pkce, false);
  assert.deepEqual(config("base"), {});
});
