import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { cacheSeconds, isKeySetType, parseKeySet } from "./jwks.mjs";
import { ConvexValidator } from "./validator.mjs";

const NOW = 1_800_000_000;
const ISSUER = "https://happy-animal-123.convex.site";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = (pair, alg, kid) => ({ alg, ...pair.publicKey.export({ format: "jwk" }), kid });
const RSA_KEY = jwk(rsa, "RS256", "k1");
const CLAIMS = { iss: ISSUER, sub: "user1", aud: "convex", iat: NOW, exp: NOW + 900, jti: "1", name: "Alice" };

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function token({ header = { alg: "RS256", kid: "k1" }, claims = CLAIMS, pair = rsa } = {}) {
  const data = `${part(header)}.${part(claims)}`;
  const key = pair === ec ? { key: pair.privateKey, dsaEncoding: "ieee-p1363" } : pair.privateKey;
  return `${data}.${sign("sha256", Buffer.from(data), key).toString("base64url")}`;
}

function validator({ keys = [RSA_KEY], status = 200, headers, body, algorithm = "RS256", clock = { now: NOW } } = {}) {
  const fetches = [];
  const fetch = async (url) => {
    fetches.push(url);
    return {
      status,
      headers: headers ?? { "content-type": "application/json" },
      body: body ?? JSON.stringify({ keys }),
    };
  };
  const provider = { issuer: ISSUER, applicationID: "convex", algorithm, jwks: `${ISSUER}/api/auth/convex/jwks` };
  return {
    fetches,
    validate: (t) => new ConvexValidator(provider, { fetch, now: () => clock.now }).validate(t),
    kept: new ConvexValidator(provider, { fetch, now: () => clock.now }),
  };
}

test("a good token gives an identity with flattened claims", async () => {
  const claims = { ...CLAIMS, org: { id: "o1", roles: ["a", "b"], plan: { name: "pro" } }, emailVerified: false };
  assert.deepEqual(await validator().validate(token({ claims })), {
    tokenIdentifier: `${ISSUER}|user1`,
    subject: "user1",
    issuer: ISSUER,
    claims: {
      name: '"Alice"',
      "org.id": '"o1"',
      "org.roles": '["a","b"]',
      "org.plan.name": '"pro"',
      emailVerified: "false",
    },
  });
});

test("ES256 is accepted by a provider that is set up for it", async () => {
  const es = token({ header: { alg: "ES256", kid: "e1" }, pair: ec });
  const keys = [RSA_KEY, jwk(ec, "ES256", "e1")];
  await validator({ keys, algorithm: "ES256" }).validate(es);
  await assert.rejects(validator({ keys }).validate(es), { stage: "header" });
});

for (const [name, stage, claims] of [
  ["another issuer", "claims", { ...CLAIMS, iss: "https://evil.example" }],
  ["no issuer", "claims", { ...CLAIMS, iss: undefined }],
  ["another audience", "claims", { ...CLAIMS, aud: "other" }],
  ["no audience", "claims", { ...CLAIMS, aud: undefined }],
  ["no subject", "claims", { ...CLAIMS, sub: undefined }],
  ["no expiry", "claims", { ...CLAIMS, exp: undefined }],
  ["expiry beyond the leeway", "time", { ...CLAIMS, exp: NOW - 6 }],
  ["issued in the future beyond the leeway", "time", { ...CLAIMS, iat: NOW + 6 }],
  ["not valid yet beyond the leeway", "time", { ...CLAIMS, nbf: NOW + 6 }],
  ["textual issue time", "claims", { ...CLAIMS, iat: "now" }],
  ["reserved claim tokenIdentifier", "claims", { ...CLAIMS, tokenIdentifier: "x" }],
  ["reserved claim issuer", "claims", { ...CLAIMS, issuer: "x" }],
  ["reserved claim subject", "claims", { ...CLAIMS, subject: "x" }],
  ["reserved claim, nested", "claims", { ...CLAIMS, subject: { id: "x" } }],
  ["two claims of one flattened name", "claims", { ...CLAIMS, "a.b": 1, a: { b: 2 } }],
  ["claims that are a list", "claims", ["x"]],
]) {
  test(`refused: ${name}`, () => assert.rejects(validator().validate(token({ claims })), { name: "Error", stage }));
}

for (const [name, claims] of [
  ["expiry within the leeway", { ...CLAIMS, exp: NOW - 5 }],
  ["issued in the future within the leeway", { ...CLAIMS, iat: NOW + 5 }],
  ["issuer with a trailing slash", { ...CLAIMS, iss: `${ISSUER}/` }],
  ["several audiences", { ...CLAIMS, aud: ["other", "convex"] }],
]) {
  test(`accepted: ${name}`, () => validator().validate(token({ claims })));
}

for (const [name, header] of [
  ["no kid", { alg: "RS256" }],
  ["unknown kid", { alg: "RS256", kid: "k2" }],
  ["another algorithm than the key's", { alg: "RS512", kid: "k1" }],
  ["no algorithm", { alg: "none", kid: "k1" }],
]) {
  test(`refused header: ${name}`, () => assert.rejects(validator().validate(token({ header })), { stage: "header" }));
}

test("refused signatures", async () => {
  await assert.rejects(validator().validate(token({ pair: other })), { stage: "signature" });
  const good = token();
  await assert.rejects(validator().validate(`${good.slice(0, -6)}AAAAAA`), { stage: "signature" });
  const [head, , mac] = good.split(".");
  await assert.rejects(validator().validate(`${head}.${part({ ...CLAIMS, sub: "user2" })}.${mac}`), {
    stage: "signature",
  });
  for (const text of ["", "a.b", "a.b.c.d", "a.b.c=", `${head}..${mac}`])
    await assert.rejects(validator().validate(text), { stage: "header" });
  await assert.rejects(validator().validate(`${part("x")}.${part(CLAIMS)}.${mac}`), { stage: "header" });
});

for (const [name, key] of [
  ["an Ed25519 key", generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" })],
  ["a symmetric key", { kty: "oct", k: "AAAA", alg: "HS256" }],
  ["a key without algorithm", { ...RSA_KEY, alg: undefined }],
  ["an unknown algorithm", { ...RSA_KEY, alg: "RS1" }],
  ["an algorithm of another type", { ...RSA_KEY, alg: "ES256" }],
  ["an unknown curve", { ...jwk(ec, "ES256", "e1"), crv: "secp256k1" }],
  ["a member that is missing", { ...RSA_KEY, n: undefined }],
  ["a modulus in padded base64", { ...RSA_KEY, n: "AQ==" }],
  ["a numeric kid", { ...RSA_KEY, kid: 1 }],
  ["a private key", { ...rsa.privateKey.export({ format: "jwk" }), alg: "RS256", kid: "p" }],
  ["null", null],
  ["a type that objects inherit", { kty: "constructor", alg: "RS256" }],
]) {
  test(`one bad key refuses the whole set: ${name}`, () =>
    assert.rejects(validator({ keys: [RSA_KEY, key] }).validate(token()), { stage: "jwks" }));
}

for (const [name, answer] of [
  ["status 201", { status: 201 }],
  ["status 304", { status: 304 }],
  ["status 500", { status: 500 }],
  ["no content type", { headers: {} }],
  ["text/plain", { headers: { "content-type": "text/plain" } }],
  ["another charset", { headers: { "content-type": "application/json; charset=latin1" } }],
  ["not JSON", { body: "<html>" }],
  ["a list", { body: "[]" }],
  ["no keys", { body: "{}" }],
]) {
  test(`refused key set answer: ${name}`, () => assert.rejects(validator(answer).validate(token()), { stage: "jwks" }));
}

test("an empty key set is a key set that lacks the key", () =>
  assert.rejects(validator({ keys: [] }).validate(token()), { stage: "header" }));

test("content types of key sets", () => {
  for (const type of [
    "application/json",
    "Application/JSON; charset=utf-8",
    'application/jwk-set+json; charset="UTF-8"',
  ]) {
    assert.ok(isKeySetType(type), type);
  }
  for (const type of [undefined, "", "application/javascript", "text/json", "application/json2"])
    assert.ok(!isKeySetType(type), type);
});

test("key sets without kid parse, for the token decides which key it needs", () => {
  assert.equal(parseKeySet(JSON.stringify({ keys: [{ ...RSA_KEY, kid: undefined }] })).length, 1);
});

test("Cache-Control", () => {
  for (const [header, seconds] of [
    [undefined, 0],
    ["", 0],
    ["max-age=60", 60],
    ["public, Max-Age=300, stale-while-revalidate=10", 300],
    ["no-store, max-age=60", 0],
    ["no-cache", 0],
    ['max-age="15"', 15],
    ["s-maxage=60", 0],
  ])
    assert.equal(cacheSeconds(header), seconds, header);
});

test("a cached key set is used until it is stale; an unknown kid does not fetch it again", async () => {
  const clock = { now: NOW };
  const keys = [RSA_KEY];
  const headers = { "content-type": "application/json", "cache-control": "public, max-age=60" };
  const { kept, fetches } = validator({ keys, headers, clock });
  await kept.validate(token());
  keys.push(jwk(other, "RS256", "k2"));
  const rotated = token({ header: { alg: "RS256", kid: "k2" }, pair: other });
  await assert.rejects(kept.validate(rotated), { stage: "header" });
  clock.now = NOW + 59;
  await assert.rejects(kept.validate(rotated), { stage: "header" });
  assert.equal(fetches.length, 1);
  clock.now = NOW + 60;
  await kept.validate(rotated);
  assert.equal(fetches.length, 2);
});

test("a key set without Cache-Control is fetched each time", async () => {
  const { kept, fetches } = validator();
  await kept.validate(token());
  await kept.validate(token());
  assert.equal(fetches.length, 2);
});
