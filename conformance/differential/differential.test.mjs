import assert from "node:assert/strict";
import test from "node:test";
import { endpointsOf } from "./endpoints.mjs";
import { Random } from "./random.mjs";
import { sequenceOf } from "./sequences.mjs";
import { shrink } from "./shrink.mjs";

const served = ["GET /get-session", "POST /sign-out", "POST /sign-in/email", "GET /reset-password/:token"].map(
  (route) => {
    const [method, path] = route.split(" ");
    return { method, path: `/api/auth${path}` };
  },
);
const endpoints = endpointsOf("core", served, "/api/auth");

test("a seed gives the same sequence each time, another seed another", () => {
  const make = (seed) => sequenceOf({ seed, endpoints, length: 50 });
  assert.deepEqual(make("1"), make("1"));
  assert.notDeepEqual(make("1"), make("2"));
  assert.ok(make("1").length >= 50);
});

test("a focused sequence asks few endpoints, one request at a time", () => {
  const steps = sequenceOf({ seed: "1", endpoints, length: 80, focused: true });
  assert.ok(steps.every(({ burst }) => !burst));
  assert.ok(sequenceOf({ seed: "1", endpoints, length: 200 }).some(({ burst }) => burst));
  const known = new Set(endpoints.map(({ path }) => path.replace(/:\w+/, "{token}")));
  assert.deepEqual(
    steps.map(({ path }) => path).filter((path) => !known.has(path) && path !== "/sign-up/email"),
    [],
  );
});

test("only served endpoints are asked", () => {
  const paths = new Set(endpoints.map(({ path }) => path));
  assert.deepEqual([...paths].sort(), ["/get-session", "/reset-password/:token", "/sign-in/email", "/sign-out"]);
  assert.ok(endpoints.find(({ path }) => path === "/sign-in/email").form);
});

test("choices follow their weights", () => {
  const random = new Random("x");
  const counts = { a: 0, b: 0 };
  for (let i = 0; i < 1000; i++) counts[random.weighted({ a: 9, b: 1 })]++;
  assert.ok(counts.b > 50 && counts.b < 200, `b was chosen ${counts.b} times of 1000`);
});

test("a failing sequence is shrunk to the steps that it needs", async () => {
  const step = (path, headers = {}) => ({
    jar: "a",
    cookies: { mode: "jar" },
    method: "GET",
    path,
    query: [["x", "1"]],
    headers,
  });
  const steps = Array.from({ length: 40 }, (_, i) => step(`/${i}`, { origin: "x" }));
  // Fails at /39 if /7 came before it.
  const play = async (list) => {
    const position = list.findIndex(({ path }) => path === "/39");
    const fails = position >= 0 && list.slice(0, position).some(({ path }) => path === "/7");
    return fails ? { failure: { position, differences: [{ path: "status" }] } } : {};
  };
  const { failure } = await play(steps);
  const { steps: short } = await shrink(steps, failure, play);
  assert.deepEqual(
    short.map(({ path }) => path),
    ["/7", "/39"],
  );
  assert.deepEqual(short[1].headers, {});
  assert.deepEqual(short[1].query, []);
});
