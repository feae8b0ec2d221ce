// Cookie lines and cookie jars, as a browser and as the cross-domain client of the Convex integration keep them.

/** decodeURIComponent that leaves malformed text as it is. */
export function tryDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Splits a Set-Cookie line. Attributes keep their spelling; a flag such as HttpOnly is `true`. */
export function parseSetCookie(line) {
  const [pair, ...rest] = line.split(";");
  const eq = pair.indexOf("=");
  const attributes = {};
  for (const part of rest.map((p) => p.trim()).filter(Boolean)) {
    const i = part.indexOf("=");
    attributes[i < 0 ? part : part.slice(0, i)] = i < 0 ? true : part.slice(i + 1);
  }
  return { name: pair.slice(0, eq).trim(), raw: pair.slice(eq + 1).trim(), attributes };
}

/** Splits a folded header ("a=1; Path=/, b=2; Path=/") on the commas that start a new cookie. */
export function splitFolded(value) {
  return value
    .split(/,(?=\s*[!#$%&'*+\-.^_`|~0-9A-Za-z]+=)/)
    .map((part) => part.trim())
    .filter(Boolean);
}

/** Cookies by name, raw values, in insertion order; `Max-Age` of zero or less deletes. Path and domain play no part. */
export class Jar {
  #cookies = new Map();

  absorb(lines) {
    for (const line of lines) {
      const cookie = parseSetCookie(line);
      const maxAge = Object.entries(cookie.attributes).find(([key]) => key.toLowerCase() === "max-age");
      if (maxAge && Number(maxAge[1]) <= 0) this.#cookies.delete(cookie.name);
      else this.#cookies.set(cookie.name, cookie.raw);
    }
  }

  /** The URL-decoded value of a cookie, or undefined. */
  get(name) {
    const raw = this.#cookies.get(name);
    return raw === undefined ? undefined : tryDecode(raw);
  }

  names() {
    return [...this.#cookies.keys()];
  }

  entries() {
    return [...this.#cookies];
  }

  /** The `Cookie` header of a browser. */
  header() {
    return this.entries()
      .map(([name, raw]) => `${name}=${raw}`)
      .join("; ");
  }

  /** The `Better-Auth-Cookie` header of the cross-domain client: values are decoded. */
  decodedHeader() {
    return this.entries()
      .map(([name, raw]) => `${name}=${tryDecode(raw)}`)
      .join("; ");
  }
}
