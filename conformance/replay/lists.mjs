// What is replayed and what may differ: must-pass.json and deviations.json beside this folder.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const HERE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const REFERENCE = path.join(HERE, "reference");
const MUST_PASS = path.join(HERE, "must-pass.json");

const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));

/** All profiles by name. */
export const profiles = () => readJson(path.join(REFERENCE, "profiles.json")).profiles;

/** All recorded scenarios as "profile/scenario", sorted. */
export function recordedScenarios() {
  const root = path.join(REFERENCE, "transcripts");
  return readdirSync(root)
    .sort()
    .flatMap((profile) =>
      readdirSync(path.join(root, profile))
        .sort()
        .map((file) => `${profile}/${path.basename(file, ".json")}`),
    );
}

/** The file of a recorded scenario. */
export const transcriptFile = (name) => path.join(REFERENCE, "transcripts", `${name}.json`);

/** One recorded scenario. */
export const transcript = (name) => readJson(transcriptFile(name));

/**
 * The scenarios that must pass, those that are left out, and the exchanges that are left out of the first, with the reason
 * why.
 *
 * @returns {{modules: string[], scenarios: string[], leftOut: {scenario: string, reason: string}[], skipExchanges: {scenario: string, exchanges: string[], reason: string}[]}}
 *   an exchange is named by its position and name: "11 update-user does not touch convex_jwt"
 */
export const mustPass = () => readJson(MUST_PASS);

/** Adds scenarios to must-pass.json. */
export function addMustPass(names) {
  const list = mustPass();
  list.scenarios = [...new Set([...list.scenarios, ...names])].sort();
  list.leftOut = list.leftOut.filter((entry) => !names.includes(entry.scenario));
  writeFileSync(MUST_PASS, `${JSON.stringify(list, null, 2)}\n`);
}

/** The positions of the exchanges of a scenario that are left out. Throws when a name does not fit. */
export function skippedPositions(name, scenario, skipExchanges) {
  const out = new Set();
  for (const label of skipExchanges.filter((entry) => entry.scenario === name).flatMap((entry) => entry.exchanges)) {
    const [, position, exchange] = /^(\d+) (.*)$/.exec(label) ?? [];
    if (scenario.exchanges[position]?.name !== exchange)
      throw new Error(`must-pass.json: ${name} has no exchange "${label}"`);
    out.add(Number(position));
  }
  return out;
}

/** Deviations: differences that are meant, each with its reason. Remembers which were needed. */
export class Deviations {
  #entries;
  #used = new Set();

  constructor(entries = readJson(path.join(HERE, "deviations.json"))) {
    this.#entries = entries.map((entry) => ({
      ...entry,
      matches: {
        scenario: new RegExp(`^${entry.scenario.replaceAll("*", ".*")}$`),
        exchange: entry.exchange === undefined ? /^/ : new RegExp(entry.exchange),
        path: new RegExp(entry.path),
      },
    }));
  }

  get size() {
    return this.#entries.length;
  }

  /** Says whether a difference is meant. */
  allow(scenario, exchange, difference) {
    return this.find(scenario, exchange, difference) !== undefined;
  }

  /** The entry that says why a difference is meant, if there is one. */
  find(scenario, exchange, difference) {
    const found = this.#entries.find(
      ({ matches, want, got }) =>
        matches.scenario.test(scenario) &&
        matches.exchange.test(exchange) &&
        matches.path.test(difference.path) &&
        sideMatches(want, difference.want) &&
        sideMatches(got, difference.got),
    );
    if (found) this.#used.add(found);
    return found;
  }

  /** The entries that no difference needed. */
  unused() {
    return this.#entries.filter((entry) => !this.#used.has(entry)).map(({ matches, ...entry }) => entry);
  }
}

/** An expectation is "absent", a regular expression of the value's JSON text, or left out (anything). An absent value has an empty text. */
function sideMatches(expected, value) {
  if (expected === undefined) return true;
  if (expected === "absent") return value === undefined;
  return new RegExp(expected).test(JSON.stringify(value) ?? "");
}
