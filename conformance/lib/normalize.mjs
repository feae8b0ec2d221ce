// Turns an answer into the form of the recorded exchanges: volatile values become typed placeholders.
import { parseSetCookie, splitFolded, tryDecode } from "./cookies.mjs";
import { headerOf, headersOf } from "./http.mjs";
import { Labels, relativeTime } from "./labels.mjs";
import { hmacBase64 } from "./template.mjs";
import { inspectCompact, inspectJwe, inspectJwt, openHexWith, openSigned } from "./tokens.mjs";

const DAY = 864e5;
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const JWT = /^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const JWT_INSIDE = /eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?![A-Za-z0-9_.-])/g;
const JWE = /^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const TRUST_DEVICE = /^([A-Za-z0-9_-]{43})!(trust-device-[A-Za-z0-9_-]+)\.([A-Za-z0-9+/]{43}=)$/;
const TOKEN_NAMES = new Set(["token", "sessionToken", "access_token", "ott", "set-ott"]);
const ID_NAME = /^(id|kid|sub|_id)$|Id$/;
const URL_PARAMETER = /([?&])(state|code_challenge|code_verifier|nonce|ott|secret|user_code)=([A-Za-z0-9_-]{6,})/g;
const URL_KINDS = { secret: "totp-secret-base32", user_code: "user-code", ott: "token", state: "token" };
const IGNORED_HEADERS = new Set([
  "date",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "set-cookie",
]);

const mixedCase = (text) => /[a-z]/.test(text) && /[A-Z]/.test(text);

/** Normalizes all answers of one scenario; it remembers the values that it has seen. */
export class Normalizer {
  #labels = new Labels();
  #now = Date.now();

  /**
   * @param {{secrets: string[], fetchJwks?: () => Promise<object>, upstream?: string}} options the secrets of the
   *   server, the key set that checks its tokens, and the origin of the identity provider behind it
   */
  constructor(options) {
    this.options = options;
    this.secrets = options.secrets;
  }

  /** Normalizes a raw response. */
  async response(response) {
    this.#now = Date.now();
    const out = { status: response.status, headers: {} };
    const cookies = headersOf(response, "set-cookie");
    if (cookies.length) out.set_cookie = await this.#setCookies(cookies);
    for (const [name, value] of response.headers) {
      if (IGNORED_HEADERS.has(name)) continue;
      if (name === "set-better-auth-cookie") out.set_better_auth_cookie = await this.#setCookies(splitFolded(value));
      else out.headers[name] = appended(out.headers[name], await this.#header(name, value));
    }
    out.body = await this.#body(response);
    return out;
  }

  /** Normalizes a JSON value; `name` is the member that holds it. */
  async value(value, name = "") {
    if (typeof value === "string") return this.#string(value, name);
    if (typeof value === "number") return this.#number(value, name);
    if (Array.isArray(value)) {
      const out = [];
      for (const item of value) out.push(await this.value(item, name));
      return out;
    }
    if (value === null || typeof value !== "object") return value;
    const out = {};
    for (const [key, item] of Object.entries(value)) out[key] = await this.value(item, key);
    return out;
  }

  async #header(name, value) {
    if (name === "x-retry-after")
      return /^\d+$/.test(value) ? `<int:${Number(value) <= 10 ? "1..10" : "11..60"}>` : value;
    return this.#string(value, name);
  }

  async #body(response) {
    const text = response.body.toString();
    const type = headerOf(response, "content-type") ?? "";
    if (!text.length) return { type: "empty" };
    if (/json/.test(type) || /^[[{]/.test(text) || text === "null") {
      try {
        return { type: "json", value: await this.value(JSON.parse(text)) };
      } catch {
        return { type: "text", value: text };
      }
    }
    if (/html/.test(type) || /^\s*<!doctype html/i.test(text)) {
      return { type: "html", title: /<title>(.*?)<\/title>/s.exec(text)?.[1]?.trim() ?? null };
    }
    return { type: "text", value: await this.#string(text) };
  }

  async #setCookies(lines) {
    const out = [];
    for (const { name, raw, attributes } of lines.map(parseSetCookie)) {
      if (attributes.Expires)
        attributes.Expires = `<http-date:${relativeTime(Date.parse(attributes.Expires), this.#now)}>`;
      out.push({ name: await this.#text(name), value: await this.#cookie(name, raw), attributes });
    }
    return out;
  }

  async #cookie(name, raw) {
    if (raw === "") return "";
    const decoded = tryDecode(raw);
    if (/session_data/.test(name) && !decoded.startsWith("eyJhbGci")) {
      const compact = inspectCompact(decoded, this.secrets);
      if (compact) return { $compact: { ...(await this.value(compact)), signature: compact.signature } };
    }
    if (/^[0-9a-f]{96,}$/.test(decoded)) {
      const plain = openHexWith(decoded, this.secrets);
      if (plain !== undefined) return { $xchacha20poly1305_hex: await this.value(JSON.parse(plain)) };
    }
    const out = (await this.#trustDevice(decoded)) ?? (await this.#string(decoded, "cookie"));
    return raw === encodeURIComponent(decoded) ? out : { $not_uri_component_encoded: out };
  }

  async #trustDevice(text) {
    const match = TRUST_DEVICE.exec(text);
    if (!match) return undefined;
    const signed = this.secrets.some((secret) => hmacBase64(`${match[1]}!${match[2]}`, secret) === match[3]);
    return { [signed ? "$signed" : "$badly_signed"]: `<hmac-b64url:43>!${await this.#text(match[2])}` };
  }

  #number(value, name) {
    if (name === "expires_in" && value > 600) return `<~${Math.round(value / 60) * 60}>`;
    if (!Number.isInteger(value)) return value;
    if (value > 1.6e9 && value < 2.4e9) return `<unix:${relativeTime(value * 1000, this.#now)}>`;
    if (value > 1.6e12 && value < 2.4e12) return `<unix-ms:${relativeTime(value, this.#now)}>`;
    return value;
  }

  async #string(text, name = "") {
    const known = this.#labels.get(text);
    if (known) return known;
    if (/^[0-9a-f]{82,}$/.test(text)) {
      const plain = openHexWith(text, this.secrets);
      if (plain !== undefined) return { $xchacha20poly1305_hex: await this.value(plain) };
    }
    const date = this.#date(text);
    if (date) return date;
    if (JWT.test(text)) return this.#jwt(text);
    if (JWE.test(text)) return this.#jwe(text);
    const signed = openSigned(text, this.secrets);
    if (signed !== undefined) return { $signed: await this.#text(signed) };
    return this.#named(text, name) ?? this.#text(text);
  }

  #date(text) {
    const time = Date.parse(text);
    if (ISO_DATE.test(text)) {
      return Math.abs(time - this.#now) > 500 * DAY ? text : `<iso-date:${relativeTime(time, this.#now)}>`;
    }
    if (/^\d{4}-\d\d-\d\dT/.test(text) && Math.abs(time - this.#now) < 400 * DAY) {
      return `<date-in-other-format:${text.replace(/\d/g, "9")}>`;
    }
    return undefined;
  }

  async #jwt(token) {
    const jwt = await inspectJwt(token, this.options);
    if (!jwt) return "<not-a-jwt>";
    const claims = {};
    // The proof in a mailed token, and whom it is about: clients hand the token back as it is.
    const { authhost_proof: proof, ...rest } = jwt.claims;
    if (proof !== undefined) delete rest.sub;
    for (const [name, value] of Object.entries(rest)) {
      const numeric = typeof value === "number";
      if ((name === "iat" || name === "nbf") && numeric && Math.abs(value * 1000 - this.#now) < 60000)
        claims[name] = "<unix:now>";
      else if (name === "exp" && typeof jwt.claims.iat === "number") claims[name] = `<iat+${value - jwt.claims.iat}>`;
      else claims[name] = await this.value(value, name);
    }
    return { $jwt: { header: await this.value(jwt.header), claims, signature: jwt.signature } };
  }

  async #jwe(token) {
    const jwe = await inspectJwe(token, this.secrets);
    if (jwe.undecryptable) return { $jwe: jwe };
    const { iat, exp, ...claims } = jwe.claims;
    return {
      $jwe: { ...jwe, claims: { ...(await this.value(claims)), iat: "<unix:now>", exp: `<iat+${exp - iat}>` } },
    };
  }

  /** The label of a value that its member's name makes volatile, or undefined. */
  #named(text, name) {
    const label = (kind) => this.#labels.of(`${kind}:${text.length}`, text);
    if (ID_NAME.test(name)) {
      if (/^[A-Za-z0-9]{32}$/.test(text)) return label("id");
      if (UUID.test(text)) return this.#labels.of("uuid", text);
    }
    if (name === "codeVerifier" || name === "code_verifier") return label("code_verifier");
    if (name === "jti") return this.#labels.of("uuid", text);
    if (TOKEN_NAMES.has(name) && /^[A-Za-z0-9_-]{16,}$/.test(text)) return label("token");
    if (name === "otp" || name === "otpCode") return label("otp");
    if (name === "device_code") return label("device-code");
    if (name === "user_code" && /^[A-Z0-9]{4}-[A-Z0-9]{4}$/.test(text)) {
      return `<dashed:${this.#labels.of("user-code:8", text.replace("-", "")).slice(1)}`;
    }
    if (name === "user_code" && /^[A-Z0-9]{8}$/.test(text)) return label("user-code");
    if (name === "key" && text.length >= 32) return label("api-key");
    if (name === "start" && text.length <= 10) return `<first ${text.length} characters of the key>`;
    if (["x", "y", "n"].includes(name) && /^[A-Za-z0-9_-]{20,}$/.test(text)) return `<b64url:${text.length}>`;
    if (name === "backupCodes" && /^[A-Za-z0-9]{5}-[A-Za-z0-9]{5,}$/.test(text)) return label("backup-code");
    return undefined;
  }

  /** Replaces the volatile parts inside a text. */
  async #text(text) {
    const known = this.#labels.get(text);
    if (known) return known;
    const { upstream } = this.options;
    let out = upstream
      ? text.replaceAll(upstream, "{oidc}").replaceAll(encodeURIComponent(upstream), "{uri:oidc}")
      : text;
    const tokens = [...out.matchAll(JWT_INSIDE)].map(([token]) => token);
    for (const token of tokens) {
      const { $jwt: jwt } = await this.#jwt(token);
      out = out.replace(
        token,
        jwt ? `<jwt:${jwt.header.alg}:${jwt.signature}:${JSON.stringify(jwt.claims)}>` : "<jwt?>",
      );
    }
    return tokens.length && !/^https?:|^\//.test(out) ? out : this.#runs(out);
  }

  #runs(text) {
    const label = (kind, value) => this.#labels.of(`${kind}:${value.length}`, value);
    return text
      .replace(URL_PARAMETER, (_, sign, name, value) => `${sign}${name}=${label(URL_KINDS[name] ?? name, value)}`)
      .replace(/\b(2fa-|trust-device-)([A-Za-z0-9_-]{20,32})/g, (_, prefix, value) => prefix + label("random", value))
      .replace(/\btemp([-@])([A-Za-z0-9]{32})/g, (_, sign, value) => `temp${sign}${label("id", value)}`)
      .replace(/([?&]token=)([A-Za-z0-9_-]{24,})(?=$|&)/g, (_, name, value) => name + label("token", value))
      .replace(/(\/reset-password\/)([A-Za-z0-9]{24})(?=$|\?)/g, (_, path, value) => path + label("token", value))
      .replace(
        /(_multi-)([a-z0-9]{32})/g,
        (_, name, value) => name + (this.#labels.lowered(value) ?? label("lowercased-token", value)),
      )
      .replace(
        /[A-Za-z0-9_-]{12,}/g,
        (run) => this.#labels.get(run) ?? (run.length === 32 && mixedCase(run) ? label("token", run) : run),
      );
  }
}

const appended = (before, value) => (before === undefined ? value : [before, value].flat());
