// A server under attack, as the tests see it: requests, users, mails. Nothing here knows which server it is.
import net from "node:net";
import { Jar } from "../lib/cookies.mjs";
import { headerOf, headersOf, rawRequest } from "../lib/http.mjs";
import { eventually } from "../lib/process.mjs";

const MAIL_TIMEOUT = 5000;
const RAW_TIMEOUT = 5000;

export const PASSWORD = "correct-horse-1";

/** What a test throws when the attack works. Any other error is a fault of the test or of the server. */
export class Hole extends Error {}

/** Throws a Hole unless the condition holds. */
export function check(condition, what) {
  if (!condition) throw new Hole(what);
}

let users = 0;

/** One tenant. `sites` of the same server are in `others`, by name. */
export class Site {
  /**
   * @param {{name: string, baseUrl: string, publicUrl: string, basePath: string, outbox?: () => Promise<object[]>,
   *   secret?: string, idp?: object}} options `baseUrl` is where it listens, `publicUrl` what it calls itself, `idp` the
   *   identity provider of lib/oidc.mjs that it has
   */
  constructor({ name, baseUrl, publicUrl, basePath = "/api/auth", outbox, secret, server, idp }) {
    Object.assign(this, { name, baseUrl, publicUrl, basePath, outbox, secret, server, idp });
    this.host = new URL(publicUrl).host;
    this.origin = new URL(publicUrl).origin;
  }

  /**
   * Sends a request. `json` or `form` or `raw` is the body; a header that is null is not sent; `jar` gives cookies and
   * takes those of the answer; `absolute` paths are not below the base path.
   */
  async send({ method, path, json, form, raw, type, headers = {}, jar, absolute, keep = true }) {
    const body =
      json !== undefined ? JSON.stringify(json) : form !== undefined ? new URLSearchParams(form).toString() : raw;
    const kind =
      type ??
      (json !== undefined ? "application/json" : form !== undefined ? "application/x-www-form-urlencoded" : undefined);
    const verb = method ?? (body === undefined ? "GET" : "POST");
    const all = {
      host: this.host,
      "user-agent": "security/1.0",
      ...(verb === "GET" ? {} : { origin: this.origin }),
      ...(kind === undefined ? {} : { "content-type": kind }),
      ...(jar?.names().length ? { cookie: jar.header() } : {}),
      ...headers,
    };
    for (const name of Object.keys(all)) if (all[name] === null) delete all[name];
    const response = await rawRequest({
      baseUrl: this.baseUrl,
      method: verb,
      path: (absolute ? "" : this.basePath) + path,
      headers: all,
      body,
      timeout: 120_000,
    });
    if (jar && keep) jar.absorb(headersOf(response, "set-cookie"));
    return new Answer(response);
  }

  get(path, rest = {}) {
    return this.send({ method: "GET", path, ...rest });
  }

  post(path, json, rest = {}) {
    return this.send({ method: "POST", path, json: json ?? {}, ...rest });
  }

  /** An address that nobody has. */
  address(what = "user") {
    return `${what}-${process.pid}-${++users}@example.com`;
  }

  /** A new user with a session in `jar`. */
  async user({ email = this.address(), name = "Alice", verified = false } = {}) {
    const jar = new Jar();
    const answer = await this.post("/sign-up/email", { name, email, password: PASSWORD }, { jar });
    if (answer.status !== 200) throw new Error(`sign-up answers ${answer.status} ${answer.text}`);
    if (verified) throw new Error("not supported");
    return { email, jar, id: answer.json.user.id, token: answer.json.token };
  }

  /** Signs a user in, in a browser of its own or the given one. */
  async signIn(email, { password = PASSWORD, jar = new Jar(), headers, ...rest } = {}) {
    const answer = await this.post("/sign-in/email", { email, password, ...rest }, { jar, headers });
    return { jar, answer, token: answer.json?.token };
  }

  /** The user of the session that a jar holds, or null. */
  async whoami(jar, rest = {}) {
    const answer = await this.get("/get-session", { jar, keep: false, ...rest });
    if (answer.status >= 500) throw new Error(`get-session answers ${answer.status}`);
    return answer.json?.user ?? null;
  }

  /** The newest mail to an address; waits for it. */
  async mail(to, subject) {
    return eventually(
      async () =>
        (await this.outbox()).filter((mail) => mail.to === to && (mail.template ?? mail.subject) === subject).at(-1),
      { timeout: MAIL_TIMEOUT, onTimeout: () => new Error(`no mail ${subject} to ${to}`) },
    );
  }

  /** Asks for a new password and gives the token of the mail. */
  async resetToken(email) {
    await this.post("/request-password-reset", { email });
    return (await this.mail(email, "reset-password")).token;
  }

  /** Sends bytes over a socket of its own and gives what came back until the end, or until it is silent. */
  raw(bytes, { silence = 700 } = {}) {
    const { hostname, port } = new URL(this.baseUrl);
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: hostname, port });
      let received = "";
      let timer = setTimeout(() => socket.destroy(), RAW_TIMEOUT);
      socket.on("connect", () => socket.write(bytes));
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
        clearTimeout(timer);
        timer = setTimeout(() => socket.destroy(), silence);
      });
      socket.on("error", (error) =>
        received || ["ECONNRESET", "EPIPE"].includes(error.code) ? undefined : reject(error),
      );
      socket.on("close", () => {
        clearTimeout(timer);
        resolve(received);
      });
    });
  }
}

class Answer {
  constructor(response) {
    this.status = response.status;
    this.response = response;
    this.text = response.body.toString();
    try {
      this.json = JSON.parse(this.text);
    } catch {
      this.json = undefined;
    }
  }

  header(name) {
    return headerOf(this.response, name);
  }

  cookies() {
    return headersOf(this.response, "set-cookie");
  }

  /** A session cookie that is not empty. */
  signsIn() {
    return this.cookies().some((line) => /session_token=[^;]/.test(line));
  }
}

/** Changes one character. */
export const flip = (text, i) => text.slice(0, i) + (text[i] === "A" ? "B" : "A") + text.slice(i + 1);

/** A jar with the given cookies: [name, raw value]. */
export function jarOf(entries) {
  const jar = new Jar();
  jar.absorb(entries.map(([name, raw]) => `${name}=${raw}`));
  return jar;
}

/** A copy of a jar, as a thief would make one. */
export const copyOf = (jar) => jarOf(jar.entries());

/** Sends the same many times at once. */
export const atOnce = (count, send) => Promise.all(Array.from({ length: count }, (_, i) => send(i)));
