// Makes the official server of a profile: Better Auth from npm, with its tables in PostgreSQL.
import { betterAuth } from "better-auth";
import { getAdapter } from "better-auth/db/adapter";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import * as plugins from "better-auth/plugins";
import { createAccessControl } from "better-auth/plugins/access";
import { genericOAuth } from "better-auth/plugins/generic-oauth";
import { adminAc, defaultStatements, memberAc, ownerAc } from "better-auth/plugins/organization/access";
import { callbacks } from "./callbacks.mjs";
import { sqlTables } from "./sql.mjs";

/** An official server of one profile: a node request handler, its outbox, and a reset. */
export class OfficialServer {
  #tables;

  constructor(handler, tables, outbox) {
    this.handler = handler;
    this.#tables = tables;
    this.outbox = outbox;
  }

  async reset() {
    await this.#tables.reset();
    this.outbox.length = 0;
  }
}

/**
 * Builds the server. Throws when a plugin of the profile is not known here.
 *
 * @param {object} profile as in profiles.json
 * @param {{url: string, name: string}} database a database of PostgreSQL, and the name of a schema that is made in it
 */
export async function officialServer(profile, { url, name }) {
  Object.assign(process.env, profile.environment);
  const outbox = [];
  const options = {
    ...callbacks(profile.options, outbox),
    baseURL: profile.base_url,
    basePath: profile.base_path,
    secret: profile.secret,
    logger: { disabled: true },
    plugins: await Promise.all(profile.plugins.map((plugin) => officialPlugin(plugin, outbox))),
  };
  const tables = await sqlTables({ url, name, options, getAdapter, getMigrations });
  const auth = betterAuth({ ...options, database: () => writable(tables.adapter) });
  return new OfficialServer(toNodeHandler(auth), tables, outbox);
}

/** The Convex plugin drops all writes unless the adapter says that it runs in a mutation. */
function writable(adapter) {
  adapter.options = { ...adapter.options, isRunMutationCtx: true };
  return adapter;
}

async function officialPlugin({ plugin, options }, outbox) {
  const given = callbacks(options, outbox);
  if (plugin === "crossDomain") return (await import("@convex-dev/better-auth/plugins")).crossDomain(given);
  if (plugin === "convex") return convexPlugin(given);
  if (plugin === "genericOAuth") return genericOAuth(given);
  if (typeof plugins[plugin] !== "function") throw new Error(`plugin ${plugin} is not known`);
  return plugins[plugin](given.ac === "$orgAc" ? { ...given, ...projectRoles() } : given);
}

async function convexPlugin({ authConfig, ...options }) {
  const { convex } = await import("@convex-dev/better-auth/plugins");
  const { getAuthConfigProvider } = await import("@convex-dev/better-auth/auth-config");
  const eddsa = { applicationID: "convex", domain: process.env.CONVEX_SITE_URL };
  return convex({ ...options, authConfig: { providers: [authConfig === "$convexEdDSA" ? eddsa : getAuthConfigProvider()] } });
}

/** $orgAc and $orgRoles of profiles.json. */
function projectRoles() {
  const ac = createAccessControl({ ...defaultStatements, project: ["create", "update", "delete"] });
  const all = { project: ["create", "update", "delete"] };
  const role = (base, more) => ac.newRole({ ...base.statements, ...more });
  return { ac, roles: { owner: role(ownerAc, all), admin: role(adminAc, all), member: role(memberAc, {}) } };
}
