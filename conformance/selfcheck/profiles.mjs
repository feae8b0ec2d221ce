// Makes the official server of a profile: Better Auth from npm with its in-memory adapter.
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getAuthTables } from "better-auth/db";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt, multiSession, oneTimeToken, twoFactor } from "better-auth/plugins";
import { genericOAuth } from "better-auth/plugins/generic-oauth";

const OUTBOX_CALLBACK = /^outbox: subject=([^,]+), to=\S+(.*)$/;

/** An official server of one profile: a node request handler, its outbox, and a reset. */
export class OfficialServer {
  #db = {};

  constructor(handler, db, outbox) {
    this.handler = handler;
    this.#db = db;
    this.outbox = outbox;
  }

  reset() {
    for (const rows of Object.values(this.#db)) rows.length = 0;
    this.outbox.length = 0;
  }
}

/** Builds the server. Throws when a plugin of the profile is not known here. */
export async function officialServer(profile) {
  Object.assign(process.env, profile.environment);
  const outbox = [];
  const db = {};
  const options = {
    ...callbacks(profile.options, outbox),
    baseURL: profile.base_url,
    basePath: profile.base_path,
    secret: profile.secret,
    logger: { disabled: true },
    plugins: await Promise.all(profile.plugins.map((plugin) => officialPlugin(plugin, outbox))),
    database: (all) => writable(memoryAdapter(db)(all)),
  };
  for (const table of Object.values(getAuthTables(options))) db[table.modelName] = [];
  return new OfficialServer(toNodeHandler(betterAuth(options)), db, outbox);
}

/** The Convex plugin drops all writes unless the adapter says that it runs in a mutation. */
function writable(adapter) {
  adapter.options = { ...adapter.options, isRunMutationCtx: true };
  return adapter;
}

/** Plugins of better-auth that are known here; their options are taken as they are. */
const PLUGINS = { bearer, jwt, multiSession, oneTimeToken, twoFactor };

async function officialPlugin({ plugin, options }, outbox) {
  if (PLUGINS[plugin]) return PLUGINS[plugin](callbacks(options, outbox));
  if (plugin === "crossDomain") return (await import("@convex-dev/better-auth/plugins")).crossDomain(options);
  if (plugin === "genericOAuth") return genericOAuth(options);
  if (plugin !== "convex" || options.authConfig !== "$convexRS256") throw new Error(`plugin ${plugin} is not known`);
  const { convex } = await import("@convex-dev/better-auth/plugins");
  const { getAuthConfigProvider } = await import("@convex-dev/better-auth/auth-config");
  return convex({ authConfig: { providers: [getAuthConfigProvider()] } });
}

/** Replaces {"$callback": "outbox: …"} by functions that append to the outbox. */
function callbacks(value, outbox) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => callbacks(item, outbox));
  if (!value.$callback)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, callbacks(item, outbox)]));
  if (value.$callback.startsWith("id-token check:")) return async (token) => token.split(".").length === 3;
  const [, subject, members] = OUTBOX_CALLBACK.exec(value.$callback) ?? [];
  if (!subject) throw new Error(`callback ${value.$callback} is not known`);
  const carried = (name, data) => (members.includes(name) ? (data[name] ?? null) : null);
  return async (data) => {
    outbox.push({
      to: data.user.email,
      subject,
      url: carried("url", data),
      token: carried("token", data),
      otp: carried("otp", data),
    });
  };
}
