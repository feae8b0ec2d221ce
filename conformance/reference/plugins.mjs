// Lists the plugins of the published packages in reference/plugins.json, from which docs/compatibility.md says what is
// missing here.
//
//   node reference/plugins.mjs             writes the list from node_modules; the versions of packages with one plugin stay
//   node reference/plugins.mjs --registry  … and asks the npm registry for those versions, too
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const MODULES = path.join(HERE, "../node_modules");
export const LIST = path.join(HERE, "plugins.json");

// Folders beside those of plugins: helpers of plugins, of types and of tests.
const HELPERS = ["access", "additional-fields", "test-utils"];
const WITH_MANY = ["better-auth", "better-auth-17", "@convex-dev/better-auth"];
const WITH_ONE = ["api-key", "electron", "expo", "i18n", "oauth-provider", "passkey", "scim", "sso", "stripe"];

const manifest = (name) => JSON.parse(readFileSync(path.join(MODULES, name, "package.json"), "utf8"));

/** The packages with several plugins, as they are installed: {package, version, plugins}. */
export function installed() {
  return WITH_MANY.map((name) => {
    const folders = readdirSync(path.join(MODULES, name, "dist/plugins"), { withFileTypes: true });
    const plugins = folders.filter((f) => f.isDirectory() && !HELPERS.includes(f.name)).map((f) => f.name);
    return { package: manifest(name).name, version: manifest(name).version, plugins: plugins.sort() };
  });
}

/** The whole list; `versions` gives the version of a package with one plugin. */
function list(versions) {
  const one = (id) => ({ package: `@better-auth/${id}`, version: versions(`@better-auth/${id}`), plugins: [id] });
  return [...installed(), ...WITH_ONE.map(one)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const known = JSON.parse(readFileSync(LIST, "utf8"));
  const versions = process.argv.includes("--registry")
    ? (name) => execFileSync("npm", ["view", name, "version"]).toString().trim()
    : (name) => known.find((p) => p.package === name)?.version;
  writeFileSync(LIST, `${JSON.stringify(list(versions), null, 2)}\n`);
}
