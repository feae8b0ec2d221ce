// Child processes, ports and temporary folders: everything that must be gone when the run ends.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const children = new Set();
const folders = new Set();
const STOP_TIMEOUT = 10_000;
const KEPT_OUTPUT = 20_000;

process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** A folder that is removed at exit. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(path.join(tmpdir(), `authhost-${name}-`));
  folders.add(folder);
  return folder;
}

/** `count` TCP ports of the loopback interface that nobody listened on a moment ago. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = net.createServer();
          server.on("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/**
 * Starts a program and keeps the end of its output, or all of it with `keepOutput`.
 *
 * @returns {{child: object, exited: Promise<number|string>, output: () => string, stop: () => Promise<void>}} `exited`
 *   gives the exit code or signal; `stop` sends SIGTERM, and SIGKILL when that takes too long
 */
export function start(command, args, { keepOutput = false, ...options } = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  children.add(child);
  let output = "";
  const keep = (chunk) => {
    output = (output + chunk).slice(keepOutput ? 0 : -KEPT_OUTPUT);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exited = new Promise((resolve) => {
    child.on("error", (error) => {
      keep(String(error));
      resolve("not started");
    });
    child.on("exit", (code, signal) => resolve(code ?? signal));
  }).finally(() => children.delete(child));
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT);
    await exited;
    clearTimeout(timer);
  };
  return { child, exited, output: () => output, stop };
}

/** Calls `check` until it gives a truthy value, which is returned; throws what `onTimeout` gives after `timeout` ms. */
export async function eventually(check, { timeout, interval = 20, onTimeout }) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw onTimeout();
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
