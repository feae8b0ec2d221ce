// Runs the authhost binary with a generated configuration.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Admin } from "./admin.mjs";
import { eventually, freePorts, start, temporaryFolder } from "./process.mjs";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const BINARY = process.env.AUTHHOST ?? path.join(ROOT, "build", "authhost");

const READY_TIMEOUT = 120_000; // The first start compiles the plugins.
const LOGS = path.join(ROOT, "build", "conformance-logs");
const CACHE = path.join(ROOT, "build", "conformance-cache");
// Servers that share a folder of compiled modules need the same secret for it.
const CACHE_SECRET = "conformance servers share compiled modules";

/** A running server: `main` is the base URL of the listener that tenants share, `admin` its admin interface. */
class Server {
  constructor({ name, launch, process, admin, main, addresses, dataDir }) {
    this.name = name;
    this.launch = launch;
    this.process = process;
    this.dataDir = dataDir;
    this.admin = admin;
    this.main = main;
    this.addresses = addresses;
  }

  /** The base URL of a tenant's listener. */
  url(tenant) {
    return `http://${this.addresses.get(tenant)}`;
  }

  /** What the scenario runner needs of one tenant. */
  target(tenant) {
    return {
      baseUrl: this.url(tenant),
      outbox: () => this.admin.outbox(tenant),
      reset: () => this.admin.reset(tenant),
    };
  }

  output() {
    return this.process.output();
  }

  /** Stops the process and starts another on the same data and addresses. */
  async restart() {
    await this.process.stop();
    await this.start();
  }

  /** Starts the process, and waits until it is ready. */
  async start() {
    this.process = this.launch();
    await untilReady(this.process, this.admin);
  }

  /** Ends the process as a crash does; `start` starts it again on the same data. */
  async kill() {
    this.process.child.kill("SIGKILL");
    await this.process.exited;
  }

  /** Stops the server and keeps what it printed in build/conformance-logs. */
  async stop() {
    await this.process.stop();
    mkdirSync(LOGS, { recursive: true });
    writeFileSync(path.join(LOGS, `${this.name}.log`), this.output());
  }
}

/**
 * Starts a server and waits until it is ready.
 *
 * @param {{name: string, ids: string[], tenants: (listen: (id: string) => string) => object[], store?: object,
 *   development?: boolean, ports?: Record<string, number>, server?: object, sections?: object,
 *   before?: (file: string) => Promise<void>, logLevel?: string, keepOutput?: boolean}} options `name` names the log file; `ids` are the tenants that get a listener,
 *   at free ports unless `ports` names them; `tenants` makes their configuration from a function that gives a tenant's
 *   listen address; `store` is the configuration's store section, `server` adds to the one of that name, `sections` are
 *   further ones; `before` is called with the configuration file before the server starts; `logLevel` is "warn" unless it
 *   is given; `keepOutput` keeps all that the server prints, not only the end
 */
export async function startAuthhost(options) {
  const { name, ids, tenants, store = { driver: "bolt" }, development = true, sections = {}, before } = options;
  const { ports = {}, server = {}, logLevel = "warn", keepOutput = false } = options;
  if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist; run "make build"`);
  const [main, adminPort, ...free] = await freePorts(ids.length + 2);
  const addresses = new Map(ids.map((id, i) => [id, `127.0.0.1:${ports[id] ?? free[i]}`]));
  const folder = temporaryFolder("server");
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const config = {
    server: {
      listen: `127.0.0.1:${main}`,
      admin: `127.0.0.1:${adminPort}`,
      dataDir: path.join(folder, "data"),
      cacheDir: CACHE,
      development,
      logLevel,
      requestTimeout: "2m",
      egress: { allow: ["127.0.0.0/8"] }, // Identity providers of the tests are on this host.
      ...server,
    },
    limits: { wallMs: 60_000 }, // On a busy machine password hashes wait long for their turn.
    store,
    ...sections,
    tenants: await tenants((id) => addresses.get(id)),
  };
  mkdirSync(config.server.dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(config.server.dataDir, "cache-secret"), CACHE_SECRET, { mode: 0o600 });
  const file = path.join(folder, "authhost.yaml");
  writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 }); // JSON is YAML.
  await before?.(file);
  const launch = () => start(BINARY, ["serve", "--config", file], { cwd: folder, keepOutput });
  const process = launch();
  const admin = new Admin(`http://127.0.0.1:${adminPort}`, path.join(config.server.dataDir, "admin-token"));
  await untilReady(process, admin);
  return new Server({
    name,
    launch,
    process,
    admin,
    main: `http://127.0.0.1:${main}`,
    addresses,
    dataDir: config.server.dataDir,
  });
}

async function untilReady(process, admin) {
  let ended;
  process.exited.then((how) => {
    ended = how;
  });
  const failure = (what) => new Error(`authhost ${what}:\n${process.output()}`);
  await eventually(
    () => {
      if (ended !== undefined) throw failure(`ended with ${ended} before it was ready`);
      return admin.ready();
    },
    { timeout: READY_TIMEOUT, onTimeout: () => failure(`is not ready after ${READY_TIMEOUT / 1000} s`) },
  );
}
