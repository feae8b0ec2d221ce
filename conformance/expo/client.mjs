// The official client of Expo apps, in the two versions, bundled as Metro bundles it for a phone. Only the modules in native/
// stand for what is in the phone; storage is a map.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { temporaryFolder } from "../lib/process.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const NATIVE = {
  "expo-constants": "constants",
  "expo-linking": "linking",
  "expo-network": "network",
  "expo-web-browser": "web-browser",
  "react-native": "react-native",
};
const VERSIONS = {
  "1.6.33": { expo: "@better-auth/expo/client", client: "better-auth/client" },
  "1.7.6": { expo: "expo-17/client", client: "better-auth-17/client" },
};

/** Finds the modules of the phone, and for the newer client those of the newer Better Auth. */
const resolver = (version) => ({
  name: "phone",
  setup({ onResolve, resolve }) {
    const native = new RegExp(`^(${Object.keys(NATIVE).join("|")})$`);
    onResolve({ filter: native }, ({ path: name }) => ({ path: path.join(HERE, "native", `${NATIVE[name]}.mjs`) }));
    if (version === "1.6.33") return;
    onResolve({ filter: /^better-auth(\/|$)/ }, ({ path: name, kind }) =>
      resolve(name.replace("better-auth", "better-auth-17"), { kind, resolveDir: HERE }),
    );
    onResolve({ filter: /^@better-auth\/core(\/|$)/ }, ({ path: name, kind, importer, pluginData }) => {
      const inside = importer.includes(`${path.sep}better-auth-17${path.sep}`);
      if (inside || pluginData === "found") return undefined;
      const from = path.join(HERE, "..", "node_modules", "better-auth-17");
      return resolve(name, { kind, resolveDir: from, pluginData: "found" });
    });
  },
});

/** Bundles a version. @returns {Promise<{createAuthClient: Function, expoClient: Function, setBrowser: Function}>} */
async function bundle(version) {
  const { expo, client } = VERSIONS[version];
  const folder = temporaryFolder("expo");
  mkdirSync(folder, { recursive: true });
  const outfile = path.join(folder, "client.mjs");
  await build({
    stdin: {
      contents: `export { createAuthClient } from "${client}"; export { expoClient } from "${expo}"; export { setBrowser } from "expo-web-browser";`,
      resolveDir: HERE,
    },
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import"],
    outfile,
    logLevel: "error",
    plugins: [resolver(version)],
  });
  return import(pathToFileURL(outfile));
}

/** Both versions. @returns {Promise<[string, object][]>} */
export const clients = () => Promise.all(Object.keys(VERSIONS).map(async (version) => [version, await bundle(version)]));

/** What expo-secure-store keeps. */
export class SecureStore {
  #values = new Map();
  getItem = (name) => this.#values.get(name) ?? null;
  setItem = (name, value) => void this.#values.set(name, value);
  getItemAsync = async (name) => this.getItem(name);
  setItemAsync = async (name, value) => this.setItem(name, value);

  /** The names of the cookies in it. */
  cookies() {
    return Object.keys(JSON.parse(this.getItem("better-auth_cookie") ?? "{}"));
  }
}
