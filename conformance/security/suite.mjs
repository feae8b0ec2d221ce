// Runs every attack against a server and says what became of each.
import * as csrf from "./csrf.mjs";
import * as enumeration from "./enumeration.mjs";
import * as hijacking from "./hijacking.mjs";
import * as input from "./input.mjs";
import * as limits from "./limits.mjs";
import * as redirects from "./redirects.mjs";
import * as secrets from "./secrets.mjs";
import * as sessions from "./sessions.mjs";
import { Hole } from "./site.mjs";
import * as tokens from "./tokens.mjs";
import * as transport from "./transport.mjs";
import * as twofactor from "./twofactor.mjs";

const GROUPS = { redirects, csrf, sessions, tokens, twofactor, hijacking, input, transport, enumeration, limits, secrets };
const MEASURED = new Set(["enumeration by time", "password DoS"]); // these want a quiet machine: at the end, alone
const ATTEMPTS = 3; // of a measurement: noise is not seen three times

/** All tests: {group, attack, name, on, needs, racy, run}. `on` is the tenant; `needs` what a server must offer. */
export const TESTS = Object.entries(GROUPS)
  .flatMap(([group, { tests }]) => tests.map((test) => ({ group, on: "main", needs: [], ...test })))
  .sort((a, b) => MEASURED.has(a.attack) - MEASURED.has(b.attack));

/** What became of an attack. */
export const WITHSTOOD = "withstood";
export const HOLE = "hole";
export const BROKEN = "broken";
export const NOT_RUN = "not run";

async function attempt(test, server) {
  const site = server.sites[test.on];
  const missing = test.needs.filter((need) => !server.can.includes(need));
  if (!site || missing.length)
    return { outcome: NOT_RUN, detail: site ? `needs ${missing.join(", ")}` : `needs a tenant "${test.on}"` };
  try {
    await test.run(site);
    return { outcome: WITHSTOOD };
  } catch (error) {
    return error instanceof Hole ? { outcome: HOLE, detail: error.message } : { outcome: BROKEN, detail: error.stack };
  }
}

/**
 * Runs tests against a server, one after the other.
 *
 * @param {object} server of sites.mjs
 * @param {{filter?: (test: object) => boolean, onResult?: (result: object) => void}} options
 * @returns {Promise<{test: object, outcome: string, detail?: string, ms: number}[]>}
 */
export async function attack(server, { filter = () => true, onResult = () => {} } = {}) {
  const out = [];
  for (const test of TESTS.filter(filter)) {
    const begin = Date.now();
    let result = await attempt(test, server);
    for (let n = 1; n < ATTEMPTS && MEASURED.has(test.attack) && [HOLE, BROKEN].includes(result.outcome); n++)
      result = await attempt(test, server);
    out.push({ test, ...result, ms: Date.now() - begin });
    onResult(out.at(-1));
  }
  return out;
}
