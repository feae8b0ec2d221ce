// The official clients at the stand-in for a deployment.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { eventually } from "../../lib/process.mjs";
import { startDeployment } from "./server.mjs";

const FUNCTIONS = path.join(path.dirname(fileURLToPath(import.meta.url)), "testdata");
const ISSUER = "https://auth.example.com";
const api = anyApi;
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keys = [{ alg: "RS256", kid: "k1", ...pair.publicKey.export({ format: "jwk" }) }];
let server;
let made = 0;

function token({ life = 900, ...claims } = {}) {
  const iat = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const all = { iss: ISSUER, sub: "u1", aud: "convex", name: "Ada", iat, exp: iat + life, jti: `${made++}`, ...claims };
  const data = `${part({ alg: "RS256", kid: "k1" })}.${part(all)}`;
  return `${data}.${sign("sha256", Buffer.from(data), pair.privateKey).toString("base64url")}`;
}

before(async () => {
  const JWKS = `data:application/json;base64,${Buffer.from(JSON.stringify({ keys })).toString("base64")}`;
  server = await startDeployment({ functions: FUNCTIONS, env: { ISSUER, JWKS } });
});
after(() => server.close());

function client(t) {
  const made = new ConvexClient(server.url, { logger: false });
  t.after(() => made.close());
  return made;
}

const until = (check) => eventually(check, { timeout: 5000, onTimeout: () => new Error("did not happen") });

test("queries over HTTP have the caller's identity, and errors reach the caller", async () => {
  const http = new ConvexHttpClient(server.url, { logger: false });
  await assert.rejects(http.query(api.things.whoami), /Unauthenticated/);
  http.setAuth(token({ org: { plan: "pro" } }));
  const { subject, name, tokenIdentifier, "org.plan": plan } = await http.query(api.things.whoami);
  assert.deepEqual(
    { subject, name, tokenIdentifier, plan },
    { subject: "u1", name: "Ada", tokenIdentifier: `${ISSUER}|u1`, plan: "pro" },
  );
  assert.equal((await http.consistentQuery(api.things.whoami)).subject, "u1");
  http.setAuth(token({ aud: "another" }));
  await assert.rejects(http.query(api.things.whoami), /aud/);
  assert.match(server.deployment.identities.refused.at(-1).reason, /aud/);
});

test("a mutation happens whole or not at all, and only its own kind may be called", async () => {
  const http = new ConvexHttpClient(server.url, { auth: token(), logger: false });
  await http.mutation(api.things.add, { kind: "whole" });
  await assert.rejects(http.mutation(api.things.add, { kind: "whole", fail: true }), /changed my mind/);
  const things = await http.query(api.things.list, { kind: "whole" });
  assert.equal(things.length, 1);
  assert.ok(things[0].number >= 1);
  await assert.rejects(http.mutation(api.things.add, { kind: 1 }), /ArgumentValidationError/);
  await assert.rejects(http.mutation(api.things.count, { id: "x" }), /Could not find public function/);
  await assert.rejects(http.query(api.things.add, { kind: "x" }), /Could not find public function/);
  const anonymous = new ConvexHttpClient(server.url, { logger: false });
  await assert.rejects(anonymous.mutation(api.things.add, { kind: "x" }), (e) => e.data.code === "UNAUTHENTICATED");
});

test("subscriptions follow other clients' mutations", async (t) => {
  const watching = client(t);
  const writing = client(t);
  let seen;
  watching.onUpdate(api.things.list, { kind: "live" }, (things) => (seen = things.map(({ by }) => by)));
  await until(() => seen?.length === 0);
  writing.setAuth(async () => token({ name: "Grace" }));
  await writing.mutation(api.things.add, { kind: "live" });
  await until(() => seen.length === 1);
  assert.deepEqual(seen, ["Grace"]);
});

test("a refused token is fetched anew once, then the client is signed out", async (t) => {
  const refused = client(t);
  const changes = [];
  let asked = 0;
  refused.setAuth(
    async () => {
      asked++;
      return token({ iss: "https://evil.example.com" });
    },
    (signedIn) => changes.push(signedIn),
  );
  let error;
  refused.onUpdate(
    api.things.whoami,
    {},
    () => {},
    (e) => (error = e),
  );
  await until(() => error);
  assert.match(String(error), /Unauthenticated/);
  assert.ok(asked >= 2, `asked ${asked} times`);
  assert.deepEqual(changes, [false]);
});

test("an expired token ends the identity unless there is a new one", async (t) => {
  const expiring = client(t);
  const results = [];
  let asked = 0;
  expiring.setAuth(async () => (asked++ < 2 ? token({ life: 3 - 5, iat: Math.floor(Date.now() / 1000) - 60 }) : null));
  expiring.onUpdate(
    api.things.whoami,
    {},
    ({ name }) => results.push(name),
    () => results.push("refused"),
  );
  await until(() => results.includes("Ada"));
  await until(() => results.at(-1) === "refused");
});

test("HTTP actions answer at the site's address", async () => {
  const response = await fetch(`${server.siteUrl}/count`, { method: "POST", body: "things" });
  assert.equal(await response.text(), `${response.headers.get("x-count")} things`);
  assert.equal((await fetch(`${server.siteUrl}/other`)).status, 404);
});
