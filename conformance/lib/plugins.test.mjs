import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { installed, LIST } from "../reference/plugins.mjs";

test("the list of official plugins is that of the installed packages", () => {
  const listed = JSON.parse(readFileSync(LIST, "utf8"));
  assert.deepEqual(listed.slice(0, installed().length), installed(), "run node reference/plugins.mjs");
});
