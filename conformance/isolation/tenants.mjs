// Three tenants of one server that share nothing but the process: found by host, by path prefix, and by listener.
import { startAuthhost } from "../lib/authhost.mjs";
import { headersOf, rawRequest } from "../lib/http.mjs";
import { Jar } from "../lib/cookies.mjs";

const EMAIL = "alice@example.com"; // The same address everywhere, with another password.
const emailPassword = (config) => ({
  id: "email-password",
  config: { enabled: true, sendResetPassword: true, ...config },
});
const verification = { emailVerification: { sendVerificationEmail: true } };

/** The tenants: how they are configured, and how a request reaches them. */
const TENANTS = {
  one: {
    host: "one.example.test",
    secret: "isolation-one-Kx8Tq2Lw9Rz4Vb7Nm1Pc6Yd3Fh5Jg0Sa",
    plugins: [
      emailPassword(verification),
      { id: "convex", config: { issuer: "https://one.convex.site", algorithm: "RS256" } },
    ],
  },
  two: {
    host: "two.example.test",
    pathPrefix: "/t/two",
    secret: "isolation-two-Wm3Zr7Xc1Vq9Bn5Lk2Jh8Gf4Ds6Ap0Oi",
    plugins: [emailPassword({ ...verification, minPasswordLength: 10 })],
  },
  three: {
    host: "three.example.test",
    ownListener: true,
    secret: "isolation-three-Qa5Ws9Ed2Rf6Tg1Yh8Uj3Ik7Ol4Pz0",
    plugins: [
      emailPassword(verification),
      { id: "convex", config: { issuer: "https://three.convex.site", algorithm: "ES256" } },
    ],
  },
};

/** One tenant with a signed-in user, and all credentials that it ever gave out. */
export class Realm {
  constructor(id, server) {
    Object.assign(this, TENANTS[id], { id, server, email: EMAIL, password: `password-of-${id}` });
    this.baseUrl = this.ownListener ? server.url(id) : server.main;
  }

  /** Sends a request to this tenant; `path` is below its base path unless it is `absolute`. */
  send({ method, path, absolute = false, headers = {}, body }) {
    const full = (this.pathPrefix ?? "") + (absolute ? path : `/api/auth${path}`);
    const origin = method === "GET" ? {} : { origin: `http://${this.host}` };
    const type = body === undefined ? {} : { "content-type": "application/json" };
    return rawRequest({
      baseUrl: this.baseUrl,
      method,
      path: full,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { host: this.host, ...origin, ...type, ...headers },
    });
  }

  /** Signs a user up and collects every kind of credential. */
  async enroll() {
    const { email, password } = this;
    const response = await this.#expect(200, {
      method: "POST",
      path: "/sign-up/email",
      body: { name: `Alice of ${this.id}`, email, password },
    });
    const jar = new Jar();
    jar.absorb(headersOf(response, "set-cookie"));
    const { token, user } = JSON.parse(response.body);
    await this.#expect(200, { method: "POST", path: "/request-password-reset", body: { email, redirectTo: "/reset" } });
    await this.#expect(200, {
      method: "POST",
      path: "/send-verification-email",
      body: { email },
      headers: { cookie: jar.header() },
    });
    const mails = await this.server.admin.outbox(this.id);
    const mailed = (template) => mails.filter((mail) => mail.template === template).at(-1).token;
    this.user = user;
    this.credentials = {
      sessionToken: token,
      signedToken: jar.get("better-auth.session_token"),
      resetToken: mailed("reset-password"),
      verificationToken: mailed("verify-email"),
      convexToken: jar.get("better-auth.convex_jwt"),
      password,
    };
  }

  /** Throws unless every credential still works here; so the other tenants neither used nor harmed them. */
  async checkAlive() {
    const { signedToken, resetToken, verificationToken, convexToken } = this.credentials;
    const cookie = `better-auth.session_token=${encodeURIComponent(signedToken)}`;
    const session = JSON.parse(
      (await this.#expect(200, { method: "GET", path: "/get-session", headers: { cookie } })).body,
    );
    if (session?.user.id !== this.user.id) throw new Error(`${this.id}: the session is gone`);
    if (session.user.emailVerified) throw new Error(`${this.id}: somebody verified the address`);
    if (convexToken) await this.#expect(200, { method: "GET", path: "/convex/token", headers: { cookie } });
    await this.#expect(200, {
      method: "POST",
      path: "/sign-in/email",
      body: { email: this.email, password: this.password },
    });
    await this.#expect(200, { method: "POST", path: "/verify-email", body: { token: verificationToken } });
    await this.#expect(200, {
      method: "POST",
      path: "/reset-password",
      body: { token: resetToken, newPassword: "password-after-reset" },
    });
  }

  async #expect(status, request) {
    const response = await this.send(request);
    if (response.status !== status)
      throw new Error(`${this.id}: ${request.method} ${request.path} answers ${response.status} ${response.body}`);
    return response;
  }
}

/** Starts a server with the three tenants and enrolls a user in each. */
export async function startRealms(store, suffix) {
  const tenants = (listen) =>
    Object.entries(TENANTS).map(([id, { host, pathPrefix, ownListener, secret, plugins }]) => ({
      id,
      secret,
      plugins,
      baseURL: `http://${host}${pathPrefix ?? ""}`,
      hosts: [host],
      ...(pathPrefix ? { pathPrefix } : {}),
      ...(ownListener ? { listen: listen(id) } : {}),
    }));
  const ids = Object.keys(TENANTS).filter((id) => TENANTS[id].ownListener);
  const server = await startAuthhost({ name: `isolation${suffix}`, ids, tenants, store });
  const realms = Object.keys(TENANTS).map((id) => new Realm(id, server));
  try {
    await Promise.all(realms.map((realm) => realm.enroll()));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { server, realms };
}
