// Apps made with Expo: their official client against a tenant with the plugin expo, and a real identity provider.
import assert from "node:assert/strict";
import { startAuthhost } from "../lib/authhost.mjs";
import { Browser } from "../oidc/browser.mjs";
import { startProvider } from "../oidc/provider.mjs";
import { clients, SecureStore } from "./client.mjs";

const TENANTS = ["main", "sealed", "off"];
const SCHEME = "myapp://";
const PASSWORD = "correct-horse-1";
const PEOPLE = { email: "kim@example.com", name: "Kim", password: PASSWORD };
const MOST_REDIRECTS = 20;

/** An app on a phone: the client with a store of its own, and the browser that it opens. */
class Phone {
  constructor({ createAuthClient, expoClient, setBrowser }, server, tenant) {
    this.url = server.url(tenant);
    this.store = new SecureStore();
    this.client = createAuthClient({
      baseURL: this.url,
      plugins: [expoClient({ scheme: "myapp", storagePrefix: "better-auth", storage: this.store })],
    });
    this.browser = new Browser(this.url);
    this.person = "ada";
    this.opened = [];
    setBrowser((url, redirect) => this.visit(url, redirect));
  }

  /** What the browser does with a URL that the app opens: it goes where it is sent, until it is sent back to the app. */
  async visit(url, redirect) {
    if (this.cancels) return null;
    for (let i = 0; i < MOST_REDIRECTS; i++) {
      this.opened.push(url);
      const answer = await this.browser.request(url);
      if (!answer.location) return null;
      const next = new URL(answer.location, url);
      if (next.href.startsWith(redirect)) return next.href;
      if (next.pathname === "/auth" && !next.searchParams.has("login_hint")) next.searchParams.set("login_hint", this.person);
      url = next.href;
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects, the last to ${url}`);
  }

  /** The signed-in user's address; null without a session. */
  async user() {
    const { data, error } = await this.client.getSession();
    assert.equal(error, null);
    return data?.user.email ?? null;
  }

  /** A request as the app sends it by itself, with its cookies. */
  async fetch(path, body, headers = {}) {
    const response = await fetch(`${this.url}/api/auth${path}`, {
      method: body ? "POST" : "GET",
      headers: { "content-type": "application/json", cookie: await this.client.getCookie(), ...headers },
      body: body && JSON.stringify(body),
      redirect: "manual",
    });
    const json = await response.json().catch(() => null);
    return { status: response.status, location: response.headers.get("location"), cookies: response.headers.getSetCookie(), json };
  }
}

/** What the button on the page of a mailed link does. */
function confirm(link) {
  const { origin, pathname, searchParams } = new URL(link);
  return fetch(origin + pathname, { method: "POST", headers: { origin }, body: searchParams, redirect: "manual" });
}

const ok = ({ data, error }) => {
  assert.equal(error, null, JSON.stringify(error));
  return data;
};

/** Each check begins with empty tenants. */
const CHECKS = {
  async "sign up, update, sign out, sign in"(w) {
    const phone = w.phone();
    ok(await phone.client.signUp.email(PEOPLE));
    assert.equal(await phone.user(), PEOPLE.email);
    ok(await phone.client.updateUser({ name: "Kim K." })); // with cookies: the origin is asked for
    assert.equal((await phone.client.getSession()).data.user.name, "Kim K.");
    ok(await phone.client.signOut());
    assert.equal(await phone.user(), null);
    ok(await phone.client.signIn.email({ email: PEOPLE.email, password: PASSWORD, callbackURL: "/home" }));
    assert.equal(await phone.user(), PEOPLE.email);
  },

  async "sign in at a provider, through the system's browser"(w) {
    for (const tenant of ["main", "sealed"]) {
      const phone = w.phone(tenant);
      phone.cancels = true; // a sign-in that the user does not go through with
      ok(await phone.client.signIn.social({ provider: "alpha", callbackURL: "/home" }));
      assert.equal(await phone.user(), null);
      phone.cancels = false;
      phone.opened = [];
      ok(await phone.client.signIn.social({ provider: "alpha", callbackURL: "/home", newUserCallbackURL: "/home" }));
      assert.ok(phone.opened[0].includes("/expo-authorization-proxy?authorizationURL="), phone.opened[0]);
      assert.equal(await phone.user(), "ada@example.com", tenant);
      assert.ok(phone.store.cookies().includes("better-auth.session_token"));
      assert.equal(await phone.browser.user(), "ada@example.com", "the browser has its cookies, too");
    }
  },

  async "link an account at a provider"(w) {
    const phone = w.phone();
    ok(await phone.client.signUp.email({ ...PEOPLE, email: "ada@example.com" }));
    await w.verify("main");
    ok(await phone.client.linkSocial({ provider: "alpha", callbackURL: "/home" }));
    const { json } = await phone.fetch("/list-accounts");
    assert.deepEqual(json.map(({ providerId }) => providerId).sort(), ["alpha", "credential"]);
  },

  async "a mailed link leads back to the app, with the session"(w) {
    const phone = w.phone();
    ok(await phone.client.signUp.email({ ...PEOPLE, callbackURL: "/verified" }));
    const link = await w.mailed("main");
    assert.equal(new URL(link).searchParams.get("callbackURL"), `${SCHEME}verified`);
    const end = new URL((await confirm(link)).headers.get("location"));
    assert.match(end.searchParams.get("cookie") ?? "", /better-auth\.session_token=/);
  },

  async "an origin that is not trusted, and requests that name none"(w) {
    const phone = w.phone();
    ok(await phone.client.signUp.email(PEOPLE));
    const change = (headers) => phone.fetch("/update-user", { name: "X" }, headers);
    assert.equal((await change({ "expo-origin": SCHEME })).status, 200);
    for (const headers of [{}, { "expo-origin": "evil://" }, { "expo-origin": "null" }, { "expo-origin": SCHEME, origin: "https://evil.example" }]) {
      const answer = await change(headers);
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.match(answer.json.code, /^(INVALID_ORIGIN|MISSING_OR_NULL_ORIGIN)$/);
    }
  },

  async "the header means nothing where it is turned off"(w) {
    const phone = w.phone("off");
    assert.equal((await phone.client.signUp.email(PEOPLE)).error.code, "MISSING_OR_NULL_ORIGIN");
    const signedUp = await phone.fetch("/sign-up/email", PEOPLE, { origin: phone.url });
    assert.equal(signedUp.status, 200);
    const cookie = signedUp.cookies.map((line) => line.split(";")[0]).join("; ");
    assert.equal((await phone.fetch("/update-user", { name: "X" }, { "expo-origin": SCHEME, cookie })).status, 403);
  },

  async "Expo Go is trusted in development"(w) {
    const phone = w.phone();
    ok(await phone.client.signUp.email(PEOPLE));
    assert.equal((await phone.fetch("/update-user", { name: "X" }, { "expo-origin": "exp://192.168.1.7:8081" })).status, 200);
  },

  async "cookies go to the app alone"(w) {
    const phone = w.phone();
    const web = new Browser(phone.url);
    const begun = await web.post("/sign-in/social", { provider: "alpha", callbackURL: `${phone.url}/done` });
    const url = new URL(begun.json.url);
    url.searchParams.set("login_hint", "ada");
    const { back } = await web.visit(url.href);
    const end = await web.request(back);
    assert.equal(end.location, `${phone.url}/done`);
  },

  async "the proxy sends browsers to the provider of a sign-in under way, and nowhere else"(w) {
    const phone = w.phone();
    const { json } = await phone.fetch("/sign-in/social", { provider: "alpha", callbackURL: `${SCHEME}home` }, { "expo-origin": SCHEME });
    const proxy = (url, query = "") => phone.fetch(`/expo-authorization-proxy?authorizationURL=${encodeURIComponent(url)}${query}`);
    const { search } = new URL(json.url);
    assert.equal((await proxy(json.url)).location, json.url);
    for (const [url, message] of [
      [`https://evil.example/auth${search}`, "Invalid authorizationURL"],
      [`${json.url}#x`, "Invalid authorizationURL"],
      [json.url.replace(/state=[^&]+/, "state=unknown"), "Invalid authorizationURL"],
      [json.url.replace(/state=[^&]+&/, ""), "Unexpected error"],
      [`${phone.url}/auth${search}`, "Invalid authorizationURL"],
      ["javascript:alert(1)", "Invalid authorizationURL"],
      ["x", "Invalid authorizationURL"],
    ]) {
      const answer = await proxy(url);
      assert.deepEqual([answer.status, answer.json?.message], [400, message], url);
    }
    assert.equal((await phone.fetch("/expo-authorization-proxy")).status, 400);
  },
};

/** Runs all checks with both versions of the client. @returns {Promise<{passed: number, total: number, failures: string[]}>} */
export async function runExpo(store, suffix) {
  let provider;
  const server = await startAuthhost({
    name: `expo${suffix}`,
    ids: TENANTS,
    store,
    tenants: async (listen) => {
      const callback = (id) => ["callback", "oauth2/callback"].map((route) => `http://${listen(id)}/api/auth/${route}/alpha`);
      provider = await startProvider(TENANTS.flatMap(callback));
      return TENANTS.map((id) => tenantOf(id, listen(id), provider));
    },
  });
  const mailed = async (tenant) => (await server.admin.outbox(tenant)).at(-1).url;
  const verify = async (tenant) => {
    const { status } = await confirm(await mailed(tenant));
    assert.equal(status, 302);
  };
  const failures = [];
  const all = await clients();
  try {
    for (const [version, client] of all) {
      for (const [name, check] of Object.entries(CHECKS)) {
        for (const id of TENANTS) await server.admin.reset(id);
        const world = { mailed, verify, phone: (tenant = "main") => new Phone(client, server, tenant) };
        await check(world).catch((error) => failures.push(`✗ ${name}, client ${version}: ${error.stack}`));
      }
    }
  } finally {
    await Promise.all([server.stop(), provider.stop()]);
  }
  const total = Object.keys(CHECKS).length * all.length;
  return { passed: total - failures.length, total, failures };
}

function tenantOf(id, listen, provider) {
  return {
    id,
    listen,
    baseURL: `http://${listen}`,
    secret: `expo-${id}-Nq3Xw7Zp2Lk9Vb5Hc8Rd1Tf6Jm4Ys0Ga`,
    trustedOrigins: [SCHEME],
    plugins: [
      {
        id: "email-password",
        config: { emailVerification: { sendVerificationEmail: true, sendOnSignUp: true, autoSignInAfterVerification: true } },
      },
      { id: "account" },
      {
        id: "social",
        config: {
          providers: { alpha: { ...provider.settings, discoveryUrl: provider.discoveryUrl, scope: ["openid", "email", "profile"] } },
          account: id === "sealed" ? { storeStateStrategy: "cookie" } : undefined,
        },
      },
      { id: "expo", config: id === "off" ? { disableOriginOverride: true } : undefined },
    ],
  };
}
