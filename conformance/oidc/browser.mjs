// A browser that goes through sign-ins: cookies by site, redirects followed as far as asked.
import { Jar } from "../lib/cookies.mjs";

const MOST_REDIRECTS = 12;

export class Browser {
  #jars = new Map();

  /** @param {string} server the base URL of the server, whose pages send Origin */
  constructor(server) {
    this.server = server;
  }

  jar(url) {
    const { origin } = new URL(url);
    if (!this.#jars.has(origin)) this.#jars.set(origin, new Jar());
    return this.#jars.get(origin);
  }

  /** Drops the cookies of a site. */
  forget(url) {
    this.#jars.delete(new URL(url).origin);
  }

  /** One request, as a browser makes it from a page of the server; `bare` leaves cookies out, as browsers do across sites. */
  async request(url, { method = "GET", json, form, headers = {}, bare = false } = {}) {
    const jar = this.jar(url);
    const all = { ...headers };
    if (!bare && jar.names().length) all.cookie = jar.header();
    if (method !== "GET" && all.origin === undefined) all.origin = this.server;
    if (json !== undefined) all["content-type"] = "application/json";
    const body = json !== undefined ? JSON.stringify(json) : form && new URLSearchParams(form);
    const response = await fetch(url, { method, headers: all, body, redirect: "manual" });
    if (!bare) jar.absorb(response.headers.getSetCookie());
    const text = await response.text();
    return { status: response.status, location: response.headers.get("location"), text, json: parse(text) };
  }

  post(path, json, headers) {
    return this.request(`${this.server}/api/auth${path}`, { method: "POST", json, headers });
  }

  get(path) {
    return this.request(`${this.server}/api/auth${path}`);
  }

  /** The e-mail address of the session's user, null without a session. */
  async user() {
    return (await this.get("/get-session")).json?.user?.email ?? null;
  }

  /** Follows redirects from a URL until one leads to the server, and returns that one; or the page that does not lead on. */
  async visit(url) {
    for (let i = 0; i < MOST_REDIRECTS; i++) {
      const answer = await this.request(url);
      if (!answer.location) return answer;
      url = new URL(answer.location, url).toString();
      if (url.startsWith(this.server)) return { back: url };
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects, the last to ${url}`);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
