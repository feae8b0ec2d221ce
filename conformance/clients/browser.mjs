// The parts of a browser that the official clients need: a fetch with cookies and an Origin.
import { Jar } from "../lib/cookies.mjs";

/**
 * One browser profile on one page.
 *
 * `fetch` goes to the clients as customFetchImpl. It keeps cookies, sends Origin on everything but GET and HEAD, does not
 * follow redirects, and shows every answer to `observe`.
 */
export class Browser {
  constructor({ origin, observe }) {
    this.origin = origin;
    this.observe = observe;
    this.jar = new Jar();
    this.fetch = this.fetch.bind(this);
  }

  async fetch(input, init = {}) {
    const headers = new Headers(init.headers);
    const method = (init.method ?? "GET").toUpperCase();
    if (this.jar.names().length) headers.set("cookie", this.jar.header());
    if (method !== "GET" && method !== "HEAD") headers.set("origin", this.origin);
    const response = await fetch(input, { ...init, method, headers, redirect: "manual" });
    this.jar.absorb(response.headers.getSetCookie());
    if (this.observe) {
      const body = Buffer.from(await response.clone().arrayBuffer());
      await this.observe({ status: response.status, headers: [...response.headers], body });
    }
    return response;
  }
}
