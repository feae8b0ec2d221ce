// The stages of a conformance run. Each gives figures; none stops the others.
import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runBadInput } from "./badinput/suite.mjs";
import { CLIENTS, plugins } from "./clients/official.mjs";
import { tell } from "./clients/story.mjs";
import { observer, validatorFor } from "./convex/observer.mjs";
import { runOTP } from "./dialect/otp.mjs";
import { ROOT, startAuthhost } from "./lib/authhost.mjs";
import { tenantOf, UnsupportedProfile } from "./lib/config.mjs";
import { withProviders } from "./lib/oidc.mjs";
import { mustPass, profiles } from "./replay/lists.mjs";
import { differencesOf17, judge17 } from "./replay/dialect.mjs";
import { byProfile, explain, replayAll } from "./replay/suite.mjs";
import { startOfficial } from "./selfcheck/official.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const JWKS_PATH = "/api/auth/convex/jwks";

/** Runs the unit tests of this folder: the emulation of the Convex backend above all. */
export async function unitTests(report) {
  const output = await new Promise((resolve) => {
    execFile(process.execPath, ["--test", "--test-reporter=tap"], { cwd: HERE }, (_, stdout) => resolve(stdout));
  });
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  report.add({
    name: "conformance_unit_tests",
    title: "unit tests of the harness and of the Convex backend's rules",
    value: count("pass"),
    goal: Math.max(count("tests"), 1),
    unit: "tests",
    how: "node --test in conformance/, negative tests of the token validation included",
    failures: output.split("\n").filter((line) => line.trimStart().startsWith("not ok")),
  });
}

/** The profiles of which this version can serve a tenant, and why not the others. */
export function servable(names) {
  const definitions = profiles();
  const modules = new Set(mustPass().modules);
  const served = [];
  const reasons = [];
  for (const name of names) {
    try {
      tenantOf(name, definitions[name], { listen: "127.0.0.1:1", modules });
      served.push(name);
    } catch (error) {
      if (!(error instanceof UnsupportedProfile)) throw error;
      reasons.push(error.message);
    }
  }
  return { served, reasons };
}

/** Starts a server for profiles, and for each that needs one an identity provider of its own. */
async function startProfiles(name, ids, store, { redis, dialect } = {}) {
  const all = profiles();
  const modules = new Set(mustPass().modules);
  const { definitions, providers, stopProviders } = await withProviders(
    Object.fromEntries(ids.map((id) => [id, all[id]])),
  );
  const tenantFor = (id, listen) => {
    const tenant = tenantOf(id, definitions[id], { listen: listen(id), modules });
    if (dialect) tenant.dialect = dialect;
    return redis ? inRedis(tenant) : tenant;
  };
  const tenants = (listen) => ids.map((id) => tenantFor(id, listen));
  const sections = redis && { redis: { url: redis.url } };
  const server = await startAuthhost({ name, ids, tenants, store, sections }).catch(async (error) => {
    await stopProviders();
    throw error;
  });
  return {
    target: (id) => ({ ...server.target(id), oidc: providers.get(id) }),
    stop: () => Promise.all([server.stop(), stopProviders()]),
  };
}

/** The same tenant, with its sessions and counts in Redis. */
const inRedis = (tenant) => ({
  ...tenant,
  session: { ...tenant.session, storage: "redis" },
  rateLimit: { ...tenant.rateLimit, storage: "redis" },
});

/** Watches Convex tokens in the scenarios of profiles that have the plugin. */
function tokenWatch(counts) {
  return (_, profile, target) => {
    // A customJwt provider is what the backend's rules are known of; EdDSA is for the older sort.
    if (!profile.plugins.some(({ plugin, options }) => plugin === "convex" && options.authConfig === "$convexRS256"))
      return undefined;
    const { observe, count } = observer(
      validatorFor({
        issuer: profile.environment.CONVEX_SITE_URL,
        jwksPath: JWKS_PATH,
        baseUrl: target.baseUrl,
        host: new URL(profile.base_url).host,
      }),
    );
    counts.push(count);
    return observe;
  };
}

/** Replays recorded scenarios; returns the results, besides adding figures. */
export async function transcripts(report, { names, store, suffix = "", deviations, redis }) {
  const server = await startProfiles(`transcripts${suffix}`, [...byProfile(names).keys()], store, { redis });
  const tokens = [];
  const results = await replayAll({
    names,
    targetOf: (id) => server.target(id),
    watch: tokenWatch(tokens),
    deviations,
  }).finally(() => server.stop());
  const failed = results.filter((result) => !result.matched);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const valid = tokens.reduce((total, { valid }) => total + valid, 0);
  const skipped = sum("skipped");
  report.add({
    name: `conformance_scenarios_matched${suffix}`,
    title: `recorded scenarios${on(store)}${redis ? ", sessions in Redis" : ""}`,
    value: results.length - failed.length,
    goal: results.length,
    unit: "scenarios",
    how: "recorded exchanges of better-auth 1.6.34 replayed against the running binary",
    failures: failed.map(explain),
  });
  report.add({
    name: `conformance_exchanges_matched${suffix}`,
    title: `recorded exchanges${on(store)}${redis ? ", sessions in Redis" : ""}`,
    value: sum("matchedExchanges"),
    goal: sum("exchanges"),
    unit: "exchanges",
    counted: false,
    how: `status, headers, cookies, body and mail of every exchange compared; ${skipped} left out, listed in must-pass.json`,
  });
  report.add({
    name: `conformance_replayed_convex_tokens_valid${suffix}`,
    title: `Convex tokens in them${on(store)}${redis ? ", sessions in Redis" : ""}`,
    value: valid,
    goal: valid,
    unit: "tokens",
    counted: false,
    how: "every Convex token in a replayed answer passes the strict emulation; a refused one fails its exchange",
  });
  return results;
}

/** Replays what 1.7 answers differently on tenants of that dialect. */
export async function dialect(report, { store, deviations }) {
  const expected = differencesOf17();
  const listed = new Set(mustPass().scenarios);
  const names = [...expected.keys()].filter((name) => listed.has(name));
  const server = await startProfiles("dialect", [...byProfile(names).keys()], store, { dialect: "1.7" });
  const results = await replayAll({ names, targetOf: (id) => server.target(id), deviations }).finally(() =>
    server.stop(),
  );
  const wrong = results.map((result) => judge17(result, expected.get(result.name), deviations));
  report.add({
    name: "conformance_dialect_17_scenarios",
    title: "recorded scenarios in the dialect 1.7",
    value: wrong.filter((list) => !list.length).length,
    goal: names.length,
    unit: "scenarios",
    how: "the recordings of 1.6.34 replayed on tenants of the dialect 1.7: the answers differ where, and as, those of 1.7.7 do",
    failures: wrong.flat(),
  });
  const otp = await runOTP(store);
  report.add({
    name: "conformance_dialect_17_otp",
    title: "answers about mailed codes alone in the dialect 1.7",
    value: otp.total - otp.failures.length,
    goal: otp.total,
    unit: "answers",
    how: "the same story told to better-auth 1.7.7 from npm and to a tenant of the dialect 1.7",
    failures: otp.failures,
  });
}

const on = (store) => (store ? ` on ${store.driver}` : "");

/** The tenants that the clients are pointed at: one per signing algorithm. */
function clientTenants(listen) {
  return ["RS256", "ES256"].map((algorithm) => {
    const id = algorithm.toLowerCase();
    return {
      id,
      listen: listen(id),
      baseURL: `http://${listen(id)}`,
      secret: `clients-${id}-Zt5Rw8Yq1Pm4Xn7Lb0Kc3Vd6Jf9Hg2`,
      plugins: [
        {
          id: "email-password",
          config: { enabled: true, sendResetPassword: true, emailVerification: { sendVerificationEmail: true } },
        },
        { id: "convex", config: { issuer: `https://${id}.convex.site`, algorithm } },
      ],
    };
  });
}

async function tellTo(client, algorithm, server) {
  const tenant = algorithm.toLowerCase();
  const baseURL = server.url(tenant);
  const validator = validatorFor({
    issuer: `https://${tenant}.convex.site`,
    jwksPath: JWKS_PATH,
    baseUrl: baseURL,
    host: new URL(baseURL).host,
    algorithm,
  });
  const { observe, count } = observer(validator);
  const result = await tell({
    createAuthClient: client.createAuthClient,
    plugins,
    baseURL,
    observe,
    email: `alice.${client.version}.${client.framework}@example.com`,
    outbox: () => server.admin.outbox(tenant),
    validate: (token) => validator.validate(token),
  });
  const title = `client ${client.version} ${client.framework}, ${algorithm}`;
  const failure = result.failure && `✗ ${title}: ${result.failure.step}\n    ${result.failure.error.stack}`;
  return { version: client.version, failure, tokens: count.valid, steps: result.steps, passed: result.passed };
}

/** Drives the server with the official clients. */
export async function clients(report, { store, suffix = "" }) {
  const server = await startAuthhost({
    name: `clients${suffix}`,
    ids: ["rs256", "es256"],
    tenants: clientTenants,
    store,
  });
  const runs = [];
  try {
    for (const client of CLIENTS) runs.push(await tellTo(client, "RS256", server));
    for (const client of CLIENTS.filter(({ framework }) => framework === "vanilla"))
      runs.push(await tellTo(client, "ES256", server));
  } finally {
    await server.stop();
  }
  const sum = (list, key) => list.reduce((total, run) => total + run[key], 0);
  for (const version of ["1.6.34", "1.7.7"]) {
    const mine = runs.filter((run) => run.version === version);
    report.add({
      name: `conformance_client_${version.replaceAll(".", "")}_steps${suffix}`,
      title: `official client ${version}${on(store)}`,
      value: sum(mine, "passed"),
      goal: sum(mine, "steps"),
      unit: "steps",
      failures: mine.map(({ failure }) => failure).filter(Boolean),
      how: `better-auth ${version} (client and react) with convexClient of @convex-dev/better-auth 0.12.5, RS256 and ES256`,
    });
  }
  report.add({
    name: `conformance_client_convex_tokens_valid${suffix}`,
    title: `Convex tokens that they got${on(store)}`,
    value: sum(runs, "tokens"),
    goal: sum(runs, "tokens"),
    unit: "tokens",
    counted: false,
    how: "every Convex token in an answer passes the strict emulation; a refused one fails its step",
  });
}

/** Bad input, against the official server beside it. */
export async function badInput(report, { store, suffix = "", deviations }) {
  const official = await startOfficial({ base: profiles().base });
  const server = await startProfiles(`badinput${suffix}`, ["base"], store).catch(async (error) => {
    await official.stop();
    throw error;
  });
  try {
    const { total, matched, failures } = await runBadInput({
      ours: server.target("base"),
      official: official.target("base"),
      profile: profiles().base,
      deviations,
    });
    report.add({
      name: `conformance_badinput_matched${suffix}`,
      title: `bad input${on(store)}`,
      value: matched,
      goal: total,
      unit: "requests",
      how: "malformed, mistyped, oversized and ambiguous requests: the same answer as better-auth 1.6.34 running beside it, never a 5xx",
      failures: failures.map(
        ({ name, differences }) => `✗ bad input, ${name}: ${JSON.stringify(differences).slice(0, 600)}`,
      ),
    });
  } finally {
    await Promise.all([server.stop(), official.stop()]);
  }
}

/** The figure of a stage that could not run at all. */
export function broken(report, name, error) {
  report.add({
    name: `conformance_stage_${name}`,
    title: `stage ${name}`,
    value: 0,
    goal: 1,
    unit: "stages",
    how: "the stage could not run",
    failures: [`✗ ${name}: ${error.stack}`],
  });
}

/** The file that machines read. */
export const RESULTS = path.join(ROOT, "build", "conformance.json");
