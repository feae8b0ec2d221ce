// Opens and checks the signed and encrypted values of Better Auth's wire format, with keys that the tests know.
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hexToBytes } from "@noble/ciphers/utils.js";
import * as jose from "jose";
import { hmacBase64 } from "./template.mjs";

const JWE_SALTS = ["better-auth-session", "better-auth-account"];
const JWE_INFO = "BetterAuth.js Generated Encryption Key";

const fromBase64Url = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

/** Decrypts Better Auth's symmetric format: hex of nonce (24) || ciphertext || tag, key SHA-256(secret). Throws. */
export function openHex(hex, secret) {
  const key = new Uint8Array(createHash("sha256").update(secret).digest());
  const bytes = hexToBytes(hex);
  return new TextDecoder().decode(xchacha20poly1305(key, bytes.slice(0, 24)).decrypt(bytes.slice(24)));
}

/** The first secret's plaintext, or undefined when none of them opens it. */
export function openHexWith(hex, secrets) {
  for (const secret of secrets) {
    try {
      return openHex(hex, secret);
    } catch {
      // Another secret may fit.
    }
  }
  return undefined;
}

/** Splits `v.base64(HMAC)`: the value if one of the secrets made the signature, else undefined. */
export function openSigned(text, secrets) {
  const match = /^(.+)\.([A-Za-z0-9+/]{43}=)$/s.exec(text);
  return match && secrets.some((secret) => hmacBase64(match[1], secret) === match[2]) ? match[1] : undefined;
}

/**
 * Decodes a JWT and says whether its signature is right: HS256 with one of the secrets, others with the JWKS.
 * `upstream` is the issuer whose tokens are taken as they are. Returns undefined if it is no JWT.
 */
export async function inspectJwt(token, { secrets, fetchJwks, upstream }) {
  const [head, body, mac] = token.split(".");
  let header, claims;
  try {
    header = fromBase64Url(head);
    claims = fromBase64Url(body);
  } catch {
    return undefined;
  }
  if (header.alg === "HS256") {
    const made = (secret) => createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url") === mac;
    return { header, claims, signature: secrets.some(made) ? "valid" : "INVALID" };
  }
  if (upstream && claims.iss === upstream) return { header, claims, signature: "upstream" };
  const keys = await fetchJwks?.();
  if (!keys) return { header, claims, signature: "unchecked" };
  try {
    await jose.compactVerify(token, jose.createLocalJWKSet(keys));
    return { header, claims, signature: "valid" };
  } catch (error) {
    return { header, claims, signature: `INVALID (${error.code ?? error.name})` };
  }
}

/** Decrypts a JWE made with one of the secrets. Returns {header, salt, claims} or {header, undecryptable: true}. */
export async function inspectJwe(token, secrets) {
  const header = fromBase64Url(token.split(".")[0]);
  for (const secret of secrets) {
    for (const salt of JWE_SALTS) {
      const key = new Uint8Array(hkdfSync("sha256", Buffer.from(secret), Buffer.from(salt), Buffer.from(JWE_INFO), 64));
      try {
        const { payload } = await jose.jwtDecrypt(token, key, { clockTolerance: 60 });
        return { header: { ...header, kid: await describeKid(header.kid, key) }, salt, claims: payload };
      } catch {
        // Another secret or salt may fit.
      }
    }
  }
  return { header, undecryptable: true };
}

async function describeKid(kid, key) {
  if (kid === undefined) return undefined;
  const thumbprint = await jose.calculateJwkThumbprint({ kty: "oct", k: Buffer.from(key).toString("base64url") });
  return kid === thumbprint ? "<jwk-thumbprint-of-key>" : "<other-kid>";
}

/** Decodes a compact session_data cookie. Returns {session, expiresAt, signature} or undefined. */
export function inspectCompact(text, secrets) {
  let data;
  try {
    data = fromBase64Url(text);
  } catch {
    return undefined;
  }
  if (!data?.signature || !data.session) return undefined;
  const signed = JSON.stringify({ ...data.session, expiresAt: data.expiresAt });
  const made = (secret) => createHmac("sha256", secret).update(signed).digest("base64url") === data.signature;
  return { session: data.session, expiresAt: data.expiresAt, signature: secrets.some(made) ? "valid" : "INVALID" };
}
