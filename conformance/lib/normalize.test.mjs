import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Normalizer } from "./normalize.mjs";
import { relativeTime } from "./labels.mjs";
import { hmacBase64, hs256 } from "./template.mjs";
import { inspectJwt, openHex, openSigned } from "./tokens.mjs";

const SECRET = "ref-secret-Xn2w8QzR4tL0vB6mK1pY9sD3fH7jG5cA";
const vectors = JSON.parse(readFileSync(new URL("../reference/vectors.json", import.meta.url), "utf8"));
const ID = "0123456789abcdefghijABCDEFGHIJKL";
const normalizer = () => new Normalizer({ secrets: [SECRET] });

test("signed values of the real server open with its secret only", () => {
  const { value, on_the_wire: line } = vectors.signed_cookie;
  const signed = decodeURIComponent(line.split("=")[1]);
  assert.equal(openSigned(signed, [vectors.secret]), value);
  assert.equal(openSigned(signed, ["another-secret"]), undefined);
});

test("ciphertexts of the real server open", () => {
  assert.equal(openHex(vectors.symmetric.ciphertext_hex, vectors.secret), vectors.symmetric.plaintext);
});

test("equal values get equal placeholders", async () => {
  const n = normalizer();
  assert.deepEqual(await n.value({ id: ID, userId: ID, sessionId: ID.toUpperCase(), token: `${ID.slice(0, 31)}Z` }), {
    id: "<id:32#1>",
    userId: "<id:32#1>",
    sessionId: "<id:32#2>",
    token: "<token:32#1>",
  });
  assert.equal(await n.value(`/x?token=${ID}`), "/x?token=<id:32#1>");
});

test("times are relative", async () => {
  const now = Date.now();
  const at = (seconds) => new Date(now + seconds * 1000).toISOString();
  const n = normalizer();
  assert.equal(await n.value(at(1)), "<iso-date:now>");
  assert.equal(await n.value(at(7 * 86400)), "<iso-date:+7d>");
  assert.equal(await n.value(at(-3600)), "<iso-date:-1h>");
  assert.equal(await n.value("2020-01-01T00:00:00.000Z"), "2020-01-01T00:00:00.000Z");
  assert.equal(
    await n.value(at(1).replace("Z", "+00:00")),
    `<date-in-other-format:${at(1).replace("Z", "+00:00").replace(/\d/g, "9")}>`,
  );
  assert.equal(relativeTime(now + 600_000, now), "+10m");
});

test("signatures are checked", async () => {
  const n = normalizer();
  assert.deepEqual(await n.value(`${ID}.${hmacBase64(ID, SECRET)}`), { $signed: "<token:32#1>" });
  assert.equal(typeof (await n.value(`${ID}.${hmacBase64(ID, "another")}`)), "string");
  const iat = Math.floor(Date.now() / 1000);
  const claims = { email: "a@example.com", iat, exp: iat + 60 };
  const jwt = (secret) => n.value(hs256(claims, secret));
  const expected = { header: { alg: "HS256" }, claims: { email: "a@example.com", iat: "<unix:now>", exp: "<iat+60>" } };
  assert.deepEqual(await jwt(SECRET), { $jwt: { ...expected, signature: "valid" } });
  assert.deepEqual(await jwt("another"), { $jwt: { ...expected, signature: "INVALID" } });
  assert.equal(await inspectJwt("eyJ.x.y", { secrets: [] }), undefined);
});

test("cookies that are not URI-encoded are told apart", async () => {
  const response = (line) => ({ status: 200, headers: [["set-cookie", line]], body: Buffer.from("") });
  const value = async (line) => (await normalizer().response(response(line))).set_cookie[0].value;
  assert.equal(await value("a=x%3D; Path=/"), "x=");
  assert.deepEqual(await value("a=x=; Path=/"), { $not_uri_component_encoded: "x=" });
});

test("bodies are told by type and look", async () => {
  const body = async (text, type) =>
    (
      await normalizer().response({
        status: 200,
        headers: type ? [["content-type", type]] : [],
        body: Buffer.from(text),
      })
    ).body;
  assert.deepEqual(await body(""), { type: "empty" });
  assert.deepEqual(await body("null"), { type: "json", value: null });
  assert.deepEqual(await body("{", "application/json"), { type: "text", value: "{" });
  assert.deepEqual(await body("<!doctype html><title> T </title>"), { type: "html", title: "T" });
  assert.deepEqual(await body("Not Found", "text/plain"), { type: "text", value: "Not Found" });
});
