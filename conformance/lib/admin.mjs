// The development interface of a server's admin listener.
import { existsSync, readFileSync } from "node:fs";
import { rawRequest } from "./http.mjs";

/**
 * Speaks to one admin listener. Every call fails on any status but 200 and 204. `tokenFile` is the file with the
 * listener's token; a listener without one asks for none.
 */
export class Admin {
  constructor(baseUrl, tokenFile) {
    this.baseUrl = baseUrl;
    this.tokenFile = tokenFile;
  }

  /** The flags with which a command of authhost finds this listener. */
  get flags() {
    return ["--admin", this.baseUrl, "--token-file", this.tokenFile];
  }

  get #authorization() {
    if (!this.tokenFile || !existsSync(this.tokenFile)) return {};
    return { authorization: `Bearer ${readFileSync(this.tokenFile, "utf8").trim()}` };
  }

  async #call(method, path) {
    const response = await rawRequest({
      baseUrl: this.baseUrl,
      method,
      path,
      headers: { host: new URL(this.baseUrl).host, ...this.#authorization },
    });
    if (response.status !== 200 && response.status !== 204) {
      throw new Error(`${method} ${path} at the admin listener: ${response.status} ${response.body}`);
    }
    const text = response.body.toString();
    return /^\s*[[{]/.test(text) ? JSON.parse(text) : text;
  }

  /** True when the server answers that it is ready; false when it does not, or does not answer. */
  async ready() {
    return this.#call("GET", "/readyz").then(
      () => true,
      () => false,
    );
  }

  /** The metrics, in Prometheus' text format. */
  metrics() {
    return this.#call("GET", "/metrics");
  }

  /** Mails sent by a tenant since the last reset, oldest first. */
  outbox(tenant) {
    return this.#call("GET", `/dev/outbox?tenant=${tenant}`);
  }

  /** Empties a tenant's records. */
  reset(tenant) {
    return this.#call("POST", `/dev/reset?tenant=${tenant}`);
  }

  /** All routes of a tenant: {method, path, plugin}. */
  routes(tenant) {
    return this.#call("GET", `/dev/routes?tenant=${tenant}`);
  }
}
