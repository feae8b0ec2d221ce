// One-time codes as an authenticator app shows them (RFC 6238).
import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function fromBase32(text) {
  let bits = "";
  for (const letter of text.replace(/=+$/, "")) bits += ALPHABET.indexOf(letter).toString(2).padStart(5, "0");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** The code of an otpauth: URI, `steps` periods from now. */
export function codeOf(uri, steps = 0) {
  const parameters = new URL(uri).searchParams;
  const period = Number(parameters.get("period") ?? 30);
  const digits = Number(parameters.get("digits") ?? 6);
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 / period) + steps));
  const mac = createHmac("sha1", fromBase32(parameters.get("secret")))
    .update(counter)
    .digest();
  const value = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
  return String(value % 10 ** digits).padStart(digits, "0");
}
