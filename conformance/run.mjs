// Runs the conformance tests against build/authhost.
//
//   node run.mjs                                  everything, on bolt and on PostgreSQL
//   node run.mjs --only transcripts,clients       some stages; a wrong name lists them
//   node run.mjs --store postgres                 one store
//   node run.mjs --profile base                   all recorded scenarios of a profile, must-pass or not
//   node run.mjs --scenario base/signup-ok        one recorded scenario
//   node run.mjs --profile base --update          … and adds those that match to must-pass.json
//   node run.mjs --only differential --seed 7     the generated requests of one seed; --requests N of each set,
//                                                 --sets core,spa some plugin sets, --sequence 3 a single sequence
//   node run.mjs --only security --update         … and writes the table in docs/security.md
import { parseArgs } from "node:util";
import { differential } from "./differential/stage.mjs";
import { startPostgres } from "./lib/postgres.mjs";
import { startRedis } from "./lib/redis.mjs";
import { Report } from "./lib/report.mjs";
import { addMustPass, Deviations, mustPass, recordedScenarios } from "./replay/lists.mjs";
import { security } from "./security/stage.mjs";
import * as stages from "./stages.mjs";
import { runSuite, SUITES } from "./suites.mjs";

const STAGES = [
  ...["unit", "clients", "transcripts", "dialect", "redis"],
  ...Object.keys(SUITES),
  ...["badinput", "differential", "security"],
];
// Profiles whose scenarios say something about sessions and counts, and what hangs on them.
const SESSIONS = /^(base|account|bearer|cookiecache\w*|defer|https|multisession|onetimetoken|ratelimit|shortsession)\//;
const STORES = ["bolt", "postgres"];

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    store: { type: "string" },
    profile: { type: "string", multiple: true },
    scenario: { type: "string", multiple: true },
    update: { type: "boolean", default: false },
    seed: { type: "string" },
    requests: { type: "string" },
    sets: { type: "string" },
    sequence: { type: "string" },
  },
});

/** Runs one stage; a stage that throws is a failure like any other. */
async function attempt(report, name, run) {
  const begin = Date.now();
  await run().catch((error) => stages.broken(report, name, error));
  console.log(`  (${name}: ${((Date.now() - begin) / 1000).toFixed(1)} s)`);
}

async function everything(report) {
  const only = flags.only?.split(",") ?? STAGES;
  const stores = flags.store ? [flags.store] : STORES;
  const unknown = [
    ...only.filter((name) => !STAGES.includes(name)),
    ...stores.filter((name) => !STORES.includes(name)),
  ];
  if (unknown.length)
    throw new Error(`unknown: ${unknown.join(", ")}; stages are ${STAGES.join(", ")}, stores ${STORES.join(", ")}`);
  const deviations = new Deviations();
  const run = (stage, name, work) => (only.includes(stage) ? attempt(report, name, work) : undefined);
  await run("unit", "unit", () => stages.unitTests(report));
  for (const driver of stores) {
    const postgres = driver === "postgres" ? await startPostgres() : undefined;
    // Each stage has a database of its own: some name their tenants alike.
    const storeOf = async (stage) =>
      postgres ? { driver, postgres: { url: await postgres.database(stage) } } : { driver };
    const on = (stage, name, work) => run(stage, name, async () => work(await storeOf(stage)));
    const suffix = postgres ? "_postgres" : "";
    await on("clients", `clients on ${driver}`, (store) => stages.clients(report, { store, suffix }));
    await on("transcripts", `transcripts on ${driver}`, (store) =>
      stages.transcripts(report, { names: mustPass().scenarios, store, suffix, deviations }),
    );
    if (driver === "bolt") await on("dialect", "dialect 1.7", (store) => stages.dialect(report, { store, deviations }));
    if (driver === "bolt") await on("redis", "transcripts on Redis", (store) => onRedis(report, { store, deviations }));
    for (const name of Object.keys(SUITES))
      await on(name, `${name} on ${driver}`, (store) => runSuite(name, report, { store, suffix }));
    await on("badinput", `bad input on ${driver}`, (store) => stages.badInput(report, { store, suffix, deviations }));
    if (driver === stores[0]) {
      await on("differential", "differential", (store) => differential(report, { store, deviations, flags }));
      await on("security", "security", (store) => security(report, { store, update: flags.update }));
    }
    await postgres?.stop();
  }
  if (!flags.only) reportUnused(report, deviations);
  if (!flags.only && !flags.store) report.write(stages.RESULTS); // Figures of a part would look like those of the whole.
}

/** Sessions and counts in a real Redis: the answers stay as they were. */
async function onRedis(report, { store, deviations }) {
  const redis = await startRedis();
  const names = mustPass().scenarios.filter((name) => SESSIONS.test(name));
  await stages.transcripts(report, { names, store, suffix: "_redis", deviations, redis }).finally(() => redis.stop());
}

/** A deviation that nothing needs would hide a fault one day. */
function reportUnused(report, deviations) {
  // What a generated sequence meets depends on its seed, and on the endpoints that there are.
  const unused = deviations.unused().filter(({ scenario }) => !scenario.endsWith("/differential"));
  report.add({
    name: "conformance_deviations_unused",
    title: "deviations that are needed",
    value: deviations.size - unused.length,
    goal: deviations.size,
    unit: "deviations",
    how: "every entry of deviations.json explains a difference of this run",
    failures: unused.map((entry) => `✗ deviations.json: nothing needs ${JSON.stringify(entry)}`),
  });
}

async function selected(report) {
  const wanted = (name) =>
    flags.profile?.includes(name.split("/")[0]) || flags.scenario?.some((s) => name === s || name.endsWith(`/${s}`));
  const names = recordedScenarios().filter(wanted);
  const { served, reasons } = stages.servable(new Set(names.map((name) => name.split("/")[0])));
  for (const reason of reasons) console.log(`not served: ${reason}`);
  const runnable = names.filter((name) => served.includes(name.split("/")[0]));
  if (!runnable.length) throw new Error("no recorded scenario is selected");
  const store = { driver: "bolt" };
  const results = await stages.transcripts(report, { names: runnable, store });
  if (flags.update) addMustPass(results.filter(({ matched }) => matched).map(({ name }) => name));
}

const report = new Report();
await (flags.profile || flags.scenario ? selected(report) : everything(report));
report.repeatFailures();
const { passed, failed } = report.totals();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
