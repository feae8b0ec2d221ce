// A plugin refuses a sign-up: the client is told why, and nothing is left, whatever the plugin is written in.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import pg from "pg";
import { ROOT, startAuthhost } from "../lib/authhost.mjs";
import { clientOf, PASSWORD, signUp } from "./people.mjs";

const LANGUAGES = ["go", "rust"];
const EVE = "eve@blocked.example";
const CODE = "EMAIL_DOMAIN_NOT_ALLOWED";

function buildExamples() {
  execFileSync("make", ["-C", path.join(ROOT, "wasm-examples"), ...LANGUAGES], { stdio: ["ignore", "ignore", "inherit"] });
}

const tenant = (language, listen) => ({
  id: language,
  listen,
  baseURL: `http://${listen}`,
  secret: `hooks-${language}-Zt5Rw8Yq1Pm4Xn7Lb0Kc3Vd6Jf9Hg2Sa`,
  plugins: [
    { id: "email-password" },
    {
      id: `signup-rule-${language}`,
      module: path.join(ROOT, "wasm-examples", "dist", `${language}.wasm`),
      grants: ["claims"],
      config: { blockedDomain: "blocked.example" },
    },
  ],
});

/** The records of a tenant whose server is not running, by model; models without records are left out. */
async function counts(server, store, id) {
  let all;
  if (store.driver === "bolt") {
    const text = execFileSync("go", ["run", "./internal/storecount", server.dataDir, id], { cwd: ROOT });
    all = JSON.parse(text);
  } else {
    const client = new pg.Client({ connectionString: store.postgres.url });
    await client.connect();
    const { rows } = await client.query("SELECT model, count(*)::int AS n FROM authhost_records WHERE tenant = $1 GROUP BY model", [id]);
    await client.end();
    all = Object.fromEntries(rows.map(({ model, n }) => [model, n]));
  }
  delete all.schedule; // when the host's own schedules are due
  return Object.fromEntries(Object.entries(all).filter(([, n]) => n > 0));
}

async function refusedSignUp(server, id) {
  const { data, error, client } = await signUp(server.url(id), EVE);
  assert.equal(data, null);
  assert.equal(error.code, CODE);
  assert.match(error.message, /\w+ \w+/);
  assert.ok(error.status >= 400 && error.status < 500, `status ${error.status}`);
  assert.equal((await client.getSession()).data, null, "the refused user is signed in");
}

export async function veto(store, suffix, step) {
  buildExamples();
  const server = await startAuthhost({ name: `veto${suffix}`, ids: LANGUAGES, tenants: (listen) => LANGUAGES.map((id) => tenant(id, listen(id))), store });
  try {
    for (const id of LANGUAGES) {
      await step(`a plugin in ${id} refuses a sign-up, and the client has its code and message`, () => refusedSignUp(server, id));
    }
    await server.kill();
    for (const id of LANGUAGES) {
      await step(`nothing is left of it in any table (${id})`, async () => assert.deepEqual(await counts(server, store, id), {}));
    }
    await server.start();
    for (const id of LANGUAGES) {
      await step(`after a restart nobody of that address can sign in, and the plugin still refuses (${id})`, async () => {
        const { error } = await clientOf(server.url(id)).signIn.email({ email: EVE, password: PASSWORD });
        assert.equal(error.status, 401);
        await refusedSignUp(server, id);
      });
      await step(`others sign up (${id})`, async () => {
        const { data, client } = await signUp(server.url(id), "ada@example.com");
        assert.equal(data.user.email, "ada@example.com");
        assert.equal((await client.getSession()).data.user.id, data.user.id);
      });
    }
    await server.kill();
    for (const id of LANGUAGES) {
      await step(`only the other user's records are there (${id})`, async () =>
        assert.deepEqual(await counts(server, store, id), { user: 1, account: 1, session: 1 }),
      );
    }
  } finally {
    await server.stop();
  }
}
