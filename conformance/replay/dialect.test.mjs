import assert from "node:assert/strict";
import { test } from "node:test";
import { differencesOf17, judge17 } from "./dialect.mjs";

const TEXT = `DIFF   base/x
   #2 (enable) response.body.value.method
      want (absent)
      got  "totp"
   #3 (again) response.status
      want 200
      got  400
   #4 (token) response.body.value.token
      want "<token:32#8>"
      got  "<token:32#11>"
   #5 (asks) upstream
      want [{"method":"GET"}]
      got  (absent)
FAILED base/y: nothing
DIFF   base/z
   #0 (only numbers) response.body.value.token
      want "<token:32#1>"
      got  "<state:32#2>"
3 scenarios`;

const failure = (position, path, want, got) => ({ position, name: "x", differences: [{ path, want, got }] });

test("differences are read, without those of numbers", () => {
  const found = differencesOf17(TEXT);
  assert.deepEqual([...found.keys()], ["base/x"]);
  assert.deepEqual(
    found.get("base/x").map(({ position, path, got }) => [position, path, got]),
    [[2, "response.body.value.method", "totp"], [3, "response.status", 400], [5, "upstream.length", 0]],
  );
  assert.ok(differencesOf17().size > 10);
});

test("a replay must differ in those places and no others", () => {
  const expected = differencesOf17(TEXT).get("base/x");
  const right = [
    failure(2, "response.body.value.method", undefined, "totp"),
    failure(3, "response.status", 200, 400),
    failure(5, "upstream.length", 1, 0),
  ];
  assert.deepEqual(judge17({ name: "base/x", failures: right }, expected), []);
  assert.equal(judge17({ name: "base/x", failures: right.slice(1) }, expected).length, 1);
  assert.equal(judge17({ name: "base/x", failures: [...right, failure(4, "response.status", 200, 500)] }, expected).length, 1);
  assert.equal(judge17({ name: "base/x", failures: [failure(2, "response.body.value.method", undefined, "otp"), ...right.slice(1)] }, expected).length, 2);
});
