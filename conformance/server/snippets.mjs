// The code blocks of docs/convex.md, as files that can be imported: what the page says is what runs here.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ROOT } from "../lib/authhost.mjs";

const BLOCK = /^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm;

// What "npx convex dev" generates: functions are described by an object, and run by the deployment.
const GENERATED = ["query", "mutation", "action", "internalAction"]
  .map((name) => `export const ${name} = (definition) => definition;`)
  .join("\n");

/** The files that docs/convex.md shows, by name. */
export function snippets() {
  const text = readFileSync(path.join(ROOT, "docs", "convex.md"), "utf8");
  return new Map([...text.matchAll(BLOCK)].map(([, name, code]) => [name, code]));
}

/** Writes the files to a folder, and imports one of them. */
export async function importSnippet(folder, name) {
  for (const [file, code] of snippets()) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), code);
  }
  mkdirSync(path.join(folder, "convex", "_generated"), { recursive: true });
  writeFileSync(path.join(folder, "convex", "_generated", "server.ts"), GENERATED);
  const outfile = path.join(folder, `${path.basename(name, ".ts")}.mjs`);
  await build({
    entryPoints: [path.join(folder, name)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    nodePaths: [path.join(ROOT, "conformance", "node_modules")],
    logLevel: "silent",
  });
  return import(pathToFileURL(outfile).href);
}
