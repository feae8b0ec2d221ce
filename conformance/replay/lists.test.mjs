import assert from "node:assert/strict";
import { test } from "node:test";
import { mustPass, recordedScenarios } from "./lists.mjs";

test("every recorded scenario must pass, or is left out for a reason", () => {
  const { scenarios, leftOut, skipExchanges } = mustPass();
  for (const { scenario, reason } of leftOut) assert.ok(reason?.length > 10, `${scenario} is left out without a reason`);
  for (const { scenario, reason } of skipExchanges) assert.ok(reason?.length > 10, `exchanges of ${scenario} are left out without a reason`);
  const named = [...scenarios, ...leftOut.map((entry) => entry.scenario)].sort();
  assert.deepEqual(named, recordedScenarios());
});
