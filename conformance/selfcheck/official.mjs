// Starts the official servers in a process of their own, in production mode, with a PostgreSQL of their own.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Admin } from "../lib/admin.mjs";
import { startPostgres } from "../lib/postgres.mjs";
import { eventually, freePorts, start } from "../lib/process.mjs";

const SERVE = path.join(path.dirname(fileURLToPath(import.meta.url)), "serve.mjs");
const READY_TIMEOUT = 60_000;

/**
 * Starts official servers, each with a listener of its own, all in one process.
 *
 * @param {Record<string, object | ((url: string) => object)>} profiles definitions by name, as in profiles.json; a function
 *   makes one that knows its own URL
 * @returns what startAuthhost gives, as far as it makes sense here
 */
export async function startOfficial(profiles) {
  const names = Object.keys(profiles);
  const [adminPort, ...ports] = await freePorts(names.length + 1);
  const url = (name) => `http://127.0.0.1:${ports[names.indexOf(name)]}`;
  const define = (name) => (typeof profiles[name] === "function" ? profiles[name](url(name)) : profiles[name]);
  const servers = Object.fromEntries(names.map((name, i) => [name, { port: ports[i], profile: define(name) }]));
  const postgres = await startPostgres();
  const running = start(process.execPath, [SERVE, JSON.stringify({ admin: adminPort, postgres: postgres.url, servers })], {
    env: { ...process.env, NODE_ENV: "production" },
  });
  const stop = () => running.stop().finally(() => postgres.stop());
  const admin = new Admin(`http://127.0.0.1:${adminPort}`);
  await eventually(() => admin.ready(), {
    timeout: READY_TIMEOUT,
    onTimeout: () => new Error(`the official server does not start:\n${running.output()}`),
  }).catch((error) => stop().finally(() => Promise.reject(error)));
  return {
    admin,
    url,
    target: (name) => ({ baseUrl: url(name), outbox: () => admin.outbox(name), reset: () => admin.reset(name) }),
    pid: running.child.pid,
    stop,
  };
}
