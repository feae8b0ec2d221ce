// A PostgreSQL server of its own, from Debian's package, in a temporary folder.
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, readdirSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { eventually, freePorts, start, temporaryFolder } from "./process.mjs";

const PACKAGES = "/usr/lib/postgresql";
const READY_TIMEOUT = 30_000;

/** The folder of PostgreSQL's programs: $PG_BIN, or the newest version that is installed. */
function binaries() {
  if (process.env.PG_BIN) return process.env.PG_BIN;
  const versions = existsSync(PACKAGES)
    ? readdirSync(PACKAGES)
        .map(Number)
        .filter(Number.isInteger)
        .sort((a, b) => b - a)
    : [];
  if (!versions.length)
    throw new Error(`no PostgreSQL in ${PACKAGES}; install the package "postgresql", or set PG_BIN`);
  return path.join(PACKAGES, String(versions[0]), "bin");
}

/** PostgreSQL refuses to run as root: root runs it as the user that the package made. */
function unprivileged() {
  if (process.getuid() !== 0) return {};
  const number = (flag) => Number(execFileSync("id", [flag, "postgres"]));
  return { uid: number("-u"), gid: number("-g") };
}

/** Whether a server takes sessions: one that is starting takes connections and refuses them. */
async function accepts(url) {
  const client = new pg.Client(url);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function create(url, name) {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`create database ${client.escapeIdentifier(name)}`).finally(() => client.end());
}

/**
 * Starts a server without durability, for its data live as long as the run.
 *
 * @returns {Promise<{url: string, database: (name: string) => Promise<string>, stop: () => Promise<void>}>} `database`
 *   makes a new one and gives its URL
 */
export async function startPostgres() {
  const bin = binaries();
  const folder = temporaryFolder("postgres");
  const user = unprivileged();
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = path.join(folder, "data");
  execFileSync(path.join(bin, "initdb"), ["-D", data, "-U", "authhost", "-A", "trust", "-E", "UTF8", "--no-sync"], {
    cwd: folder,
    stdio: "pipe",
    ...user,
  });
  const [port] = await freePorts(1);
  const settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"].flatMap((setting) => [
    "-c",
    setting,
  ]);
  const running = start(
    path.join(bin, "postgres"),
    ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, ...settings],
    { cwd: folder, ...user },
  );
  const urlOf = (name) => `postgres://authhost@127.0.0.1:${port}/${name}?sslmode=disable`;
  const url = urlOf("postgres");
  await eventually(() => accepts(url), {
    timeout: READY_TIMEOUT,
    onTimeout: () => new Error(`PostgreSQL does not start:\n${running.output()}`),
  });
  return { url, database: (name) => create(url, name).then(() => urlOf(name)), stop: running.stop };
}
