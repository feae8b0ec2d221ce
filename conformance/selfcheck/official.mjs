// Starts the official servers in a process of their own, in production mode.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Admin } from "../lib/admin.mjs";
import { eventually, freePorts, start } from "../lib/process.mjs";

const SERVE = path.join(path.dirname(fileURLToPath(import.meta.url)), "serve.mjs");
const READY_TIMEOUT = 60_000;

/** Starts official servers for profiles. The result has the shape of what startAuthhost gives. */
export async function startOfficial(profiles) {
  const [adminPort, ...ports] = await freePorts(profiles.length + 1);
  const map = Object.fromEntries(profiles.map((name, i) => [name, ports[i]]));
  const process_ = start(process.execPath, [SERVE, JSON.stringify({ admin: adminPort, profiles: map })], {
    env: { ...process.env, NODE_ENV: "production" },
  });
  const admin = new Admin(`http://127.0.0.1:${adminPort}`);
  await eventually(() => admin.ready(), {
    timeout: READY_TIMEOUT,
    onTimeout: () => new Error(`the official server does not start:\n${process_.output()}`),
  });
  const url = (name) => `http://127.0.0.1:${map[name]}`;
  return {
    admin,
    url,
    target: (name) => ({ baseUrl: url(name), outbox: () => admin.outbox(name), reset: () => admin.reset(name) }),
    stop: () => process_.stop(),
  };
}
