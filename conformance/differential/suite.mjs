// Sends generated sequences of requests to authhost and to the official server beside it, and compares all answers.
import { startAuthhost } from "../lib/authhost.mjs";
import { tenantOf } from "../lib/config.mjs";
import { mustPass } from "../replay/lists.mjs";
import { startOfficial } from "../selfcheck/official.mjs";
import { endpointsOf } from "./endpoints.mjs";
import { Pair } from "./play.mjs";
import { sequenceOf } from "./sequences.mjs";
import { FOCUSED, SETS, SHARES } from "./sets.mjs";
import { explain, signature } from "./show.mjs";
import { shrink } from "./shrink.mjs";

const LENGTH = 110; // requests of a sequence
const SHRUNK = 4; // failures of a set that are shrunk and shown
const ATTEMPTS = 2; // how often a failure must be seen again before it counts

/** The fixed seed of every run; a second one is new each time. */
export const FIXED_SEED = "1";

async function startBoth({ name, sets, store }) {
  const modules = new Set(mustPass().modules);
  const tenants = (listen) => sets.map((id) => tenantOf(id, SETS[id], { listen: listen(id), modules }));
  const official = await startOfficial(Object.fromEntries(sets.map((id) => [id, SETS[id]])));
  const ours = await startAuthhost({ name, ids: sets, tenants, store }).catch(async (error) => {
    await official.stop();
    throw error;
  });
  return { official, ours };
}

/** Plays the sequences of one set until `requests` were sent; gives the failures, shrunk. */
async function runSet({ pair, endpoints, seed, requests, only, found }) {
  let sent = 0;
  for (let index = only ?? 0; sent < requests; index++) {
    const focused = FOCUSED.has(pair.set);
    const steps = sequenceOf({ seed: `${seed}/${pair.set}/${index}`, endpoints, length: LENGTH, focused });
    const first = await pair.play(steps);
    sent += first.requests;
    if (first.failure) await report({ pair, seed, index, steps, failure: first.failure, found });
    if (only !== undefined) break;
  }
  return sent;
}

async function report({ pair, seed, index, steps, failure, found }) {
  const cut = steps.slice(0, failure.position + 1);
  const sign = signature({ steps: cut, failure });
  if (found.some((other) => other.signature === sign)) return;
  const again = [];
  for (let i = 0; i < ATTEMPTS && !again.length; i++) {
    const { failure: second } = await pair.play(cut);
    if (second) again.push(second);
  }
  if (!again.length) {
    console.log(`  not seen again (${pair.set}, seed ${seed}, sequence ${index}): ${sign}`);
    return;
  }
  const entry = { signature: sign };
  found.push(entry);
  const shortest =
    found.length > SHRUNK
      ? { steps: cut, failure }
      : await shrink(cut.slice(0, again[0].position + 1), again[0], (s) => pair.play(s));
  entry.text = explain({ set: pair.set, seed, index, ...shortest });
}

/**
 * Runs the suite.
 *
 * @param {{name: string, store: object, deviations: object, seeds: {seed: string, requests: number}[], sets?: string[],
 *   sequence?: number}} options `requests` of a set whose share is 1; `sequence` plays a single one
 * @returns {Promise<{total: number, bySet: Record<string, number>, failures: string[]}>}
 */
export async function runDifferential({ name, store, deviations, seeds, sets = Object.keys(SETS), sequence }) {
  const { official, ours } = await startBoth({ name, sets, store });
  const bySet = {};
  const failures = [];
  try {
    await Promise.all(
      sets.map(async (set) => {
        const pair = new Pair({
          set,
          profile: SETS[set],
          ours: ours.target(set),
          official: official.target(set),
          deviations,
        });
        const endpoints = endpointsOf(set, await ours.admin.routes(set), SETS[set].base_path);
        await pair.begin();
        const found = [];
        bySet[set] = 0;
        for (const { seed, requests } of seeds)
          bySet[set] += await runSet({
            pair,
            endpoints,
            seed,
            requests: requests * (SHARES[set] ?? 1),
            only: sequence,
            found,
          });
        failures.push(...found.map(({ text }) => text));
      }),
    );
  } finally {
    await Promise.all([official.stop(), ours.stop()]);
  }
  return { total: Object.values(bySet).reduce((sum, count) => sum + count, 0), bySet, failures };
}
