// The {{...}} templates of recorded requests, their functions, and captures (see reference/FORMAT.md).
import { createHmac } from "node:crypto";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Standard base64 of HMAC-SHA256, the signature of Better Auth's cookies. */
export const hmacBase64 = (value, secret) => createHmac("sha256", secret).update(value).digest("base64");

/** A JWT signed with HS256 whose header is exactly {"alg":"HS256"}. */
export function hs256(claims, secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** The time-based one-time password (RFC 6238, SHA-1) of an otpauth URI, `steps` periods away from now. */
export function totp(uri, steps = 0, now = Date.now()) {
  const params = new URL(uri).searchParams;
  const digits = Number(params.get("digits") || 6);
  const period = Number(params.get("period") || 30);
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 1000 / period) + steps));
  const mac = createHmac("sha1", fromBase32(params.get("secret")))
    .update(counter)
    .digest();
  const offset = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}

function fromBase32(text) {
  const out = [];
  let bits = 0;
  let value = 0;
  for (const char of text.replace(/=+$/, "").toUpperCase()) {
    value = (value << 5) | BASE32.indexOf(char);
    bits += 5;
    if (bits >= 8) {
      out.push((value >>> (bits - 8)) & 255);
      bits -= 8;
    }
  }
  return Buffer.from(out);
}

const nextDigits = (text) => text.replace(/[0-9]/g, (digit) => String((Number(digit) + 1) % 10));
const replaceAt = (text, i) => text.slice(0, i) + (text[i] === "A" ? "B" : "A") + text.slice(i + 1);
const editUrl = (url, edit) => {
  const parsed = new URL(url, "http://x");
  edit(parsed.searchParams);
  return parsed.pathname + parsed.search;
};

function functions(secret) {
  const seen = new Set();
  /** A code is good once: the first that a scenario asks for sets the app up, and is the one of the step before. */
  const nextCode = (uri) => {
    const steps = seen.has(uri) ? 0 : -1;
    seen.add(uri);
    return totp(uri, steps);
  };
  return {
    totp: nextCode,
    totpAt: (uri, steps) => totp(uri, Number(steps)),
    wrongTotp: (uri) => nextDigits(totp(uri)),
    wrongOtp: nextDigits,
    tamper: (s) => replaceAt(s, 0),
    tamperEnd: (s) => replaceAt(s, s.length - 3),
    editCompact: (s) => {
      const data = JSON.parse(Buffer.from(s, "base64url").toString());
      data.session.user.name = "Mallory";
      return Buffer.from(JSON.stringify(data)).toString("base64url");
    },
    signed: (v) => `${v}.${hmacBase64(v, secret)}`,
    signedBy: (v, key) => `${v}.${hmacBase64(v, key)}`,
    beforeDot: (s) => s.slice(0, s.lastIndexOf(".")),
    uri: encodeURIComponent,
    upper: (s) => s.toUpperCase(),
    lower: (s) => s.toLowerCase(),
    repeat: (s, n) => s.repeat(Number(n)),
    first: (s, n) => s.slice(0, Number(n)),
    basic: (user, password) => Buffer.from(`${user}:${password}`).toString("base64"),
    hs256: (json) => hs256(JSON.parse(json), secret),
    emailToken: (email, ttl) => {
      const iat = Math.floor(Date.now() / 1000);
      return hs256({ email, iat, exp: iat + Number(ttl) }, secret);
    },
    dash: (s) => `${s.slice(0, 4)}-${s.slice(4)}`,
    pathOf: (url) => editUrl(url, () => {}),
    setQuery: (url, name, value) => editUrl(url, (params) => params.set(name, value)),
    delQuery: (url, name) => editUrl(url, (params) => params.delete(name)),
  };
}

/** Splits call arguments on commas outside of quotes and parentheses. */
function splitArguments(text) {
  const out = [];
  let depth = 0;
  let quoted = false;
  let current = "";
  for (const char of text) {
    if (char === "'") quoted = !quoted;
    if (!quoted && char === "(") depth++;
    if (!quoted && char === ")") depth--;
    if (char === "," && !depth && !quoted) {
      out.push(current);
      current = "";
    } else current += char;
  }
  if (current.trim()) out.push(current);
  return out;
}

/**
 * Returns a function that fills the templates in a string, array or object (names and values).
 * An unknown variable is an error: a capture that failed must not pass unnoticed.
 */
export function templates(variables, secret) {
  const known = functions(secret);
  const evaluate = (source) => {
    const text = source.trim();
    const call = /^([A-Za-z0-9_]+)\((.*)\)$/s.exec(text);
    if (call && Object.hasOwn(known, call[1])) return known[call[1]](...splitArguments(call[2]).map(evaluate));
    if (/^'.*'$/s.test(text)) return text.slice(1, -1);
    if (/^-?[0-9]+$/.test(text)) return text;
    if (variables[text] === undefined) throw new Error(`template variable ${text} has no value`);
    return variables[text];
  };
  const fill = (value) => {
    if (typeof value === "string") {
      const whole = /^\{\{((?:(?!\}\}).)*)\}\}$/s.exec(value);
      return whole ? evaluate(whole[1]) : value.replace(/\{\{(.*?)\}\}/gs, (_, source) => String(evaluate(source)));
    }
    if (Array.isArray(value)) return value.map(fill);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [fill(key), fill(item)]));
    }
    return value;
  };
  return fill;
}

/**
 * Evaluates a capture source, such as `json:user.id`, `cookie:NAME`, `mail:url` or `query:mail:url:token`.
 * `answer` is {json, headers, jar, mail, variables}. A source without a value gives undefined.
 */
export function capture(source, answer) {
  const base = (name) => (name in answer.variables ? answer.variables[name] : capture(name, answer));
  let match;
  if ((match = /^json:(.*)$/.exec(source))) {
    return match[1].split(".").reduce((value, key) => (value == null ? undefined : value[key]), answer.json);
  }
  if ((match = /^header:(.*)$/.exec(source)))
    return answer.headers.find(([name]) => name === match[1].toLowerCase())?.[1];
  if ((match = /^cookie:(.*)$/.exec(source))) return answer.jar.get(match[1]);
  if ((match = /^mail(\d*):(.*)$/.exec(source))) {
    return answer.mail[match[1] ? Number(match[1]) : answer.mail.length - 1]?.[match[2]] ?? undefined;
  }
  if ((match = /^query:(.+):([^:]+)$/.exec(source))) {
    const url = base(match[1]);
    return url == null ? undefined : (new URL(url, "http://x").searchParams.get(match[2]) ?? undefined);
  }
  throw new Error(`unknown capture source ${source}`);
}
