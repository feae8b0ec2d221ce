// Builds the apps, unless what they are made of is as it was.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../lib/authhost.mjs";
import { start } from "../../lib/process.mjs";
import { APPS, environmentOf, outputOf } from "./world.mjs";

const STAMPS = path.join(ROOT, "build", "apps");
const MADE =
  /(^|\/)(node_modules|dist|\.next|\.tanstack|routeTree\.gen\.ts|next-env\.d\.ts|tsconfig\.tsbuildinfo)(\/|$)/;

/** What an app is built from: its files, the shared ones, the packages, and its environment. */
function keyOf(name, folder) {
  const hash = createHash("sha256").update(JSON.stringify([process.version, environmentOf(name)]));
  for (const part of [folder, "shared", "convex", "package-lock.json", "tsconfig.json"]) {
    for (const file of filesOf(part)) hash.update(`${file}\0`).update(readFileSync(path.join(APPS, file)));
  }
  return hash.digest("hex");
}

function filesOf(part) {
  const full = path.join(APPS, part);
  if (!existsSync(full)) return [];
  if (path.extname(part)) return [part];
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(APPS, path.join(entry.parentPath, entry.name)))
    .filter((file) => !MADE.test(file))
    .sort();
}

async function run(folder, env, program, ...args) {
  const options = { cwd: path.join(APPS, folder), env: { ...process.env, ...env } };
  const running = start(path.join(APPS, "node_modules", ".bin", program), args, options);
  const code = await running.exited;
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} in ${folder} ended with ${code}:\n${running.output()}`);
}

const STEPS = {
  next: [["next", "build"]], // which checks types, too
  tanstack: [["vite", "build"], ["tsc"]],
  react: [["vite", "build", "--outDir", outputOf("react")], ["tsc"]],
  "react-short": [["vite", "build", "--outDir", outputOf("react-short")]],
};
const RESULTS = {
  next: path.join(APPS, "next", ".next", "BUILD_ID"),
  tanstack: path.join(APPS, "tanstack", "dist", "server", "server.js"),
  react: path.join(outputOf("react"), "index.html"),
  "react-short": path.join(outputOf("react-short"), "index.html"),
};

/** Builds an app, if it has to be. @returns {Promise<boolean>} whether it had to be */
export async function buildApp(name) {
  const folder = name.replace("-short", "");
  const key = keyOf(name, folder);
  const stamp = path.join(STAMPS, `${name}.key`);
  if (existsSync(RESULTS[name]) && existsSync(stamp) && readFileSync(stamp, "utf8") === key) return false;
  for (const step of STEPS[name]) await run(folder, environmentOf(name), ...step);
  mkdirSync(STAMPS, { recursive: true });
  writeFileSync(stamp, key);
  return true;
}
