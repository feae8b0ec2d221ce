// Measures authhost beside the official server, in one run on one machine, and writes build/bench.json.
//
//   node scripts/bench.mjs [--seconds 5] [--rounds 3]
//
// Both servers run at the same time and are loaded in turns, so that what else the machine does hits both alike. The figure
// of a server is the median of its rounds. The official server is better-auth 1.6.34 with its in-memory adapter,
// NODE_ENV=production and without rate limit; authhost stores on disk, as it does by default. Figures of Go benchmarks are
// taken from build/bench.txt, which "make bench" writes first.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ROOT, startAuthhost } from "../conformance/lib/authhost.mjs";
import { Jar } from "../conformance/lib/cookies.mjs";
import { startOfficial } from "../conformance/selfcheck/official.mjs";
import { goFigures, table } from "./bench/go.mjs";
import { SIGN_IN_SCRIPT, wrk } from "./bench/wrk.mjs";

const CONNECTIONS = 32;
const SIGN_IN_CONNECTIONS = 8; // Each answer costs a password hash; more connections would only wait.
const GET_SESSION_GOAL = 25;
const GET_SESSION_CONVEX_GOAL = 30;
const SECRET = "bench-Hq7Wm2Zx9Kc4Vt1Ln6Pb3Rd8Yf5Jg0Sa";
const ISSUER = "https://happy-animal-123.convex.site";
const GO_OUTPUT = path.join(ROOT, "build", "bench.txt");
const ALICE = { name: "Alice", email: "alice@example.com", password: "correct-horse-1" };
const TENANTS = ["plain", "convex"];

const { values: flags } = parseArgs({
  options: { seconds: { type: "string", default: "5" }, rounds: { type: "string", default: "3" } },
});
const seconds = Number(flags.seconds);
const rounds = Number(flags.rounds);

const official = () => {
  const profile = (plugins) => (url) => ({
    base_url: url,
    base_path: "/api/auth",
    secret: SECRET,
    environment: { CONVEX_SITE_URL: ISSUER },
    plugins,
    options: { rateLimit: { enabled: false }, telemetry: { enabled: false }, emailAndPassword: { enabled: true } },
  });
  return startOfficial({
    plain: profile([]),
    convex: profile([{ plugin: "convex", options: { authConfig: "$convexRS256" } }]),
  });
};

const authhost = () =>
  startAuthhost({
    name: "bench",
    ids: TENANTS,
    development: false,
    sections: { mail: { disabled: true } },
    tenants: (listen) =>
      TENANTS.map((id) => ({
        id,
        listen: listen(id),
        baseURL: `http://${listen(id)}`,
        secret: `${SECRET}-${id}`,
        rateLimit: { enabled: false },
        plugins: [
          { id: "email-password", config: { enabled: true } },
          ...(id === "convex" ? [{ id: "convex", config: { issuer: ISSUER, algorithm: "RS256" } }] : []),
        ],
      })),
  });

/** Signs Alice up and returns the Cookie header of her session. */
async function signUp(baseURL) {
  const response = await fetch(`${baseURL}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: baseURL },
    body: JSON.stringify(ALICE),
  });
  if (response.status !== 200)
    throw new Error(`${baseURL}: sign-up answers ${response.status} ${await response.text()}`);
  const jar = new Jar();
  jar.absorb(response.headers.getSetCookie());
  const cookie = jar.header();
  const session = await (await fetch(`${baseURL}/api/auth/get-session`, { headers: { cookie } })).json();
  if (session?.user.email !== ALICE.email)
    throw new Error(`${baseURL}: get-session answers ${JSON.stringify(session)}`);
  return cookie;
}

/** The two loads. */
const LOADS = {
  get_session: (url, cookie) =>
    wrk({ url: `${url}/api/auth/get-session`, headers: { cookie }, connections: CONNECTIONS, seconds }),
  sign_in: (url) =>
    wrk({
      url: `${url}/api/auth/sign-in/email`,
      headers: { origin: url },
      script: SIGN_IN_SCRIPT,
      connections: SIGN_IN_CONNECTIONS,
      seconds,
    }),
};

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Loads all servers in turns; gives the median rate and 99th percentile of each. */
async function measure(load, tenant, servers) {
  const results = new Map(Object.keys(servers).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, { server, cookies }] of Object.entries(servers)) {
      results.get(name).push(await LOADS[load](server.url(tenant), cookies[tenant]));
    }
  }
  return Object.fromEntries(
    [...results].map(([name, list]) => [
      name,
      {
        rate: median(list.map(({ rate }) => rate)),
        p99: median(list.map(({ p99 }) => p99)),
      },
    ]),
  );
}

/** The figures of one comparison, printed as they come. */
async function compare({ load, tenant, title, goal = null, servers }) {
  const { official, authhost } = await measure(load, tenant, servers);
  const name = `bench_${load}_${tenant}`;
  const ratio = authhost.rate / official.rate;
  const connections = load === "sign_in" ? SIGN_IN_CONNECTIONS : CONNECTIONS;
  const how = `wrk, ${connections} connections, median of ${rounds} runs of ${seconds} s, in turns with the other server`;
  console.log(title);
  for (const [who, { rate, p99 }] of Object.entries({ official, authhost })) {
    console.log(`  ${who.padEnd(9)} ${rate.toFixed(0).padStart(7)} requests/s   p99 ${p99.toFixed(2)} ms`);
  }
  console.log(`  ratio     ${ratio.toFixed(1).padStart(7)}${goal ? ` (goal ${goal})` : ""}`);
  const figure = (suffix, value, unit, limit = null) => ({
    name: name + suffix,
    value: round(value),
    unit,
    goal: limit,
    holds: limit === null || value >= limit,
    how,
  });
  return [
    figure("_official", official.rate, "requests/s"),
    figure("_authhost", authhost.rate, "requests/s"),
    figure("_authhost_p99", authhost.p99, "ms"),
    figure("_ratio", ratio, "times the official server", goal),
  ];
}

const round = (value) => Number(value.toPrecision(4));

async function servers() {
  const started = { official: { server: await official() }, authhost: { server: await authhost() } };
  for (const entry of Object.values(started)) {
    entry.cookies = {};
    for (const tenant of TENANTS) entry.cookies[tenant] = await signUp(entry.server.url(tenant));
  }
  return started;
}

const running = await servers();
const figures = [
  ...(await compare({
    load: "get_session",
    tenant: "plain",
    title: "get-session, e-mail and password",
    goal: GET_SESSION_GOAL,
    servers: running,
  })),
  ...(await compare({
    load: "get_session",
    tenant: "convex",
    title: "get-session with the convex plugin",
    goal: GET_SESSION_CONVEX_GOAL,
    servers: running,
  })),
  ...(await compare({
    load: "sign_in",
    tenant: "plain",
    title: "sign-in by e-mail and password (scrypt)",
    servers: running,
  })),
];
await Promise.all(Object.values(running).map(({ server }) => server.stop()));
if (existsSync(GO_OUTPUT)) {
  const go = goFigures(readFileSync(GO_OUTPUT, "utf8"));
  console.log(`Go benchmarks\n${table(go).join("\n")}`);
  figures.push(...go);
}
const machine = `${os.cpus()[0].model.trim()}, ${os.cpus().length} processors, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()} ${os.arch()}`;
console.log(`measured on ${machine}`);
for (const figure of figures) figure.machine = machine;
writeFileSync(path.join(ROOT, "build", "bench.json"), `${JSON.stringify(figures, null, 2)}\n`);
process.exitCode = figures.every(({ holds }) => holds) ? 0 : 1;
