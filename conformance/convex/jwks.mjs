// Key sets as the Convex backend takes them: parsed as a whole, or refused as a whole.
import { createPublicKey } from "node:crypto";

/** The backend refuses something. `stage` says where: jwks, header, signature, claims, or time. */
export class Refused extends Error {
  constructor(stage, message) {
    super(`${stage}: ${message}`);
    this.stage = stage;
  }
}

const ALGORITHMS = new Set(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]);
const MEMBERS = { RSA: ["n", "e"], EC: ["crv", "x", "y"] };
const CURVES = new Set(["P-256", "P-384", "P-521"]);
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const MEDIA_TYPES = new Set(["application/json", "application/jwk-set+json"]);

/** Says whether a Content-Type header names a JSON key set: an allowed type, and no charset but utf-8. */
export function isKeySetType(header) {
  const [type, ...parameters] = (header ?? "").split(";").map((part) => part.trim());
  if (!MEDIA_TYPES.has(type.toLowerCase())) return false;
  const charset = parameters.map((p) => p.split("=")).find(([name]) => name.toLowerCase() === "charset")?.[1];
  return charset === undefined || charset.replace(/^"(.*)"$/, "$1").toLowerCase() === "utf-8";
}

/**
 * Parses a key set. One key that is not RSA or EC with a known algorithm refuses the whole set.
 *
 * @returns {{kid: string|undefined, alg: string, key: import("node:crypto").KeyObject}[]}
 */
export function parseKeySet(text) {
  let set;
  try {
    set = JSON.parse(text);
  } catch {
    throw new Refused("jwks", "the key set is not JSON");
  }
  if (!Array.isArray(set?.keys)) throw new Refused("jwks", "the key set has no list of keys");
  return set.keys.map(parseKey);
}

function parseKey(jwk, i) {
  const refuse = (why) => new Refused("jwks", `key ${i} ${why}, which refuses the whole set`);
  const members = Object.hasOwn(MEMBERS, jwk?.kty) ? MEMBERS[jwk.kty] : undefined;
  if (!members) throw refuse(`has type ${JSON.stringify(jwk?.kty)}, not RSA or EC`);
  if (!ALGORITHMS.has(jwk.alg)) throw refuse(`has unknown algorithm ${JSON.stringify(jwk.alg)}`);
  if ((jwk.kty === "EC") !== jwk.alg.startsWith("ES")) throw refuse(`has type ${jwk.kty} with algorithm ${jwk.alg}`);
  for (const name of members) if (typeof jwk[name] !== "string") throw refuse(`has no member ${name}`);
  for (const name of ["n", "e", "x", "y"]) {
    if (members.includes(name) && !BASE64URL.test(jwk[name]))
      throw refuse(`has a member ${name} that is not base64url`);
  }
  if (jwk.kty === "EC" && !CURVES.has(jwk.crv)) throw refuse(`has unknown curve ${JSON.stringify(jwk.crv)}`);
  if (jwk.kid !== undefined && typeof jwk.kid !== "string") throw refuse("has a kid that is not a string");
  for (const secret of ["d", "p", "q", "dp", "dq", "qi", "k"])
    if (secret in jwk) throw refuse(`publishes the private member ${secret}`);
  try {
    return { kid: jwk.kid, alg: jwk.alg, key: createPublicKey({ key: jwk, format: "jwk" }) };
  } catch (error) {
    throw refuse(`is not a key (${error.message})`);
  }
}

/** How long an answer may be kept, in seconds: its Cache-Control's max-age, zero with no-store, no-cache or without any. */
export function cacheSeconds(cacheControl) {
  const directives = (cacheControl ?? "")
    .toLowerCase()
    .split(",")
    .map((part) => part.trim());
  if (directives.includes("no-store") || directives.includes("no-cache")) return 0;
  const maxAge = directives.map((part) => /^max-age="?(\d+)"?$/.exec(part)?.[1]).find((value) => value !== undefined);
  return Number(maxAge ?? 0);
}
