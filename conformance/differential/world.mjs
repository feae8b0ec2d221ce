// One server and everything that a sequence has learnt from it: cookies, mails, tokens, ids. Resolves the references in
// requests, which stand for the same thing on both servers but have another value on each.
import { Jar, splitFolded } from "../lib/cookies.mjs";
import { headerOf, headersOf, rawRequest } from "../lib/http.mjs";
import { eventually } from "../lib/process.mjs";
import { hs256, totp } from "../lib/template.mjs";

const MAIL_TIMEOUT = 15_000; // as long as a busy machine may need
const TIMEOUT = 30_000;
const SESSION_COOKIE = /session_token$/;

/** Members of answers that later requests use, and the names that they are kept under. */
const KEPT = { token: "token", accountId: "accountId", totpURI: "totpURI", userId: "userId" };

const flip = (text, at) => {
  if (!text) return text;
  const i = at % text.length;
  return text.slice(0, i) + (text[i] === "A" ? "B" : "A") + text.slice(i + 1);
};

/** Characters of a signed session token of which every bit counts: all but the last of base64 and its padding. */
const SIGNIFICANT = 75;

/** Changes a cookie's decoded value: encoded ones differ in length from server to server. */
const changed = (raw, change) => encodeURIComponent(change(decodeURIComponent(raw)));

/** The state of one sequence on one server. */
export class World {
  #jars = new Map();
  #seen = {};
  #mails = [];
  #backupCodes = [];

  /**
   * @param {{target: object, profile: object, run: string, start: number, addresses?: Record<string, string>}} options `run` is in every address, so that no
   *   sequence meets the users of another; `start` is when it began; `addresses` are the clients',
   *   by jar, where they matter
   */
  constructor({ target, profile, run, start, addresses }) {
    Object.assign(this, { target, profile, run, start, addresses });
    this.now = start; // the time that codes are computed for, the same on both servers
    this.base = profile.base_url;
  }

  /** Sends a request; an end of the connection without an answer is an answer, too, of status 0. */
  async send(request) {
    const raw = this.wire(request);
    const response = await rawRequest({ baseUrl: this.target.baseUrl, timeout: TIMEOUT, ...raw }).catch((error) => ({
      status: 0,
      headers: [],
      body: Buffer.from(error.message),
    }));
    return response;
  }

  /** Keeps what an answer gave, but for the header `without`. */
  learn(request, response, { without } = {}) {
    if (request.jar && ["jar", "header"].includes(request.cookies.mode)) {
      this.#jar(request.jar).absorb([
        ...headersOf(response, "set-cookie"),
        ...headersOf(response, "set-better-auth-cookie").flatMap(splitFolded),
      ]);
    }
    for (const name of ["set-ott", "set-auth-jwt"]) {
      const value = headerOf(response, name);
      if (value && name !== without) this.#keep(name === "set-ott" ? "ott" : "jwt", value);
    }
    let json;
    try {
      json = JSON.parse(response.body.toString());
    } catch {
      return;
    }
    this.#read(json, request.path);
  }

  #read(value, path) {
    if (value === null || typeof value !== "object") return;
    for (const name of Object.keys(value).sort()) {
      const item = value[name];
      if (name === "backupCodes" && Array.isArray(item)) this.#backupCodes = item;
      else if (name === "user" && item?.id) this.#keep("userId", item.id);
      if (typeof item === "string" && KEPT[name]) this.#keep(this.#kindOf(name, path, item), item);
      else this.#read(item, path);
    }
  }

  #kindOf(name, path, value) {
    if (name !== "token") return KEPT[name];
    if (path === "/one-time-token/generate") return "ott";
    return value.startsWith("eyJ") ? "jwt" : "token";
  }

  #keep(name, value) {
    const list = (this.#seen[name] ??= []);
    if (list.at(-1) !== value) list.push(value);
  }

  /** The mails of this sequence since the last call; waits until there are `expected`. */
  async newMails(expected) {
    let list = [];
    const arrived = async () => {
      list = (await this.target.outbox())
        .filter(({ to }) => to.endsWith(`@${this.run}.example.com`))
        .slice(this.#mails.length);
      return list.length >= expected;
    };
    await eventually(arrived, { timeout: MAIL_TIMEOUT, onTimeout: () => new Error("late") }).catch(() => {});
    const out = list.map((mail) => ({
      to: mail.to,
      subject: mail.template ?? mail.subject,
      url: mail.url,
      token: mail.token,
      otp: mail.otp,
    }));
    this.#mails.push(...out);
    return out;
  }

  #jar(name) {
    if (!this.#jars.has(name)) this.#jars.set(name, new Jar());
    return this.#jars.get(name);
  }

  /** What goes over the wire: {method, path, headers, body}. */
  wire({ jar, cookies, method, path, params, query, headers, type, body }) {
    const text = (value) => String(this.resolve(value, jar) ?? "");
    const filled = path.replace(/\{([A-Za-z]+)\}/g, (_, name) => encodeURIComponent(text(params?.[name])));
    const search = query.map(([name, value]) => `${encodeURIComponent(name)}=${encode(text(value))}`).join("&");
    const all = {
      host: new URL(this.base).host,
      "user-agent": "differential/1.0",
      ...(method === "GET" || method === "HEAD" ? {} : { origin: this.profile.default_request_origin }),
      ...this.#cookies(jar, cookies),
      ...this.resolve(headers, jar),
      ...(this.addresses ? { "x-forwarded-for": this.addresses[jar ?? "a"] } : {}),
    };
    if (type !== null && type !== undefined) all["content-type"] = type;
    for (const name of Object.keys(all)) {
      if (all[name] === null || all[name] === undefined) delete all[name];
      else all[name] = headerText(all[name]);
    }
    return {
      method,
      path: this.profile.base_path + filled + (search ? `?${search}` : ""),
      headers: all,
      body: this.#payload(body, jar),
    };
  }

  #payload(body, jar) {
    if (!body) return undefined;
    if (body.raw !== undefined) return body.raw;
    if (body.form)
      return body.form
        .map(([name, value]) => `${encodeURIComponent(name)}=${encode(String(this.resolve(value, jar)))}`)
        .join("&");
    return JSON.stringify(this.resolve(body.json, jar));
  }

  #cookies(jar, { mode, at, with: other, first }) {
    if (!jar || mode === "none") return {};
    const entries = this.#jar(jar).entries();
    if (!entries.length && mode !== "header") return {};
    const session = (change) => entries.map(([name, raw]) => [name, SESSION_COOKIE.test(name) ? change(raw) : raw]);
    const header = (list) => (list.length ? { cookie: list.map(([name, raw]) => `${name}=${raw}`).join("; ") } : {});
    switch (mode) {
      case "tampered":
        return header(session((raw) => changed(raw, (text) => flip(text, at % SIGNIFICANT))));
      case "cut":
        return header(session((raw) => changed(raw, (text) => text.slice(0, at % SIGNIFICANT))));
      case "bare":
        return header(session((raw) => decodeURIComponent(raw).split(".")[0]));
      case "decoded":
        return header(session((raw) => decodeURIComponent(raw)));
      case "quoted":
        return header(session((raw) => `"${raw}"`));
      case "junk":
        return header([["__proto__", "x"], ["better-auth.dont_remember", "true"], ["a", "b=c"], ...entries, ["=", ""]]);
      case "doubled": {
        const more = this.#jar(other).entries();
        return header(first ? [...more, ...entries] : [...entries, ...more]);
      }
      case "secure":
        return header(
          entries.map(([name, raw]) => [name.startsWith("__Secure-") ? name.slice(9) : `__Secure-${name}`, raw]),
        );
      case "header":
        return { "better-auth-cookie": this.#jar(jar).decodedHeader() };
      default:
        return header(entries);
    }
  }

  /** Replaces references by values, and {base} in texts. */
  resolve(value, jar) {
    if (typeof value === "string") return value.replace("{base}", this.base);
    if (Array.isArray(value)) return value.map((item) => this.resolve(item, jar));
    if (value === null || typeof value !== "object") return value;
    if (value.$) return this.#reference(value, jar);
    if (value.$literal) return value.$literal;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.resolve(item, jar)]));
  }

  #reference({ $, ...rest }, jar) {
    const inner = () => String(this.resolve(rest.value, jar) ?? "");
    switch ($) {
      case "email":
        return `${rest.of}@${this.run}.example.com`;
      case "upper":
        return inner().toUpperCase();
      case "flip":
        return flip(inner(), rest.at);
      case "flipCookie":
        return changed(inner(), (text) => flip(text, rest.at));
      case "text":
        return rest.parts.map((part) => this.resolve(part, jar)).join("");
      case "seen":
        return this.#seen[rest.name]?.at(-1 - rest.back) ?? `no-${rest.name}-yet`;
      case "mail":
        return this.#mailed(rest);
      case "cookie":
        return (
          this.#jar(jar).get(
            this.#jar(jar)
              .names()
              .find((name) => name.endsWith(rest.name)) ?? "",
          ) ?? "no-cookie-yet"
        );
      case "totp":
        return this.#totp(rest.step);
      case "backup":
        return this.#backupCodes[rest.index] ?? "no-backup-code-yet";
      case "emailToken":
        return this.#emailToken(this.resolve(rest.email, jar), rest.ttl);
      default:
        throw new Error(`unknown reference ${$}`);
    }
  }

  #mailed({ subject, member, back = 0 }) {
    const mails = this.#mails.filter((mail) => mail.subject === subject);
    return mails.at(-1 - back)?.[member] ?? "no-mail-yet";
  }

  #totp(step) {
    const uri = this.#seen.totpURI?.at(-1);
    return uri ? totp(uri, step, this.now) : "no-code-yet";
  }

  #emailToken(email, ttl) {
    const iat = Math.floor(this.start / 1000) - (ttl < 0 ? 1200 : 0);
    return hs256({ email, iat, exp: iat + Math.abs(ttl) }, this.profile.secret);
  }
}

/** Percent-encodes; a lone surrogate, which has no encoding, becomes a replacement character. */
const encode = (text) => encodeURIComponent(text.toWellFormed());

/** What Node lets pass in a header: others become question marks. */
const headerText = (value) => String(value).replace(/[^\t\x20-\x7e\x80-\xff]/g, "?");
