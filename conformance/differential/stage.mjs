// The stage of a conformance run that compares generated requests.
import { randomInt } from "node:crypto";
import { FIXED_SEED, runDifferential } from "./suite.mjs";

const FIXED = 800; // requests of a set whose share is 1
const FRESH = 60; // likewise, of a seed that is new in each run

/** The seeds of a run: the fixed one and a new one, or the one that is asked for. */
function seedsOf({ seed, requests }) {
  if (seed) return [{ seed, requests: Number(requests ?? FIXED) }];
  return [
    { seed: FIXED_SEED, requests: Number(requests ?? FIXED) },
    { seed: String(randomInt(1e6)), requests: Math.min(FRESH, Number(requests ?? FRESH)) },
  ];
}

/** Sends generated sequences of requests to authhost and to the official server beside it. */
export async function differential(report, { store, deviations, flags = {} }) {
  const seeds = seedsOf(flags);
  console.log(`  seeds: ${seeds.map(({ seed, requests }) => `${seed} (${requests} requests of a set)`).join(", ")}`);
  const { total, bySet, failures } = await runDifferential({
    name: "differential",
    store,
    deviations,
    seeds,
    sets: flags.sets?.split(","),
    sequence: flags.sequence === undefined ? undefined : Number(flags.sequence),
  });
  // A seed that nobody has seen may find what nobody has looked at: that is shown, and does not fail the run.
  const fixed = failures.filter((text) => text.includes(`: seed ${seeds[0].seed},`));
  for (const text of failures.filter((text) => !fixed.includes(text))) console.log(text.replace("✗", "new:"));
  const counts = Object.entries(bySet).map(([set, count]) => `${set} ${count}`);
  console.log(`  requests: ${counts.join(", ")}`);
  report.add({
    name: "conformance_differential_requests",
    title: "generated requests",
    value: total - fixed.length,
    goal: total,
    unit: "requests",
    how: "sequences made from seeds, sent to better-auth 1.6.34 and to authhost beside it: status, headers, cookies, bodies and mails compared",
    failures: fixed,
  });
}
