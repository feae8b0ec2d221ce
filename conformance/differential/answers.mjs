// What two answers have in common that are not the same to the letter.
import { headerOf } from "../lib/http.mjs";

/** Whether a raw answer is a success: redirects to an error are none. */
export const succeeded = ({ status, headers }) =>
  status < 300 || (status < 400 && !headers.some(([name, value]) => name === "location" && /error=/.test(value)));

/** An answer in short: "403 INVALID_ORIGIN: Invalid origin", "302 /welcome". */
export function said({ status, headers, body }) {
  const { code, message } = body.value ?? {};
  return `${[status, headers.location ?? code].filter(Boolean).join(" ")}${message ? `: ${message}` : ""}`;
}

/** Takes X-Retry-After out of both sides and compares it: seconds on two clocks may be one apart. */
export function retryDifferences(want, got, sides) {
  const [a, b] = [want, got].map((answer) => headerOf(answer, "x-retry-after"));
  if (a === undefined || b === undefined) return [];
  for (const { response } of sides) delete response.headers["x-retry-after"];
  return Math.abs(Number(a) - Number(b)) <= 1 ? [] : [{ path: "response.headers.x-retry-after", want: a, got: b }];
}

/** A header that is a list is the same in one line or several, in any order (RFC 9110, section 5.3). */
export function joinLists(headers) {
  const name = "access-control-expose-headers";
  if (headers[name]) headers[name] = [headers[name]].flat().join(", ").split(", ").sort().join(", ");
}

const LIFE = /<iat\+(\d+)>/g;

/** Times that two clocks may tell differently: moments, and ends of tokens, each of which took the time twice. */
export function sameTime(a, b) {
  if (sameMoment(a, b)) return true;
  if (typeof a !== "string" || typeof b !== "string" || a.replace(LIFE, "<iat>") !== b.replace(LIFE, "<iat>"))
    return false;
  const [left, right] = [a, b].map((text) => [...text.matchAll(LIFE)].map(([, seconds]) => Number(seconds)));
  return left.length > 0 && left.every((seconds, i) => Math.abs(seconds - right[i]) <= 1);
}

const MOMENT = /^<(iso-date|unix|unix-ms|http-date):(?:(now)|([+-]\d+)([mhd]))>$/;
const MINUTES = { m: 1, h: 60, d: 1440 };

/** Times that were rounded to minutes on two clocks: one minute apart is the same. */
function sameMoment(a, b) {
  const [left, right] = [a, b].map((text) => MOMENT.exec(text));
  if (!left || !right || left[1] !== right[1]) return false;
  const minutes = ([, , now, count, unit]) => (now ? 0 : Number(count) * MINUTES[unit]);
  return Math.abs(minutes(left) - minutes(right)) <= 1;
}
