// A user database moves: made by Better Auth on PostgreSQL, imported with the command, used through authhost.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createLocalJWKSet, jwtVerify } from "jose";
import { BINARY, startAuthhost } from "../lib/authhost.mjs";
import { startPostgres } from "../lib/postgres.mjs";
import { Browser, totp } from "./browser.mjs";
import { Application, SECRET, VARIANTS } from "./source.mjs";

const TENANT = "moved";
const PASSWORD = "correct-horse-1";

/** Runs `authhost import better-auth`. */
function importUsers(config, app, variant, ...flags) {
  const args = [
    "import",
    "better-auth",
    "--config",
    config,
    "--tenant",
    TENANT,
    "--from",
    "env:SOURCE",
    ...variant.flags,
    ...flags,
  ];
  return new Promise((resolve) => {
    execFile(BINARY, args, { env: { ...process.env, SOURCE: app.database } }, (error, stdout, stderr) =>
      resolve({ status: error ? error.code : 0, stdout, stderr }),
    );
  });
}

/** The tenant that takes the users: the secret and the settings of the application. */
const tenant = (app, variant, listen) => ({
  id: TENANT,
  listen,
  baseURL: app.baseURL,
  secret: SECRET,
  user: {
    additionalFields: [
      { name: "plan", type: "string" },
      { name: "seats", type: "number" },
    ],
  },
  plugins: [
    { id: "email-password", config: { sendResetPassword: true, emailVerification: { sendVerificationEmail: true } } },
    { id: "two-factor" },
    { id: variant.keys.id, config: variant.keys.config },
  ],
});

/** What happens at the old server before the move. */
async function live(app) {
  const people = {};
  for (const [name, more] of Object.entries({ ada: { plan: "pro", seats: 3 }, bob: {}, cyd: {}, dan: {}, eve: {} })) {
    people[name] = new Browser(app.baseURL);
    await people[name].must("POST", "/sign-up/email", {
      name,
      email: `${name}@example.com`,
      password: PASSWORD,
      ...more,
    });
  }
  const factor = await people.bob.must("POST", "/two-factor/enable", { password: PASSWORD });
  await people.bob.must("POST", "/two-factor/verify-totp", { code: totp(factor.totpURI) });
  await people.cyd.must("POST", "/request-password-reset", { email: "cyd@example.com", redirectTo: "/reset" });
  await people.dan.must("POST", "/send-verification-email", { email: "dan@example.com" });
  const { token } = await people.ada.must("GET", "/token");
  const phone = new Browser(app.baseURL);
  await phone.must("POST", "/sign-in/email", { email: "eve@example.com", password: PASSWORD });
  return {
    people,
    factor,
    phone,
    jwt: token,
    reset: app.mails.reset.token,
    verification: app.mails.verification.token,
    session: await people.ada.must("GET", "/get-session"),
    sessions: await people.eve.must("GET", "/list-sessions"),
  };
}

/** The move itself, with a rehearsal and what happens in between. */
async function move(config, app, variant, before, step) {
  const run = (...flags) => importUsers(config, app, variant, ...flags);
  await step("a dry run finds no problem and writes nothing", async () => {
    for (let i = 0; i < 2; i++) {
      const { status, stdout, stderr } = await run("--dry-run");
      assert.equal(status, 0, stdout + stderr);
      assert.match(stdout, /^no problems; 1\d record\(s\) would be written$/m);
    }
  });
  await step("a column without a field is a problem, with the configuration that solves it", async () => {
    await app.query(`ALTER TABLE ${variant === VARIANTS[0] ? '"user"' : "users"} ADD nick text DEFAULT 'n'`);
    const { status, stdout } = await run();
    assert.equal(status, 2);
    assert.match(stdout, /- \{ name: nick, type: string \}/);
  });
  await step("the import", async () => {
    const { status, stdout, stderr } = await run("--ignore", "user.nick");
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^1\d record\(s\) written, 1\d of them read back$/m);
  });
  await step("a second run has nothing to do", async () => {
    const { status, stdout } = await run("--ignore", "user.nick");
    assert.equal(status, 0);
    assert.match(stdout, /^nothing new/m);
  });
  await step("a last run follows what has changed and what has ended", async () => {
    await before.phone.must("POST", "/sign-out");
    const fay = new Browser(app.baseURL);
    await fay.must("POST", "/sign-up/email", { name: "fay", email: "fay@example.com", password: PASSWORD });
    await before.people.eve.must("POST", "/update-user", { name: "Eve L." });
    const { status, stdout, stderr } = await run("--ignore", "user.nick", "--prune");
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^4 record\(s\) written/m);
  });
  await step("another secret is found out", async () => {
    const { status, stdout } = await run("--ignore", "user.nick", "--config", await wrongSecret(config));
    assert.equal(status, 2, stdout);
    assert.match(stdout, /cannot be decrypted with the tenant's secret/);
  });
}

/** A configuration with another secret. */
async function wrongSecret(config) {
  const { readFile, writeFile } = await import("node:fs/promises");
  const other = config.replace(/\.yaml$/, ".other.yaml");
  await writeFile(other, (await readFile(config, "utf8")).replace(SECRET, SECRET.toLowerCase()));
  return other;
}

/** What users find at the new server. */
async function arrive(url, app, variant, before, step) {
  const { people, factor } = before;
  await step("the old cookie is the same session of the same user", async () => {
    const { session, user } = before.session;
    assert.deepEqual(await people.ada.at(url).must("GET", "/get-session"), {
      session,
      user: { ...user, ...variant.added },
    });
  });
  await step("a session that ended meanwhile has ended", async () => {
    assert.equal((await people.eve.at(url).must("GET", "/list-sessions")).length, before.sessions.length - 1);
    assert.equal(await before.phone.at(url).must("GET", "/get-session"), "null");
  });
  await step("the old password signs in, a wrong one does not", async () => {
    const browser = new Browser(url, app.baseURL);
    const wrong = await browser.post("/sign-in/email", { email: "ada@example.com", password: "wrong-horse-1" });
    assert.equal(wrong.status, 401);
    const { user } = await browser.must("POST", "/sign-in/email", { email: "ADA@example.com", password: PASSWORD });
    assert.deepEqual(user, { ...before.session.user, ...variant.added });
  });
  await step("who joined and what changed in between is there", async () => {
    await new Browser(url, app.baseURL).must("POST", "/sign-in/email", {
      email: "fay@example.com",
      password: PASSWORD,
    });
    assert.equal((await people.eve.at(url).must("GET", "/get-session")).user.name, "Eve L.");
  });
  await step("the second factor is asked for, and the authenticator app's code is right", async () => {
    const browser = new Browser(url, app.baseURL);
    const { twoFactorRedirect } = await browser.must("POST", "/sign-in/email", {
      email: "bob@example.com",
      password: PASSWORD,
    });
    assert.equal(twoFactorRedirect, true);
    assert.equal((await browser.post("/two-factor/verify-totp", { code: "000000" })).status, 401);
    const { user } = await browser.must("POST", "/two-factor/verify-totp", { code: totp(factor.totpURI) });
    assert.equal(user.email, "bob@example.com");
  });
  await step("a backup code is good, once", async () => {
    for (const status of [200, 401]) {
      const browser = new Browser(url, app.baseURL);
      await browser.must("POST", "/sign-in/email", { email: "bob@example.com", password: PASSWORD });
      const answer = await browser.post("/two-factor/verify-backup-code", { code: factor.backupCodes[0] });
      assert.equal(answer.status, status, JSON.stringify(answer.body));
    }
  });
  await step("the link of a reset mail is good", async () => {
    const browser = new Browser(url, app.baseURL);
    await browser.must("POST", "/reset-password", { token: before.reset, newPassword: "another-horse-2" });
    await browser.must("POST", "/sign-in/email", { email: "cyd@example.com", password: "another-horse-2" });
  });
  // It names an address and no user, so that whoever gets that address would be verified by it.
  await step("the link of a verification mail is refused", async () => {
    const answer = await new Browser(url, app.baseURL).get(`/verify-email?token=${before.verification}`);
    assert.equal(answer.status, 401, JSON.stringify(answer.body));
    assert.equal((await people.dan.at(url).must("GET", "/get-session")).user.emailVerified, false);
  });
  await step("old tokens verify with the key set, which has the old key", async () => {
    const jwks = await new Browser(url, app.baseURL).must("GET", variant.keys.jwks);
    const { payload } = await jwtVerify(before.jwt, createLocalJWKSet(jwks));
    assert.equal(payload.sub, before.session.user.id);
  });
  await step("the old server still knows its users: rolling back loses nothing", async () => {
    assert.equal((await people.ada.must("GET", "/get-session")).session.token, before.session.session.token);
  });
}

/**
 * Moves the users of each variant into a tenant.
 *
 * @returns {Promise<{passed: number, total: number, failures: string[]}>}
 */
export async function runImport(store, suffix) {
  const result = { passed: 0, total: 0, failures: [] };
  const source = await startPostgres();
  try {
    for (const [i, variant] of VARIANTS.entries())
      await runVariant({ source, store, suffix: `${suffix}_${i}`, variant, result });
  } finally {
    await source.stop();
  }
  return result;
}

async function runVariant({ source, store, suffix, variant, result }) {
  const step = async (title, run) => {
    result.total++;
    await run().then(
      () => result.passed++,
      (error) => result.failures.push(`✗ import, ${variant.name}: ${title}\n    ${error.stack}`),
    );
  };
  const app = await Application.start({ url: source.url, name: `app${suffix}`, variant });
  try {
    const before = await live(app);
    const server = await startAuthhost({
      name: `import${suffix}`,
      ids: [TENANT],
      tenants: (listen) => [tenant(app, variant, listen(TENANT))],
      store: await databaseOf(store, suffix),
      before: (config) => move(config, app, variant, before, step),
    });
    await arrive(server.url(TENANT), app, variant, before, step).finally(() => server.stop());
  } finally {
    await app.stop();
  }
}

/** A database for each variant: they all have a tenant of the same name. */
async function databaseOf(store, suffix) {
  if (store.driver !== "postgres") return store;
  const { default: pg } = await import("pg");
  const admin = new pg.Client(store.postgres.url);
  await admin.connect();
  await admin.query(`CREATE DATABASE "import${suffix}"`);
  await admin.end();
  return { ...store, postgres: { url: store.postgres.url.replace(/\/\w+\?/, `/import${suffix}?`) } };
}
