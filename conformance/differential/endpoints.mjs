// The endpoints that both servers have, with the members that they read, from reference/routes.json.
import { readFileSync } from "node:fs";

const ROUTES = JSON.parse(readFileSync(new URL("../reference/routes.json", import.meta.url), "utf8"));

/** Profiles of routes.json that describe what the plugins of a set add. */
const ADDED = {
  twofactor: ["twofactor"],
  short: ["twofactor"],
  tokens: ["jwt", "multisession", "onetimetoken"],
  spa: ["spa"],
};

/** The recorded profile "spa" has more plugins than the set of that name. */
const OF_CONVEX = /^\/(convex|cross-domain)\//;

/** Bodies that routes.json gives as "any object". */
const OPEN = {
  "/update-user": { name: "string", image: "string" },
  "/update-session": { theme: "string", note: "string", mark: "string" },
};

/** How often an endpoint is chosen; 4 unless it is here. */
const WEIGHTS = {
  "/get-session": 12,
  "/error": 1,
  "/ok": 1,
  "/revoke-sessions": 2,
  "/delete-user": 1,
  "/two-factor/verify-totp": 8,
  "/two-factor/enable": 6,
  "/convex/token": 8,
};
const WEIGHT = 4;

const typeOf = (schema) => (Array.isArray(schema.type) ? schema.type[0] : (schema.type ?? "any"));

/** Members of an object schema: {name: {type, required}}. */
function members(schema) {
  const parts = schema?.allOf ?? (schema ? [schema] : []);
  const out = {};
  for (const part of parts)
    for (const [name, member] of Object.entries(part.properties ?? {}))
      out[name] = { type: typeOf(member), required: part.required?.includes(name) ?? false };
  return out;
}

const open = (path) =>
  Object.fromEntries(Object.entries(OPEN[path] ?? {}).map(([name, type]) => [name, { type, required: false }]));

/**
 * The endpoints of a set that authhost serves.
 *
 * @param {string} set a name of SETS
 * @param {{method: string, path: string}[]} served the routes of the tenant, with its base path
 * @param {string} basePath
 * @returns {{method: string, path: string, weight: number, form: boolean, body: object, query: object}[]}
 */
export function endpointsOf(set, served, basePath) {
  const known = new Set(served.map(({ method, path }) => `${method} ${path.slice(basePath.length)}`));
  const added = (ADDED[set] ?? [])
    .flatMap((name) => ROUTES.added_by_profile[name].added_or_changed)
    .filter(({ path }) => set !== "spa" || OF_CONVEX.test(path));
  const out = new Map();
  for (const route of [...ROUTES.core, ...added].filter((route) => !route.server_only)) {
    for (const method of route.methods.filter((method) => known.has(`${method} ${route.path}`))) {
      const body = { ...members(route.body), ...open(route.path) };
      out.set(`${method} ${route.path}`, {
        method,
        path: route.path,
        weight: WEIGHTS[route.path] ?? WEIGHT,
        form: route.media_types?.some((type) => type.includes("urlencoded")) ?? false,
        body: method === "GET" ? {} : body,
        query: members(route.query),
      });
    }
  }
  return [...out.values()];
}
