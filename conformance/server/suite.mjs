// Servers of an application call authhost: the functions that docs/convex.md shows, run as a deployment runs them, and the key
// set that a deployment is given as a file.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ConvexValidator } from "../convex/validator.mjs";
import { BINARY, startAuthhost } from "../lib/authhost.mjs";
import { temporaryFolder } from "../lib/process.mjs";
import { importSnippet } from "./snippets.mjs";

const run = promisify(execFile);
const ISSUER = "https://happy-animal-123.convex.site";
const PASSWORD = "correct-horse-1";
const ID = "acme";

const tenant = (keyHash) => (listen) => [
  {
    id: ID,
    listen: listen(ID),
    baseURL: `http://${listen(ID)}`,
    secret: "servercalls-Vb7Qx4Zm1Lc8Rf3Jp6Gs9Hn5Tw2Kd",
    serviceKeys: [{ id: "deployment", keyHash, scopes: SCOPES }],
    plugins: [
      { id: "email-password" },
      { id: "account" },
      { id: "two-factor", config: { skipVerificationOnEnable: true } },
      { id: "server" },
      { id: "jwt" },
      { id: "convex", config: { issuer: ISSUER, tokenScopes: ["/get-session", "/list-sessions", "/change-password"] } },
    ],
  },
];

// As in docs/convex.md, and those of the plugin jwt.
const SCOPES = [
  "/get-session",
  "/list-sessions",
  "/revoke-other-sessions",
  "/change-password",
  "/update-user",
  "/two-factor/view-backup-codes",
  "/server/*",
  "/sign-jwt",
  "/verify-jwt",
];

const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** A client with a session token; no cookies. */
class Client {
  constructor(url) {
    this.url = url;
  }

  async send(path, body, headers = {}) {
    const response = await fetch(`${this.url}/api/auth${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...(body !== undefined && { "content-type": "application/json", origin: this.url }),
        ...(this.session && { authorization: `Bearer ${this.session}` }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, answer: text ? JSON.parse(text) : undefined };
  }

  async sign(path, body) {
    const { status, answer } = await this.send(path, body);
    assert.equal(status, 200, JSON.stringify(answer));
    this.session = answer.token;
    this.user = answer.user;
    return this;
  }

  async token() {
    return (await this.send("/convex/token")).answer.token;
  }

  /** What a function of the deployment gets to see of this client. */
  async context() {
    const { sub, ...claims } = claimsOf(await this.token());
    return { auth: { getUserIdentity: async () => ({ subject: sub, ...claims }) } };
  }
}

const refused = (code) => (error) => error.data?.code === code;

/** Every step is one statement of docs/convex.md, or of its table. */
const STEPS = {
  "getCurrentUser and getAuthUser": async ({ users, ada, nobody }) => {
    assert.equal((await users.getCurrentUser.handler(await ada.context())).email, "ada@example.com");
    assert.equal(await users.getCurrentUser.handler(nobody), null);
    assert.equal((await users.getAuthUser.handler(await ada.context())).id, ada.user.id);
    await assert.rejects(users.getAuthUser.handler(nobody), { data: "Unauthenticated" });
  },
  "getSession shows the session without its token": async ({ users, ada, nobody }) => {
    const { session, user } = await users.getSession.handler(await ada.context());
    assert.equal(user.email, "ada@example.com");
    assert.equal(session.token, undefined);
    assert.ok(!JSON.stringify(session).includes(ada.session));
    await assert.rejects(users.getSession.handler(nobody), refused("UNAUTHENTICATED"));
  },
  "listSessions and revokeOtherSessions": async ({ users, ada, url }) => {
    const other = await new Client(url).sign("/sign-in/email", { email: "ada@example.com", password: PASSWORD });
    assert.equal((await users.listSessions.handler(await ada.context())).length, 2);
    await users.revokeOtherSessions.handler(await ada.context());
    assert.equal((await other.send("/list-sessions")).status, 401);
    assert.equal((await users.listSessions.handler(await ada.context())).length, 1);
  },
  "updateUserPassword": async ({ users, ada, url }) => {
    const change = async (currentPassword, newPassword) =>
      users.updateUserPassword.handler(await ada.context(), { currentPassword, newPassword });
    await assert.rejects(change("wrong", "another-horse-2"), refused("INVALID_PASSWORD"));
    await change(PASSWORD, "another-horse-2");
    assert.equal((await ada.send("/list-sessions")).status, 200);
    await new Client(url).sign("/sign-in/email", { email: "ada@example.com", password: "another-horse-2" });
    await change("another-horse-2", PASSWORD);
  },
  "updateUser": async ({ authhost, users, ada }) => {
    await authhost(await ada.context(), "/update-user", { name: "Countess" });
    assert.equal((await users.getCurrentUser.handler(await ada.context())).name, "Countess");
  },
  "getBackupCodes": async ({ users, ada, url }) => {
    const eve = await new Client(url).sign("/sign-up/email", { name: "Eve", email: "eve@example.com", password: PASSWORD });
    const { answer } = await eve.send("/two-factor/enable", { password: PASSWORD });
    assert.deepEqual(await users.getBackupCodes.handler({}, { userId: eve.user.id }), answer.backupCodes);
    await assert.rejects(users.getBackupCodes.handler({}, { userId: ada.user.id }), refused("BACKUP_CODES_NOT_ENABLED"));
    assert.equal((await ada.send("/two-factor/view-backup-codes", { userId: eve.user.id })).status, 404);
  },
  "setPassword, revokeSession and what is said of users": async ({ authhost, users, ada, url }) => {
    const bob = await new Client(url).sign("/sign-up/email", { name: "Bob", email: "bob@example.com", password: PASSWORD });
    const { sessionId } = claimsOf(await bob.token());
    await assert.rejects(authhost(null, "/server/revoke-session", { userId: ada.user.id, sessionId }), refused("SESSION_NOT_FOUND"));
    await authhost(null, "/server/revoke-session", { userId: bob.user.id, sessionId });
    assert.equal((await bob.send("/list-sessions")).status, 401);
    await authhost(null, "/server/set-password", { userId: bob.user.id, newPassword: "another-horse-3" });
    await bob.sign("/sign-in/email", { email: "bob@example.com", password: "another-horse-3" });
    assert.equal((await users.getAnyUser.handler({}, { userId: bob.user.id })).email, "bob@example.com");
    await users.deleteUser.handler({}, { userId: bob.user.id });
    await assert.rejects(users.getAnyUser.handler({}, { userId: bob.user.id }), refused("USER_NOT_FOUND"));
  },
  "signJWT and verifyJWT": async ({ authhost }) => {
    const { token } = await authhost(null, "/sign-jwt", { payload: { sub: "job-1", scope: "reports" } });
    assert.equal((await authhost(null, "/verify-jwt", { token })).payload.scope, "reports");
    assert.equal((await authhost(null, "/verify-jwt", { token: `${token}x` })).payload, null);
  },
  "the user's own token": async ({ asUser, ada, url }) => {
    const token = await ada.token();
    assert.equal((await asUser(token, "/get-session")).answer.user.email, "ada@example.com");
    assert.equal((await asUser(token, "/list-sessions")).answer[0].token, undefined);
    assert.equal((await asUser(token, "/update-user", { name: "X" })).status, 401);
    const short = await new Client(url).sign("/sign-in/email", { email: "ada@example.com", password: PASSWORD });
    const revoked = await short.token();
    await short.send("/sign-out", {});
    assert.equal((await asUser(revoked, "/list-sessions")).status, 401);
  },
  "static keys": async ({ server, ada, getAuthConfigProvider }) => {
    const keys = async (...args) => (await run(BINARY, ["keys", ...args, "--tenant", ID, ...server.admin.flags])).stdout;
    await keys("rotate");
    for (const provider of [
      getAuthConfigProvider({ jwks: await keys("export", "--format", "convex-jwks") }),
      {
        type: "customJwt",
        issuer: ISSUER,
        applicationID: "convex",
        algorithm: "RS256",
        jwks: `data:text/plain;charset=utf-8;base64,${btoa(await keys("export", "--format", "jwks"))}`,
      },
    ]) {
      assert.match(provider.jwks, /^data:text\/plain;charset=utf-8;base64,/);
      const body = Buffer.from(provider.jwks.split(",")[1], "base64").toString();
      assert.equal(JSON.parse(body).keys.length, 2);
      assert.ok(!/"(d|p|q|privateKey)"/.test(body));
      const headers = { "content-type": "application/json" };
      const deployment = new ConvexValidator(provider, { fetch: async () => ({ status: 200, headers, body }) });
      assert.equal((await deployment.validate(await ada.token())).subject, ada.user.id);
    }
  },
};

/** Runs the suite on one store. @returns {Promise<{passed: number, total: number, failures: string[]}>} */
export async function runServerCalls(store, suffix) {
  const { stdout } = await run(BINARY, ["keys", "new-service-key"]);
  const [, key, keyHash] = /^key: +(\S+)\nkeyHash: (\S+)$/m.exec(stdout);
  const server = await startAuthhost({ name: `server${suffix}`, ids: [ID], tenants: tenant(keyHash), store });
  const failures = [];
  try {
    const url = server.url(ID);
    Object.assign(process.env, { AUTHHOST_URL: url, AUTHHOST_SERVICE_KEY: key, CONVEX_SITE_URL: ISSUER });
    const folder = temporaryFolder("snippets");
    const users = await importSnippet(folder, "convex/users.ts");
    const { authhost } = await importSnippet(folder, "convex/authhost.ts");
    const { asUser } = await importSnippet(folder, "app/auth-calls.ts");
    const { getAuthConfigProvider } = await import("@convex-dev/better-auth/auth-config");
    const ada = await new Client(url).sign("/sign-up/email", { name: "Ada", email: "ada@example.com", password: PASSWORD });
    const nobody = { auth: { getUserIdentity: async () => null } };
    for (const [name, step] of Object.entries(STEPS)) {
      await step({ server, url, users, authhost, asUser, ada, nobody, getAuthConfigProvider }).catch((error) =>
        failures.push(`✗ ${name}: ${error.stack}`),
      );
    }
    if (server.output().includes(key)) failures.push("✗ the server's output has the service key");
  } finally {
    await server.stop();
  }
  const total = Object.keys(STEPS).length + 1; // and the server's output
  return { passed: total - failures.length, total, failures };
}
