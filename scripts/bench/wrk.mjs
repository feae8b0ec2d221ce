// Runs wrk and reads what it measured.
import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const HERE = path.dirname(fileURLToPath(import.meta.url));

/** The script that makes wrk sign in by e-mail and password. */
export const SIGN_IN_SCRIPT = path.join(HERE, "sign-in.lua");

/**
 * Loads a URL.
 *
 * @param {{url: string, connections: number, seconds: number, headers?: Record<string, string>, script?: string}} load
 * @returns {Promise<{rate: number, p99: number}>} answers per second, and the 99th percentile in milliseconds
 * @throws {Error} when an answer was neither 2xx nor 3xx, or a connection failed: such a rate says nothing
 */
export async function wrk({ url, connections, seconds, headers = {}, script }) {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "--timeout", "10s"];
  for (const [name, value] of Object.entries(headers)) args.push("-H", `${name}: ${value}`);
  if (script) args.push("-s", script);
  const output = await new Promise((resolve, reject) => {
    execFile("wrk", [...args, url], (error, stdout, stderr) => {
      if (error?.code === "ENOENT") reject(new Error('wrk is not installed; install the package "wrk"'));
      else if (error) reject(new Error(`wrk: ${stderr || error.message}`));
      else resolve(stdout);
    });
  });
  const fault = /Non-2xx.*|Socket errors: .*/.exec(output)?.[0];
  if (fault) throw new Error(`${url}: ${fault}`);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]),
    p99: milliseconds(/99%\s+([\d.]+\w+)/.exec(output)[1]),
  };
}

function milliseconds(text) {
  const [, value, unit] = /^([\d.]+)(us|ms|s|m)$/.exec(text);
  return Number(value) * { us: 0.001, ms: 1, s: 1000, m: 60_000 }[unit];
}
