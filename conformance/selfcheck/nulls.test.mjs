import assert from "node:assert/strict";
import { test } from "node:test";
import { takeNulls } from "./nulls.mjs";

test("null members are taken over, and nothing else", () => {
  const recorded = { user: { name: "Alice", nickname: null, age: 3 }, list: [{ a: 1 }, { b: null }], gone: { a: 1 } };
  takeNulls(recorded, { user: { name: "Bob", image: null, age: null }, list: [{ a: 2, b: null }, {}], gone: null });
  assert.deepEqual(recorded, {
    user: { name: "Alice", age: 3, image: null },
    list: [{ a: 1, b: null }, {}],
    gone: { a: 1 },
  });
});

test("cookies are matched by name", () => {
  const cookie = (name, value) => ({ name, value, attributes: {} });
  const recorded = [cookie("a", { x: 1 }), cookie("b", { x: 1 })];
  takeNulls(recorded, [cookie("b", { x: 1, y: null }), cookie("a", { x: 1 })]);
  assert.deepEqual(recorded, [cookie("a", { x: 1 }), cookie("b", { x: 1, y: null })]);
});
