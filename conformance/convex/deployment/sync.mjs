// One client's WebSocket: the sync protocol, as far as queries, mutations, actions and identities go.
import { FunctionError } from "./deployment.mjs";

const PING_INTERVAL = 15_000; // Clients reconnect after a minute of silence.
const NORMAL_CLOSURE = 1000;

/** A version in the protocol's form: 64 bits, little-endian, base64. */
export function encodeVersion(version) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(version);
  return bytes.toString("base64");
}

/** Serves one client until it goes. Its messages are worked on one after another. */
export class SyncSession {
  #socket;
  #deployment;
  #queries = new Map();
  #version = { querySet: 0, ts: encodeVersion(0n), identity: 0 };
  #caller = { identity: null, expires: Infinity };
  #expiry;
  #work = Promise.resolve();

  constructor(socket, deployment) {
    this.#socket = socket;
    this.#deployment = deployment;
    const unwatch = deployment.watch(() => this.#then(() => this.#transition({})));
    const pings = setInterval(() => this.#send({ type: "Ping" }), PING_INTERVAL);
    socket.on("message", (data) => this.#then(() => this.#handle(JSON.parse(data.toString()))));
    socket.on("close", () => {
      unwatch();
      clearInterval(pings);
      clearTimeout(this.#expiry);
    });
  }

  #then(step) {
    this.#work = this.#work.then(step).catch((error) => {
      this.#send({ type: "FatalError", error: String(error) });
      this.#socket.close();
    });
  }

  #send(message) {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  async #handle(message) {
    if (message.type === "Connect" || message.type === "Event") return;
    if (message.type === "Authenticate") return this.#authenticate(message);
    if (message.type === "ModifyQuerySet") return this.#modifyQueries(message);
    if (message.type === "Mutation" || message.type === "Action") return this.#call(message);
    throw new Error(`unknown message ${message.type}`);
  }

  async #authenticate({ tokenType, value, baseVersion }) {
    clearTimeout(this.#expiry);
    this.#caller = { identity: null, expires: Infinity };
    if (tokenType === "User") {
      try {
        this.#caller = await this.#deployment.identities.of(value);
      } catch (error) {
        return this.#refuse(error.message, baseVersion, true);
      }
      const left = this.#caller.expires - Date.now();
      this.#expiry = setTimeout(() => this.#then(() => this.#checkExpiry()), left + 1);
    }
    await this.#transition({ identity: baseVersion + 1 });
  }

  /** A refused client is let go; it comes back with another token, or with none. */
  #refuse(error, baseVersion, authUpdateAttempted) {
    this.#send({ type: "AuthError", error, baseVersion, authUpdateAttempted });
    this.#socket.close(NORMAL_CLOSURE, "Unauthenticated");
  }

  #checkExpiry() {
    if (Date.now() <= this.#caller.expires) return true;
    this.#refuse("the token has expired", this.#version.identity - 1, false);
    return false;
  }

  async #modifyQueries({ newVersion, modifications }) {
    const removed = [];
    for (const { type, queryId, udfPath, args } of modifications) {
      if (type === "Add") this.#queries.set(queryId, { udfPath, args: args[0], sent: undefined });
      else if (this.#queries.delete(queryId)) removed.push({ type: "QueryRemoved", queryId });
    }
    await this.#transition({ querySet: newVersion }, removed);
  }

  /** Takes the client to the newest version; results are sent as far as they changed. */
  async #transition(change, modifications = []) {
    if (!this.#checkExpiry()) return;
    const version = this.#deployment.version;
    for (const [queryId, query] of this.#queries) {
      const result = await this.#runQuery(query);
      const text = JSON.stringify(result);
      if (text !== query.sent) modifications.push({ queryId, ...result });
      query.sent = text;
    }
    const endVersion = { ...this.#version, ts: encodeVersion(version), ...change };
    this.#send({ type: "Transition", startVersion: this.#version, endVersion, modifications });
    this.#version = endVersion;
  }

  async #runQuery({ udfPath, args }) {
    try {
      const value = await this.#deployment.run("query", udfPath, args, this.#caller.identity);
      return { type: "QueryUpdated", value, logLines: [], journal: null };
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      const failed = { type: "QueryFailed", errorMessage: error.message, logLines: [], journal: null };
      return error.data === undefined ? failed : { ...failed, errorData: error.data };
    }
  }

  async #call({ type, requestId, udfPath, args }) {
    if (!this.#checkExpiry()) return;
    const answer = { type: `${type}Response`, requestId, logLines: [] };
    try {
      const result = await this.#deployment.run(type.toLowerCase(), udfPath, args[0], this.#caller.identity);
      const ts = type === "Mutation" ? { ts: encodeVersion(this.#deployment.version) } : {};
      this.#send({ ...answer, success: true, result, ...ts });
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      const failed = { ...answer, success: false, result: error.message };
      this.#send(error.data === undefined ? failed : { ...failed, errorData: error.data });
    }
  }
}
