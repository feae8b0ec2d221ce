// A strict emulation of how the Convex backend validates the tokens of a `customJwt` provider.
//
// The rules that tokens and key sets most often break: the key set is parsed as a whole (jwks.mjs); its answer must have
// status 200 and a JSON content type; it is cached as Cache-Control allows, and an unknown key id does not lead to another
// fetch; the token's header must name its key; the clock may differ by 5 s; claims become members of the user's identity,
// nested ones flattened with dots, so a claim must not have the name of a member that the identity has already.
import { verify as verifySignature } from "node:crypto";
import { cacheSeconds, isKeySetType, parseKeySet, Refused } from "./jwks.mjs";

const LEEWAY = 5; // seconds
const RESERVED = new Set(["tokenIdentifier", "issuer", "subject"]);
const REGISTERED = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]);
const DIGESTS = { 256: "sha256", 384: "sha384", 512: "sha512" };
const PSS_PADDING = 6; // RSA_PKCS1_PSS_PADDING
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

const trimSlashes = (text) => text.replace(/\/+$/, "");

/** Validates tokens for one provider and keeps its key set, as a deployment does. */
export class ConvexValidator {
  #provider;
  #fetch;
  #now;
  #cached;

  /**
   * @param {{issuer: string, applicationID: string, algorithm: "RS256"|"ES256", jwks: string}} provider as in a
   *   deployment's auth.config.ts
   * @param {{fetch: (url: string) => Promise<{status: number, headers: Record<string, string>, body: string}>,
   *   now?: () => number}} options `now` is in seconds
   */
  constructor(provider, { fetch, now = () => Math.floor(Date.now() / 1000) }) {
    this.#provider = provider;
    this.#fetch = fetch;
    this.#now = now;
  }

  /**
   * Validates a token.
   *
   * @returns {Promise<{tokenIdentifier: string, subject: string, issuer: string, claims: Record<string, string>}>} the
   *   identity; custom claims are flattened, values as JSON text
   * @throws {Refused}
   */
  async validate(token) {
    if (!JWT.test(token)) throw new Refused("header", "not a JWT of three base64url parts");
    const [head, body, mac] = token.split(".");
    const header = decode(head, "header");
    const claims = decode(body, "claims");
    this.#checkProvider(claims);
    const key = this.#findKey(header, await this.#keySet());
    if (!signatureMatches(key, `${head}.${body}`, Buffer.from(mac, "base64url")))
      throw new Refused("signature", "does not match");
    if (header.alg !== key.alg) throw new Refused("header", `alg is ${header.alg}, the key's is ${key.alg}`);
    this.#checkTimes(claims);
    return identity(claims);
  }

  #checkProvider({ iss, aud }) {
    const { issuer, applicationID } = this.#provider;
    if (typeof iss !== "string") throw new Refused("claims", "iss is missing");
    const absolute = /^https?:\/\//.test(iss) ? iss : `https://${iss}`;
    if (trimSlashes(absolute) !== trimSlashes(issuer)) throw new Refused("claims", `iss is ${iss}, not ${issuer}`);
    if (![aud].flat().includes(applicationID))
      throw new Refused("claims", `aud is ${JSON.stringify(aud)}, not ${applicationID}`);
  }

  async #keySet() {
    if (this.#cached && this.#now() < this.#cached.until) return this.#cached.keys;
    const { status, headers, body } = await this.#fetch(this.#provider.jwks);
    if (status !== 200) throw new Refused("jwks", `status ${status}`);
    if (!isKeySetType(headers["content-type"])) throw new Refused("jwks", `content type ${headers["content-type"]}`);
    const keys = parseKeySet(body);
    this.#cached = { keys, until: this.#now() + cacheSeconds(headers["cache-control"]) };
    return keys;
  }

  #findKey(header, keys) {
    const { algorithm } = this.#provider;
    if (typeof header.kid !== "string") throw new Refused("header", "kid is missing");
    const key = keys.find(({ kid }) => kid === header.kid);
    if (!key) throw new Refused("header", `kid ${header.kid} is not in the key set`);
    if (key.alg !== algorithm)
      throw new Refused("header", `the key is for ${key.alg}, the provider is set up for ${algorithm}`);
    return key;
  }

  #checkTimes({ exp, nbf, iat }) {
    const now = this.#now();
    if (typeof exp !== "number") throw new Refused("claims", "exp is missing");
    if (now - exp > LEEWAY) throw new Refused("time", `expired ${now - exp} s ago`);
    for (const [name, time] of Object.entries({ nbf, iat })) {
      if (time === undefined) continue;
      if (typeof time !== "number") throw new Refused("claims", `${name} is not a number`);
      if (time - now > LEEWAY) throw new Refused("time", `${name} is ${time - now} s in the future`);
    }
  }
}

function decode(part, stage) {
  let value;
  try {
    value = JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    throw new Refused(stage, "not JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Refused(stage, "not an object");
  return value;
}

function signatureMatches({ alg, key }, data, signature) {
  const digest = DIGESTS[alg.slice(2)];
  if (alg.startsWith("ES"))
    return verifySignature(digest, Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }, signature);
  const padding = alg.startsWith("PS") ? { padding: PSS_PADDING } : {};
  return verifySignature(digest, Buffer.from(data), { key, ...padding }, signature);
}

function identity(payload) {
  if (typeof payload.sub !== "string") throw new Refused("claims", "sub is missing");
  const custom = Object.fromEntries(Object.entries(payload).filter(([name]) => !REGISTERED.has(name)));
  const claims = flatten(custom);
  for (const name of Object.keys(claims)) {
    if (RESERVED.has(name.split(".")[0]))
      throw new Refused("claims", `${name} has the name of a member of the identity`);
  }
  return { tokenIdentifier: `${payload.iss}|${payload.sub}`, subject: payload.sub, issuer: payload.iss, claims };
}

/** Claims by name, nested objects with dots, values as JSON text. Two claims of one flattened name are refused. */
function flatten(object, prefix = "") {
  const out = {};
  for (const [name, value] of Object.entries(object)) {
    const nested = value !== null && typeof value === "object" && !Array.isArray(value);
    const items = nested ? flatten(value, `${prefix}${name}.`) : { [prefix + name]: JSON.stringify(value) };
    for (const [key, item] of Object.entries(items)) {
      if (key in out) throw new Refused("claims", `two claims become ${key}`);
      out[key] = item;
    }
  }
  return out;
}
