// The modules of a `convex` folder, bundled and loaded as `npx convex dev` does it.
import { build } from "esbuild";
import { readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "../../lib/process.mjs";

const SOURCE = /\.[jt]sx?$/;
const NO_FUNCTIONS = /^(_generated[\\/]|schema\.|convex\.config\.)|\.d\.ts$|\.test\./;

/**
 * Loads the functions of a folder.
 *
 * @param {string} folder the app's `convex` folder
 * @param {Record<string, string>} env the deployment's environment variables, all that functions see of `process.env`
 * @returns {Promise<{modules: Map<string, object>, providers: object[], router: object|undefined}>} modules by name, such
 *   as "auth"; the providers of auth.config; the router of http, if there is one
 */
export async function loadModules(folder, env) {
  const sources = readdirSync(folder, { recursive: true }).filter(
    (name) => SOURCE.test(name) && !NO_FUNCTIONS.test(name),
  );
  const outdir = temporaryFolder("functions");
  await build({
    entryPoints: sources.map((name) => path.join(folder, name)),
    outdir,
    outbase: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    conditions: ["convex", "module"],
    define: { "process.env": JSON.stringify(env) },
    logLevel: "error",
  });
  const modules = new Map();
  for (const source of sources) {
    const name = source.replace(SOURCE, "");
    modules.set(name.replaceAll("\\", "/"), await import(pathToFileURL(path.join(outdir, `${name}.mjs`)).href));
  }
  const providers = modules.get("auth.config")?.default?.providers ?? [];
  const router = modules.get("http")?.default;
  modules.delete("auth.config");
  modules.delete("http");
  return { modules, providers, router };
}
