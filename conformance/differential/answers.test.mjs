import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { retryDifferences, said, sameTime, succeeded } from "./answers.mjs";
import { History, PROOFS, traitsOf } from "./proofs.mjs";

const answer = (status, headers = {}) => ({ status, headers: Object.entries(headers) });

test("an answer in short has what tells it from others of its status", () => {
  const body = { type: "json", value: { code: "INVALID_ORIGIN", message: "Invalid origin" } };
  assert.equal(said({ status: 403, headers: {}, body }), "403 INVALID_ORIGIN: Invalid origin");
  assert.equal(said({ status: 429, headers: {}, body: { value: { message: "Too many" } } }), "429: Too many");
  assert.equal(said({ status: 302, headers: { location: "/a" }, body: { type: "empty" } }), "302 /a");
  assert.equal(said({ status: 200, headers: {}, body: { type: "json", value: null } }), "200");
});

test("a redirect to an error is no success", () => {
  assert.ok(succeeded(answer(200)));
  assert.ok(succeeded(answer(302, { location: "/welcome" })));
  assert.ok(!succeeded(answer(302, { location: "/welcome?error=INVALID_TOKEN" })));
  assert.ok(!succeeded(answer(400)));
});

for (const [name, want, got, same] of [
  ["moments a minute apart", "<iso-date:+1h>", "<iso-date:+59m>", true],
  ["now and a minute ago", "<unix:now>", "<unix:-1m>", true],
  ["moments two minutes apart", "<iso-date:+1h>", "<iso-date:+58m>", false],
  ["moments of two kinds", "<iso-date:now>", "<unix:now>", false],
  ["lives of tokens a second apart", 'x=<jwt:{"exp":"<iat+3601>"}>', 'x=<jwt:{"exp":"<iat+3600>"}>', true],
  ["lives two seconds apart", "<iat+3602>", "<iat+3600>", false],
  ["another text around lives", "a <iat+3600>", "b <iat+3600>", false],
  ["texts", "a", "b", false],
  ["one side alone", "<iat+3600>", undefined, false],
])
  test(`${name}: ${same ? "the same" : "different"}`, () => assert.equal(sameTime(want, got), same));

test("seconds until a retry may be one apart", () => {
  const differences = (a, b) => {
    const sides = [
      { response: { headers: { "x-retry-after": "a" } } },
      { response: { headers: { "x-retry-after": "b" } } },
    ];
    return retryDifferences(answer(429, { "x-retry-after": a }), answer(429, { "x-retry-after": b }), sides).length;
  };
  assert.equal(differences("10", "10"), 0);
  assert.equal(differences("11", "10"), 0);
  assert.equal(differences("60", "10"), 1);
  assert.equal(differences("soon", "10"), 1);
  assert.deepEqual(retryDifferences(answer(200), answer(200), []), []);
});

test("proofs say what has happened, not what is happening", async () => {
  const code = (step) => ({ path: "/two-factor/verify-totp", body: { json: { code: { $: "totp", step } } } });
  const reset = { path: "/reset-password", body: { json: {} } };
  const link = (token) => ({ path: "/verify-email", query: [["token", token]] });
  const mailed = link({ $: "mail", subject: "verify-email" });
  const history = new History();
  const holds = (name, request, now = 1e12) => PROOFS[name]({ history, now }, request);
  const note = (request, status) => history.note(request, answer(status), { now: 1e12 });
  note(code(0), 401);
  note(reset, 400);
  assert.ok(!holds("code used", code(0)) && !holds("code used", reset) && !holds("link void", mailed));
  assert.ok(holds("link void", link({ $: "emailToken" })));
  note(code(0), 200);
  note(reset, 200);
  assert.ok(
    holds("code used", code(0)) &&
      holds("code used", code(-1)) &&
      !holds("code used", code(1)) &&
      holds("code used", code(-1), 1e12 + 30_000) &&
      holds("link void", mailed),
  );
  note({ path: "/two-factor/enable" }, 200);
  assert.ok(!holds("code used", code(0)));
  const trusts = (trustDevice) => ({ path: "/two-factor/verify-totp", body: { json: { trustDevice } } });
  assert.ok(holds("device trusted", trusts(true)) && !holds("device trusted", trusts(false)) && !holds("device trusted", reset));
  const says = (body) => ({ worlds: { official: { send: async () => ({ status: 200, body: Buffer.from(body) }) } } });
  assert.ok(await PROOFS["session ended"](says("null"), reset));
  assert.ok(!(await PROOFS["session ended"](says("{}"), reset)));
});

test("what is unusual about a request is in its name", () => {
  const cookies = (mode) => ({ mode });
  assert.equal(traitsOf({ cookies: cookies("jar"), headers: {} }), "");
  assert.equal(traitsOf({ cookies: cookies("junk"), headers: { authorization: null } }), " cookies=junk");
  const authorization = { $: "text", parts: ["bearer ", { $: "seen", name: "token" }] };
  assert.equal(traitsOf({ cookies: cookies("jar"), headers: { authorization } }), " authorization=bearer");
});

test("every proof that an entry of deviations.json asks for is there, and is asked for", () => {
  const entries = JSON.parse(readFileSync(new URL("../deviations.json", import.meta.url), "utf8"));
  const asked = entries.filter(({ proof }) => proof !== undefined);
  assert.deepEqual([...new Set(asked.map(({ proof }) => proof))].sort(), Object.keys(PROOFS).sort());
  assert.ok(asked.every(({ scenario }) => scenario.endsWith("/differential")));
});
