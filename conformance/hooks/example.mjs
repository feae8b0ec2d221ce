// The functions of docs/convex.md, as they stand there, in the stand-in for a deployment.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { anyApi as api } from "convex/server";
import { Webhook } from "standardwebhooks";
import { startDeployment } from "../convex/deployment/server.mjs";
import { ROOT, startAuthhost } from "../lib/authhost.mjs";
import { eventually, freePorts, temporaryFolder } from "../lib/process.mjs";
import { signUp } from "./people.mjs";

const SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SHOWN = ["schema.ts", "http.ts", "authUsers.ts"];
const ISSUER = "https://example.convex.site";

/** What the Convex CLI generates, and what the page has nothing of: the auth config of the stand-in, and a way to look. */
const BESIDE = {
  "_generated/server.js": `export {
    httpActionGeneric as httpAction, internalMutationGeneric as internalMutation, internalQueryGeneric as internalQuery,
    mutationGeneric as mutation, queryGeneric as query,
  } from "convex/server";`,
  "_generated/api.js": `import { anyApi } from "convex/server"; export const internal = anyApi; export const api = anyApi;`,
  "auth.config.js": `export default { providers: [{
    type: "customJwt", applicationID: "convex", issuer: process.env.ISSUER, jwks: process.env.JWKS_URL, algorithm: "RS256",
  }] };`,
  "look.js": `import { mutation, query } from "./_generated/server";
    export const users = query({ args: {}, handler: (ctx) => ctx.db.query("users").collect() });
    export const events = query({ args: {}, handler: (ctx) => ctx.db.query("authEvents").collect() });
    export const add = mutation({ handler: (ctx, { email }) => ctx.db.insert("users", { email }) });`,
};

/** A folder with the code blocks of the page that name a file. */
function functions() {
  const folder = temporaryFolder("functions");
  const page = readFileSync(path.join(ROOT, "docs", "convex.md"), "utf8");
  const files = { ...BESIDE };
  for (const [, name, code] of page.matchAll(/```ts\n\/\/ convex\/([\w.]+)\n([\s\S]*?)```/g))
    if (SHOWN.includes(name)) files[name] = code;
  for (const name of SHOWN) assert.ok(files[name], `the page has no ${name}`);
  mkdirSync(path.join(folder, "convex", "_generated"), { recursive: true });
  for (const [name, code] of Object.entries(files)) writeFileSync(path.join(folder, "convex", name), code);
  symlinkSync(path.join(ROOT, "conformance", "node_modules"), path.join(folder, "node_modules"));
  return path.join(folder, "convex");
}

const tenant = (siteUrl) => (listen) => [
  {
    id: "page",
    listen: listen("page"),
    baseURL: `http://${listen("page")}`,
    secret: "example-Zt5Rw8Yq1Pm4Xn7Lb0Kc3Vd6Jf9Hg2Sa",
    user: { additionalFields: [{ name: "userId", input: false }] },
    plugins: [
      { id: "email-password" },
      { id: "account", config: { deleteUser: { enabled: true } } },
      { id: "convex", config: { issuer: ISSUER, subject: "userId" } },
      {
        id: "webhooks",
        config: {
          checks: { app: { url: `${siteUrl}/auth/check`, secrets: [SECRET], events: ["user.creating"], fields: ["userId"] } },
          endpoints: {
            app: { url: `${siteUrl}/auth/events`, secrets: [SECRET], events: ["user.created", "user.updated", "user.deleted"] },
          },
        },
      },
    ],
  },
];

/** Posts an event as the server would. */
async function post(siteUrl, id, data, secret = SECRET) {
  const now = new Date();
  const body = JSON.stringify({ type: "user.updated", timestamp: now.toISOString(), data });
  const response = await fetch(`${siteUrl}/auth/events`, {
    method: "POST",
    body,
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now / 1000)),
      "webhook-signature": new Webhook(secret).sign(id, now, body),
    },
  });
  return response.status;
}

async function life(server, app, step) {
  const look = new ConvexHttpClient(app.url, { logger: false });
  const users = () => look.query(api.look.users);
  const until = (check) => eventually(async () => check(await users()), { timeout: 30_000, interval: 100, onTimeout: () => new Error("the table did not follow") });
  const url = server.url("page");
  let ada;
  await step("docs/convex.md: a new user has a row, and its id is the subject of the token", async () => {
    ada = await signUp(url, "ada@example.com", "Ada");
    assert.equal(ada.error, null);
    const [row] = await until((rows) => rows[0]?.authVersion && rows);
    assert.deepEqual([row.email, row.name, row.authId, row.asked], ["ada@example.com", "Ada", ada.data.user.id, undefined]);
    const mine = new ConvexHttpClient(app.url, { auth: (await ada.client.convex.token()).data.token, logger: false });
    assert.equal((await mine.query(api.authUsers.me))._id, row._id);
  });
  await step("docs/convex.md: a user that the app has already is not taken over by an address that nobody has verified", async () => {
    await look.mutation(api.look.add, { email: "old@example.com" });
    const { error } = await signUp(url, "old@example.com");
    assert.deepEqual([error.status, error.code], [403, "EMAIL_NOT_VERIFIED"]);
  });
  await step("docs/convex.md: changes follow; what is old, seen or not signed changes nothing", async () => {
    await ada.client.updateUser({ name: "Ada II" });
    const [row] = await until((rows) => rows[0].name === "Ada II" && rows);
    const document = { _id: row.authId, userId: row._id, email: row.email, name: "Somebody" };
    assert.equal(await post(app.siteUrl, "late", { document, version: 1 }), 204);
    assert.equal(await post(app.siteUrl, (await look.query(api.look.events))[0].eventId, { document, version: 99 }), 204);
    assert.equal(await post(app.siteUrl, "forged", { document, version: 99 }, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 401);
    assert.equal((await users())[0].name, "Ada II");
  });
  await step("docs/convex.md: a user who is deleted leaves the table", async () => {
    await ada.client.deleteUser({ password: "correct-horse-1" });
    await until((rows) => rows.every(({ email }) => email !== "ada@example.com"));
  });
}

export async function example(store, suffix, step) {
  const [sitePort] = await freePorts(1);
  let app;
  const server = await startAuthhost({ name: `hooks-example${suffix}`, ids: ["page"], tenants: tenant(`http://127.0.0.1:${sitePort}`), store });
  try {
    const env = { AUTHHOST_WEBHOOK_SECRET: SECRET, ISSUER, JWKS_URL: `${server.url("page")}/api/auth/convex/jwks` };
    app = await startDeployment({ functions: functions(), sitePort, env });
    await life(server, app, step);
  } finally {
    await app?.close();
    await server.stop();
  }
}
