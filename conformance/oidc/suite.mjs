// Social sign-in against a real OpenID Connect provider: the ways that lead in, and those that must not.
import assert from "node:assert/strict";
import * as jose from "jose";
import { createAuthClient as client16 } from "better-auth/client";
import { genericOAuthClient } from "better-auth/client/plugins";
import { createAuthClient as client17 } from "better-auth-17/client";
import { startAuthhost } from "../lib/authhost.mjs";
import { freePorts } from "../lib/process.mjs";
import { Browser } from "./browser.mjs";
import { startProvider } from "./provider.mjs";

const TENANTS = ["main", "loose", "sealed", "second"];
const PROVIDERS = ["alpha", "beta", "strict", "wrongkeys", "wrongissuer"];
const SCOPES = ["openid", "email", "profile"];

/** Everything that a check needs: the server, two providers, a browser for each person. */
class World {
  constructor(server, providers) {
    this.server = server;
    this.providers = providers;
  }

  url(tenant = "main") {
    return this.server.url(tenant);
  }

  browser(tenant) {
    return new Browser(this.url(tenant));
  }

  /** Begins a flow and returns the provider's URL for a person. */
  async begin(browser, { provider = "alpha", person = "ada", path = "/sign-in/social", ...body } = {}) {
    const name = path.includes("oauth2") ? "providerId" : "provider";
    const answer = await browser.post(path, { [name]: provider, callbackURL: "/done", errorCallbackURL: "/failed", ...body });
    assert.equal(answer.status, 200, answer.text);
    const url = new URL(answer.json.url);
    browser.forget(url); // who was signed in at the provider before
    url.searchParams.set("login_hint", person);
    return url;
  }

  /** Goes to the provider and comes back; `change` edits the provider's URL. Returns the callback's URL. */
  async authorize(browser, options = {}, change = () => {}) {
    const url = await this.begin(browser, options);
    change(url.searchParams);
    const { back, ...page } = await browser.visit(url.toString());
    assert.ok(back, `the provider answers ${page.status}: ${page.text?.slice(0, 400)}`);
    return new URL(back);
  }

  /** A whole flow. Returns where it ends. */
  async flow(browser, options, change) {
    return finish(browser, await this.authorize(browser, options, change));
  }
}

async function finish(browser, url) {
  const answer = await browser.request(url.toString());
  assert.equal(answer.status, 302, answer.text);
  return answer.location;
}

async function signUp(browser, email, name = "Somebody") {
  const answer = await browser.post("/sign-up/email", { name, email, password: "correct-horse-1" });
  assert.equal(answer.status, 200, answer.text);
}

/** Follows the verification link that the newest mail has. */
async function verify(world, browser, tenant) {
  const mail = (await world.server.admin.outbox(tenant)).at(-1);
  const url = new URL(mail.url);
  const answer = await browser.request(`${world.url(tenant)}${url.pathname}${url.search}`);
  assert.ok(answer.status < 400, answer.text);
}

async function account(browser, provider) {
  return (await browser.get("/list-accounts")).json.find((entry) => entry.providerId === provider);
}

/** Each check begins with empty tenants. */
const CHECKS = {
  async "sign up, come back, sign out"(w) {
    const browser = w.browser();
    assert.equal(await w.flow(browser, { newUserCallbackURL: "/welcome" }), "/welcome");
    assert.equal(await browser.user(), "ada@example.com");
    const again = w.browser();
    assert.equal(await w.flow(again, { newUserCallbackURL: "/welcome" }), "/done");
    assert.equal(await again.user(), "ada@example.com");
    assert.deepEqual((await account(again, "alpha")).scopes, SCOPES);
    await again.post("/sign-out", {});
    assert.equal(await again.user(), null);
    assert.equal(await browser.user(), "ada@example.com");
  },

  async "tokens: read, renewed, rotated; the profile"(w) {
    const browser = w.browser();
    await w.flow(browser);
    const { json: first } = await browser.post("/get-access-token", { providerId: "alpha" });
    assert.ok(first.accessToken && first.idToken && Date.parse(first.accessTokenExpiresAt) > Date.now());
    const { json: second, status } = await browser.post("/refresh-token", { providerId: "alpha" });
    assert.equal(status, 200, JSON.stringify(second));
    assert.notEqual(second.accessToken, first.accessToken);
    const { json: third } = await browser.post("/refresh-token", { providerId: "alpha" });
    assert.notEqual(third.refreshToken, second.refreshToken);
    assert.equal((await browser.post("/get-access-token", { providerId: "alpha" })).json.accessToken, third.accessToken);
    const info = await browser.get("/account-info?accountId=ada");
    assert.equal(info.json.user.email, "ada@example.com", info.text);
    assert.equal(info.json.data.sub, "ada");
    assert.equal((await w.browser().post("/get-access-token", { providerId: "alpha" })).status, 401);
  },

  async "the account's cookie: for its session alone, in parts where it is large"(w) {
    const [first, second, eve] = ["verbose", "verbose", "eve"].map((person) => ({ person, browser: w.browser("sealed") }));
    for (const { person, browser } of [first, second, eve]) assert.equal(await w.flow(browser, { person }), "/done");
    const cookies = ({ browser }, own) => browser.jar(w.url("sealed")).entries().filter(([name]) => name.includes("account_data") === own);
    assert.deepEqual(cookies(eve, true).map(([name]) => name), ["better-auth.account_data"]);
    assert.ok(cookies(first, true).length > 1, "a large account is in one cookie");
    const info = (entries) =>
      w.browser("sealed").request(`${w.url("sealed")}/api/auth/account-info`, {
        headers: { cookie: entries.map((entry) => entry.join("=")).join("; ") },
      });
    const own = await info([...cookies(first, false), ...cookies(first, true)]);
    assert.equal(own.json.user?.email, "verbose@example.com", own.text);
    const [[name, value], ...rest] = cookies(first, true);
    const swap = (text, at) => text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    const refused = {
      "of another user": [...cookies(eve, false), ...cookies(first, true)],
      "of another session of the user": [...cookies(second, false), ...cookies(first, true)],
      "without a session": cookies(first, true),
      "without its end": [...cookies(first, false), [name, value]],
      "without its beginning": [...cookies(first, false), ...rest],
      "changed": [...cookies(first, false), [name, swap(value, 2000)], ...rest],
    };
    for (const [what, entries] of Object.entries(refused)) {
      const { status, text } = await info(entries);
      assert.ok(status === 400 || status === 401, `${what}: ${status} ${text}`);
    }
    const { json: renewed } = await first.browser.post("/refresh-token", { providerId: "alpha" });
    assert.equal((await first.browser.post("/get-access-token", { providerId: "alpha" })).json.accessToken, renewed.accessToken);
    assert.equal((await first.browser.get("/account-info")).json.data?.sub, "verbose"); // with the tokens of now
    await first.browser.post("/sign-out", {});
    assert.deepEqual(first.browser.jar(w.url("sealed")).names().filter((name) => !name.includes("state")), []);
  },

  async "the older routes of generic OAuth"(w) {
    const browser = w.browser();
    assert.equal(await w.flow(browser, { path: "/sign-in/oauth2" }), "/done");
    assert.equal(await browser.user(), "ada@example.com");
  },

  async "official clients begin flows"(w) {
    const customFetchImpl = (input, init) => {
      const headers = new Headers(init.headers);
      headers.set("origin", w.url());
      return fetch(input, { ...init, headers });
    };
    const options = { baseURL: w.url(), fetchOptions: { customFetchImpl }, disableDefaultFetchPlugins: true };
    const old = client16({ ...options, plugins: [genericOAuthClient()] });
    for (const { data, error } of [
      await old.signIn.oauth2({ providerId: "alpha", callbackURL: "/done" }),
      await old.signIn.social({ provider: "alpha", callbackURL: "/done" }),
      await client17(options).signIn.social({ provider: "alpha", callbackURL: "/done" }),
    ]) {
      assert.equal(error, null);
      assert.ok(data.url.startsWith(w.providers.alpha.issuer) && data.redirect === true);
    }
  },

  async "a provider that answers with a form"(w) {
    const browser = w.browser();
    const url = await w.begin(browser);
    url.searchParams.set("response_mode", "form_post");
    const page = await browser.visit(url.toString());
    const action = /action="([^"]+)"/.exec(page.text)[1];
    const inputs = [...page.text.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
    const origin = w.providers.alpha.issuer;
    const posted = await browser.request(action, { method: "POST", form: inputs, headers: { origin }, bare: true });
    assert.equal(posted.status, 302, posted.text);
    assert.equal(await finish(browser, new URL(posted.location)), "/done");
    assert.equal(await browser.user(), "ada@example.com");
  },

  async "link, and sign in with what was linked"(w) {
    const browser = w.browser("loose");
    await signUp(browser, "ada@example.com");
    assert.equal(await w.flow(browser, { path: "/link-social" }), "/done");
    assert.ok(await account(browser, "alpha"));
    assert.equal(await w.flow(browser, { path: "/oauth2/link" }), "/done");
    assert.equal(await w.flow(browser, { path: "/link-social", person: "eve" }), "/failed?error=email_doesn%27t_match");
    const other = w.browser("loose");
    assert.equal(await w.flow(other), "/done");
    assert.equal(await other.user(), "ada@example.com");
    const eve = w.browser("loose");
    await signUp(eve, "eve@example.com");
    assert.equal(await w.flow(eve, { path: "/link-social" }), "/failed?error=email_doesn%27t_match");
    assert.equal((await w.browser("loose").post("/link-social", { provider: "alpha" })).status, 401);
  },

  async "link by address: verified on both sides only"(w) {
    const browser = w.browser();
    await signUp(browser, "ada@example.com");
    assert.equal(await w.flow(w.browser()), "/failed?error=account_not_linked"); // nobody has verified it here
    await browser.post("/send-verification-email", { email: "ada@example.com" });
    await verify(w, browser, "main");
    const other = w.browser();
    assert.equal(await w.flow(other), "/done");
    assert.equal(await other.user(), "ada@example.com");
    const bob = w.browser();
    await signUp(bob, "bob@example.com");
    await bob.post("/send-verification-email", { email: "bob@example.com" });
    await verify(w, bob, "main");
    assert.equal(await w.flow(w.browser(), { person: "bob" }), "/failed?error=account_not_linked"); // the provider has not
  },

  async "an account that was taken before its owner came"(w) {
    const mallory = w.browser("loose");
    await signUp(mallory, "ada@example.com", "Mallory");
    const ada = w.browser("loose");
    assert.equal(await w.flow(ada), "/done"); // this tenant links without a verified address here
    assert.equal(await ada.user(), "ada@example.com");
    assert.equal(await mallory.user(), null);
    const password = { email: "ada@example.com", password: "correct-horse-1" };
    assert.equal((await w.browser("loose").post("/sign-in/email", password)).status, 401);
  },

  async "two providers, one user each"(w) {
    const browser = w.browser();
    await w.flow(browser);
    assert.equal(await w.flow(w.browser(), { provider: "beta" }), "/done"); // by the address, which both have verified
    assert.equal((await browser.get("/list-accounts")).json.length, 2);
  },

  async "a user who says no, and a request that the provider refuses"(w) {
    const browser = w.browser();
    assert.match(
      await w.flow(browser, { person: "denied" }),
      /\/error\?error=access_denied&error_description=The\+user\+said\+no$/, // generic OAuth looks at the error before the state
    );
    assert.match(
      await w.flow(browser, {}, (params) => params.set("code_challenge_method", "plain")),
      /\/error\?error=invalid_request&error_description=/,
    );
    assert.equal(await w.flow(browser, { person: "nobody" }), "/failed?error=email_is_missing");
    assert.equal(await browser.user(), null);
  },

  async "wrong and missing state"(w) {
    const browser = w.browser();
    const back = await w.authorize(browser);
    const changed = new URL(back);
    changed.searchParams.set("state", "A".repeat(32));
    assert.match(await finish(browser, changed), /\/error\?error=state_mismatch$/);
    changed.searchParams.delete("state");
    assert.match(await finish(browser, changed), /\/error\?error=state_not_found$/);
    assert.equal(await browser.user(), null);
    assert.equal(await finish(browser, back), "/done");
  },

  async "the state of another browser"(w) {
    for (const tenant of ["main", "sealed"]) {
      const [mallory, victim] = [w.browser(tenant), w.browser(tenant)];
      const back = await w.authorize(mallory, { person: "eve" });
      assert.match(await finish(victim, back), /error=state_mismatch$/);
      await w.authorize(victim); // with a flow of its own under way, too
      assert.match(await finish(victim, back), /error=state_mismatch$/);
      assert.equal(await victim.user(), null);
      assert.equal(await finish(mallory, back), "/done"); // which the other has not used up
    }
  },

  async "a callback twice, also with its cookies"(w) {
    for (const tenant of ["main", "sealed"]) {
      const browser = w.browser(tenant);
      const back = await w.authorize(browser);
      const cookie = browser.jar(back).header();
      assert.equal(await finish(browser, back), "/done");
      const copy = w.browser(tenant);
      const again = await copy.request(back.toString(), { headers: { cookie } });
      assert.match(again.location, /error=state_mismatch$/);
      assert.match(await finish(browser, back), /error=state_mismatch$/);
      assert.equal(await copy.user(), null);
    }
  },

  async "a code twice, and the code of another flow"(w) {
    const browser = w.browser();
    const used = await w.authorize(browser);
    await finish(browser, used);
    const victim = w.browser();
    const [stolen, own] = [await w.authorize(w.browser(), { person: "eve" }), await w.authorize(victim)];
    own.searchParams.set("code", stolen.searchParams.get("code")); // PKCE binds it to the flow that it is from
    assert.equal(await finish(victim, own), "/failed?error=oauth_code_verification_failed");
    const third = await w.authorize(victim);
    third.searchParams.set("code", used.searchParams.get("code"));
    assert.equal(await finish(victim, third), "/failed?error=oauth_code_verification_failed");
    assert.equal(await victim.user(), null);
  },

  async "the state of one provider at another, and another's issuer"(w) {
    const browser = w.browser();
    const back = await w.authorize(browser, { provider: "alpha" });
    const mixed = new URL(back);
    mixed.pathname = mixed.pathname.replace(/alpha$/, "beta");
    assert.match(await finish(browser, mixed), /error=state_mismatch$/);
    const other = await w.authorize(browser, { provider: "alpha" });
    assert.equal(other.searchParams.get("iss"), w.providers.alpha.issuer);
    other.searchParams.set("iss", w.providers.beta.issuer);
    assert.equal(await finish(browser, other), "/failed?error=issuer_mismatch");
    const third = await w.authorize(browser, { provider: "strict" });
    third.searchParams.delete("iss");
    assert.equal(await finish(browser, third), "/failed?error=issuer_missing");
    assert.equal(await browser.user(), null);
  },

  async "the state of one tenant at another"(w) {
    const browser = w.browser("main");
    const back = await w.authorize(browser);
    const cookie = browser.jar(back).header();
    const there = await w.browser("second").request(`${w.url("second")}${back.pathname}${back.search}`, { headers: { cookie } });
    assert.match(there.location, /error=state_mismatch$/);
  },

  async "a wrong nonce"(w) {
    const browser = w.browser();
    assert.equal(
      await w.flow(browser, {}, (params) => params.set("nonce", "another-nonce")),
      "/failed?error=user_info_is_missing",
    );
    assert.equal(
      await w.flow(browser, {}, (params) => params.delete("nonce")),
      "/failed?error=user_info_is_missing",
    );
    assert.equal(await browser.user(), null);
  },

  async "an id token signed by an unknown key, or by another issuer"(w) {
    const browser = w.browser();
    for (const provider of ["wrongkeys", "wrongissuer"]) {
      const back = await w.authorize(browser, { provider });
      back.searchParams.delete("iss");
      assert.equal(await finish(browser, back), "/failed?error=user_info_is_missing", provider);
    }
    assert.equal(await browser.user(), null);
  },

  async "id tokens that an app brings along"(w) {
    const browser = w.browser();
    const url = await w.begin(browser);
    const nonce = url.searchParams.get("nonce");
    await finish(browser, new URL((await browser.visit(url.toString())).back));
    const { idToken: token } = (await browser.post("/get-access-token", { providerId: "alpha" })).json;
    const present = async (idToken, provider = "alpha") => {
      const fresh = w.browser();
      const answer = await fresh.post("/sign-in/social", { provider, idToken });
      return { status: answer.status, code: answer.json?.code, user: await fresh.user() };
    };
    const refused = { status: 401, code: "INVALID_TOKEN", user: null };
    assert.deepEqual(await present({ token, nonce }), { status: 200, code: undefined, user: "ada@example.com" });
    assert.deepEqual(await present({ token, nonce: "another" }), refused);
    assert.deepEqual(await present({ token }, "beta"), refused);
    assert.deepEqual(await present({ token }, "otherclient"), refused);
    const claims = { sub: "ada", email: "ada@example.com", email_verified: true };
    const { privateKey } = await jose.generateKeyPair("RS256");
    const kid = jose.decodeProtectedHeader(token).kid;
    const forge = (alg, key, more = {}) =>
      new jose.SignJWT({ ...claims, ...more })
        .setProtectedHeader({ alg, kid })
        .setIssuer(w.providers.alpha.issuer)
        .setAudience(w.providers.alpha.settings.clientId)
        .setIssuedAt()
        .setExpirationTime("1h")
        .sign(key);
    const jwks = await (await fetch(w.providers.alpha.jwksUrl)).text();
    for (const forged of [
      await forge("RS256", privateKey),
      await forge("HS256", new TextEncoder().encode(jwks)),
      await forge("HS256", new TextEncoder().encode(w.providers.alpha.settings.clientSecret)),
      new jose.UnsecuredJWT(claims).encode(),
      token.slice(0, -8) + "AAAAAAAA",
      "nonsense",
      "",
    ])
      assert.deepEqual(await present({ token: forged }), refused, forged);
  },

  async "redirects to foreign sites"(w) {
    for (const name of ["callbackURL", "errorCallbackURL", "newUserCallbackURL"])
      for (const target of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
        for (const path of ["/sign-in/social", "/sign-in/oauth2"]) {
          const body = { provider: "alpha", providerId: "alpha", callbackURL: "/done", [name]: target };
          const answer = await w.browser().post(path, body);
          assert.equal(answer.status, 403, `${path} ${name} ${target}: ${answer.text}`);
        }
  },

  async "a second factor after the provider"(w) {
    const browser = w.browser("second");
    await signUp(browser, "ada@example.com");
    await browser.post("/send-verification-email", { email: "ada@example.com" });
    await verify(w, browser, "second");
    const enabled = await browser.post("/two-factor/enable", { password: "correct-horse-1" });
    assert.equal(enabled.status, 200, enabled.text);
    const other = w.browser("second");
    assert.equal(await w.flow(other), "/second-factor");
    assert.equal(await other.user(), null);
  },

  async "providers that are not there, or are somebody else"(w) {
    for (const provider of ["dead", "impostor", "inside"]) {
      const answer = await w.browser().post("/sign-in/social", { provider, callbackURL: "/done" });
      assert.equal(answer.json?.code, "INVALID_OAUTH_CONFIGURATION", `${provider}: ${answer.text}`);
    }
  },
};

/** Runs all checks. @returns {Promise<{passed: number, total: number, failures: string[]}>} */
export async function runOidc(store, suffix) {
  const [closed] = await freePorts(1);
  const providers = {};
  const server = await startAuthhost({
    name: `oidc${suffix}`,
    ids: TENANTS,
    store,
    tenants: async (listen) => {
      const callbacks = TENANTS.flatMap((id) => callbacksOf(listen(id)));
      providers.alpha = await startProvider(callbacks);
      providers.beta = await startProvider(callbacks);
      return TENANTS.map((id) => tenantOf(id, listen(id), providers, closed));
    },
  });
  const failures = [];
  try {
    for (const [name, check] of Object.entries(CHECKS)) {
      for (const id of TENANTS) await server.admin.reset(id);
      await check(new World(server, providers)).catch((error) => failures.push(`✗ ${name}: ${error.stack}`));
    }
  } finally {
    await Promise.all([server.stop(), ...Object.values(providers).map((provider) => provider.stop())]);
  }
  const total = Object.keys(CHECKS).length;
  return { passed: total - failures.length, total, failures };
}

/** The redirect URIs of a tenant's providers, on both routes. */
const callbacksOf = (listen) =>
  ["callback", "oauth2/callback"].flatMap((route) =>
    PROVIDERS.map((name) => `http://${listen}/api/auth/${route}/${name}`),
  );

function tenantOf(id, listen, { alpha, beta }, closed) {
  const scope = SCOPES;
  const describe = (provider, more) => ({ ...provider.settings, discoveryUrl: provider.discoveryUrl, scope, ...more });
  const verification = { sendVerificationEmail: true };
  return {
    id,
    listen,
    baseURL: `http://${listen}`,
    secret: `oidc-${id}-Zt5Rw8Yq1Pm4Xn7Lb0Kc3Vd6Jf9Hg2`,
    session: id === "sealed" ? { cookieCache: { enabled: true, strategy: "jwe", refreshCache: true } } : undefined,
    plugins: [
      { id: "email-password", config: { emailVerification: verification } },
      { id: "account" },
      {
        id: "social",
        config: {
          providers: {
            alpha: describe(alpha),
            beta: describe(beta),
            strict: describe(alpha, { requireIssuerValidation: true }),
            wrongkeys: describe(alpha, { jwksUrl: beta.jwksUrl }),
            wrongissuer: describe(alpha, {
              discoveryUrl: undefined,
              authorizationUrl: `${alpha.issuer}/auth`,
              tokenUrl: `${alpha.issuer}/token`,
              jwksUrl: alpha.jwksUrl,
              issuer: "https://issuer.example",
            }),
            otherclient: describe(alpha, { clientId: "another" }),
            impostor: describe(alpha, { issuer: "https://issuer.example" }),
            dead: { clientId: "x", discoveryUrl: `http://127.0.0.1:${closed}/.well-known/openid-configuration` },
            inside: { clientId: "x", discoveryUrl: "http://169.254.169.254/.well-known/openid-configuration" },
          },
          account: {
            accountLinking: id === "loose" ? { requireLocalEmailVerified: false } : undefined,
            storeStateStrategy: id === "sealed" ? "cookie" : undefined,
            storeAccountCookie: id === "sealed" || undefined,
          },
        },
      },
      ...(id === "second" ? [{ id: "two-factor", config: { policy: "all", pageURL: "/second-factor", skipVerificationOnEnable: true } }] : []),
    ],
  };
}
