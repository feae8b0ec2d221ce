// A deployment: functions, tables and identities, and the running of one by the others' means.
import { randomUUID } from "node:crypto";
import { getFunctionName } from "convex/server";
import { convexToJson, jsonToConvex } from "convex/values";
import { checkArguments } from "./arguments.mjs";
import { Database } from "./database.mjs";
import { Identities } from "./identity.mjs";
import { loadModules } from "./modules.mjs";

const KINDS = { query: "isQuery", mutation: "isMutation", action: "isAction" };
const LETTERS = { query: "Q", mutation: "M", action: "A" };

/** A function threw, or was not there. The message is what clients get. */
export class FunctionError extends Error {
  constructor(message, data) {
    super(message);
    /** The data of a ConvexError as JSON, or undefined. */
    this.data = data;
  }
}

/** Runs the functions of one `convex` folder. Mutations run one after another. */
export class Deployment {
  #modules;
  #router;
  #database = new Database();
  #last = Promise.resolve();
  #watchers = new Set();

  constructor({ modules, router, providers }) {
    this.#modules = modules;
    this.#router = router;
    this.identities = new Identities(providers);
    /** Counts commits; a query that ran at one version gives the same until the next. */
    this.version = 1n;
  }

  static async load(folder, env = {}) {
    return new Deployment(await loadModules(folder, env));
  }

  /** Calls `changed` after every commit, until the function that it returns is called. */
  watch(changed) {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /**
   * Runs a public function for a client.
   *
   * @param {"query"|"mutation"|"action"} kind
   * @param {string} path such as "messages:list"
   * @param {object} args JSON, in the encoding of Convex's values
   * @param {object|null} identity what getUserIdentity gives
   * @returns {Promise<unknown>} JSON, in the same encoding
   * @throws {FunctionError}
   */
  async run(kind, path, args, identity) {
    try {
      const value = await this.#invoke(kind, path, jsonToConvex(args ?? {}), identity, "isPublic");
      return convexToJson(value === undefined ? null : value);
    } catch (error) {
      if (error instanceof FunctionError) throw error;
      const where = `[CONVEX ${LETTERS[kind]}(${path})] [Request ID: ${randomUUID().slice(0, 16).replace("-", "")}] Server Error`;
      const data = Symbol.for("ConvexError") in Object(error) ? convexToJson(error.data ?? null) : undefined;
      throw new FunctionError(`${where}\nUncaught ${error}`, data);
    }
  }

  /** Answers a request to the deployment's site with its HTTP actions, or gives undefined if none is routed there. */
  async httpAction(request) {
    const match = this.#router?.lookup(new URL(request.url).pathname, request.method);
    return match ? match[0]._handler(this.#context("action", null), request) : undefined;
  }

  /** Runs a function; inside a mutation, with the mutation's own view of the tables. */
  #invoke(kind, path, args, identity, visibility, inside) {
    const [module, name = "default"] = path.replace(/\.js(?=:|$)/, "").split(":");
    const registered = this.#modules.get(module)?.[name];
    const visible = registered?.[visibility] || (visibility === "isInternal" && registered?.isPublic);
    if (!registered?.[KINDS[kind]] || !visible) {
      throw new FunctionError(
        `Could not find public function for '${path}'. Did you forget to run \`npx convex dev\`?`,
      );
    }
    const call = async (db) => {
      checkArguments(registered, args);
      return registered._handler({ ...this.#context(kind, identity, db), db }, args);
    };
    if (inside || kind === "action") return call(inside);
    if (kind === "query") return call(this.#database.reader());
    const result = this.#last.then(() => this.#database.transaction(call));
    this.#last = result.then(
      () => this.#committed(),
      () => {},
    );
    return this.#last.then(() => result);
  }

  #committed() {
    this.version++;
    for (const changed of this.#watchers) changed();
  }

  #context(kind, identity, db) {
    const inner = (called) => async (reference, args) =>
      this.#invoke(called, getFunctionName(reference), args ?? {}, identity, "isInternal", db);
    const context = { auth: { getUserIdentity: async () => identity }, runQuery: inner("query") };
    if (kind === "query") return context;
    const runAfter = async (delay, reference, args) => {
      const path = getFunctionName(reference);
      const run = () => this.#invoke(this.#kindOf(path), path, args ?? {}, null, "isInternal");
      setTimeout(() => run().catch((error) => console.error(error)), delay).unref();
    };
    const writing = { ...context, runMutation: inner("mutation"), scheduler: { runAfter } };
    return kind === "mutation" ? writing : { ...writing, runAction: inner("action") };
  }

  #kindOf(path) {
    const [module, name] = path.split(":");
    const registered = this.#modules.get(module)?.[name] ?? {};
    return Object.keys(KINDS).find((kind) => registered[KINDS[kind]]);
  }
}
