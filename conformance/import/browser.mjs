// A client that keeps cookies, and an authenticator app.
import { createHmac } from "node:crypto";

/** One browser at one server; `at` moves it, with its cookies, to another. */
export class Browser {
  cookies = new Map();

  constructor(baseURL, origin = baseURL) {
    this.baseURL = baseURL;
    this.origin = origin;
  }

  /** The same browser at another server. */
  at(baseURL) {
    const moved = new Browser(baseURL, this.origin);
    moved.cookies = new Map(this.cookies);
    return moved;
  }

  async #send(method, path, body) {
    const response = await fetch(`${this.baseURL}/api/auth${path}`, {
      method,
      redirect: "manual",
      headers: {
        origin: this.origin,
        ...(body ? { "content-type": "application/json" } : {}),
        ...(this.cookies.size
          ? { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ") }
          : {}),
      },
      body: body ? JSON.stringify(body) : undefined,
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/Max-Age=0/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
  }

  get(path) {
    return this.#send("GET", path);
  }

  post(path, body = {}) {
    return this.#send("POST", path, body);
  }

  /** Answers 200, or throws what was answered. */
  async must(method, path, body) {
    const answer = await this.#send(method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(text) {
  let bits = "";
  for (const c of text) bits += ALPHABET.indexOf(c).toString(2).padStart(5, "0");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** The code that an authenticator app shows for an otpauth URI (RFC 6238), `steps` time steps from now. */
export function totp(uri, steps = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", base32(new URL(uri).searchParams.get("secret")))
    .update(counter)
    .digest();
  const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}
