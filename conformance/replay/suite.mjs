// Replays many scenarios: profiles side by side, the scenarios of one profile one after the other, for they share a tenant.
import { inParallel } from "../lib/parallel.mjs";
import { Deviations, mustPass, profiles, skippedPositions, transcript } from "./lists.mjs";
import { replayScenario } from "./scenario.mjs";

const TIMED_ATTEMPTS = 3;

/** Groups scenario names by their profile. */
export function byProfile(names) {
  const out = new Map();
  for (const name of names) {
    const profile = name.split("/")[0];
    out.set(profile, [...(out.get(profile) ?? []), name]);
  }
  return out;
}

/**
 * Replays scenarios.
 *
 * @param {{names: string[], targetOf: (profile: string) => object, watch?: (profile: string, definition: object,
 *   target: object) => (response: object) => Promise<void>, deviations?: Deviations, skipExchanges?: object[], parallel?: number}} options `watch`
 *   makes an observer of every raw answer of one scenario; `skipExchanges` is must-pass.json's unless it is given
 * @returns {Promise<{name: string, matched: boolean, exchanges: number, matchedExchanges: number, skipped: number,
 *   failures: object[], answers: object[]}[]>} `answers` are all exchanges; in the order of `names`
 */
export async function replayAll({
  names,
  targetOf,
  watch,
  deviations = new Deviations(),
  skipExchanges,
  parallel = 4,
}) {
  const definitions = profiles();
  const leftOut = skipExchanges ?? mustPass().skipExchanges;
  const results = new Map();
  const replayProfile = async ([profile, list]) => {
    for (const name of list) {
      const scenario = transcript(name);
      const skip = skippedPositions(name, scenario, leftOut);
      const replay = async () => {
        const target = targetOf(profile);
        const onResponse = watch?.(profile, definitions[profile], target);
        const exchanges = await replayScenario({
          scenario,
          profile: definitions[profile],
          target,
          skip,
          onResponse,
        }).catch((error) => [
          {
            position: 0,
            name: "start of the scenario",
            request: "",
            differences: [{ path: "error", got: error.message }],
          },
        ]);
        return judge(name, exchanges, skip.size, deviations);
      };
      results.set(name, await untilMatched(name, replay));
    }
  };
  // Password hashes of one scenario must not slow down the clock of another.
  const [timed, untimed] = [names.filter(isTimed), names.filter((name) => !isTimed(name))];
  for (const part of [untimed, timed]) await inParallel([...byProfile(part)], parallel, replayProfile);
  return names.map((name) => results.get(name));
}

const isTimed = (name) => transcript(name).exchanges.some((exchange) => exchange.sleep_ms);

/** Scenarios in real time get another chance: on a busy machine a session may age between two requests. */
async function untilMatched(name, replay) {
  let result = await replay();
  for (let attempt = 1; isTimed(name) && !result.matched && attempt < TIMED_ATTEMPTS; attempt++)
    result = await replay();
  return result;
}

function judge(name, exchanges, skipped, deviations) {
  const failures = [];
  for (const exchange of exchanges) {
    const differences = exchange.differences.filter((difference) => !deviations.allow(name, exchange.name, difference));
    if (differences.length) failures.push({ ...exchange, differences });
  }
  const matchedExchanges = exchanges.length - failures.length;
  const matched = failures.length === 0;
  return { name, matched, exchanges: exchanges.length, matchedExchanges, skipped, failures, answers: exchanges };
}

/** The text that explains a scenario's failures. */
export function explain({ name, failures }) {
  const show = (value) => (value === undefined ? "(absent)" : JSON.stringify(value));
  const lines = [`✗ ${name}`];
  for (const { position, name: exchange, request, differences } of failures) {
    lines.push(`    exchange ${position}, ${exchange}: ${request}`);
    for (const { path, want, got } of differences)
      lines.push(`      ${path}`, `        recorded ${show(want)}`, `        answered ${show(got)}`);
  }
  return lines.join("\n");
}
