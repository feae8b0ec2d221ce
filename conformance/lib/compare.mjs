// Compares normalized answers with recorded ones.
//
// Placeholders are compared by what they stand for, not by their number: `<id:32#1>` of one side may be `<id:32#3>` of
// the other as long as the pairing holds, both ways, over the whole scenario. So the order of JSON members, which
// numbers depend on, plays no part. A member that is null is not the same as one that is absent.

const RELEVANT_HEADER =
  /^(content-type|location|access-control-.*|vary|cache-control|pragma|set-auth-token|set-auth-jwt|set-ott|x-retry-after)$/;
const NUMBERED = /<([^<>#]*)#(\d+)>/g;
const JWT_TEXT = /(<jwt:[^:]+:[^:]+:)(\{.*?\})>/g;
const DERIVED = /^(lower|dashed):/;

/** Which placeholder of one side stands for which of the other. Lives for one scenario. */
export class Pairing {
  #forth = new Map();
  #back = new Map();

  /** Notes the pair unless it contradicts an earlier one; says whether the two may stand for each other. */
  pair(want, got) {
    const forth = this.#forth.get(want) ?? got;
    const back = this.#back.get(got) ?? want;
    if (forth !== got || back !== want) return false;
    this.#forth.set(want, got);
    this.#back.set(got, want);
    return true;
  }

  /** Whether two placeholders are a pair already. */
  has(want, got) {
    return this.#forth.get(want) === got;
  }

  /** Whether neither of two placeholders has a partner. */
  free(want, got) {
    return !this.#forth.has(want) && !this.#back.has(got);
  }
}

/**
 * Lists the differences of two normalized values.
 *
 * @returns {{path: string, want: any, got: any}[]} `undefined` marks an absent side
 */
export function compare(want, got, pairing, path = "") {
  if (typeof want === "string" && typeof got === "string") {
    return sameText(want, got, pairing) ? [] : [{ path, want, got }];
  }
  if (isObject(want) && isObject(got)) {
    if (Array.isArray(want) && Array.isArray(got)) return compareLists(want, got, pairing, path);
    if (!Array.isArray(want) && !Array.isArray(got)) return compareObjects(want, got, pairing, path);
  }
  return want === got ? [] : [{ path, want, got }];
}

function compareLists(want, got, pairing, path) {
  if (/set_(better_auth_)?cookie$/.test(path))
    return compareObjects(cookiesByName(want), cookiesByName(sameNames(want, got, pairing)), pairing, path);
  const out = want.length === got.length ? [] : [{ path: `${path}.length`, want: want.length, got: got.length }];
  const common = Math.min(want.length, got.length);
  for (let i = 0; i < common; i++) out.push(...compare(want[i], got[i], pairing, `${path}[${i}]`));
  return out;
}

function compareObjects(want, got, pairing, path) {
  const out = [];
  for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
    if (path.endsWith("response.headers") && !RELEVANT_HEADER.test(key)) continue;
    out.push(...compare(want[key], got[key], pairing, path ? `${path}.${key}` : key));
  }
  return out;
}

/** Cookies as an object; a name that is set several times gets "#2", "#3" … appended. */
function cookiesByName(list) {
  const out = {};
  for (const { name, ...rest } of list) {
    let key = name;
    for (let n = 2; key in out; n++) key = `${name}#${n}`;
    out[key] = rest;
  }
  return out;
}

/** Gives cookies whose names have placeholders the names that their partners have on the other side. */
function sameNames(want, got, pairing) {
  const names = [...new Set(want.map(({ name }) => name))].filter((name) => placeholders(name).length);
  const partner = (name, fits) =>
    names.find(
      (other) =>
        other.replace(NUMBERED, "<$1#>") === name.replace(NUMBERED, "<$1#>") &&
        placeholders(other).every((label, i) => fits(label, placeholders(name)[i])),
    );
  return got.map((cookie) => {
    if (!placeholders(cookie.name).length) return cookie;
    const known = partner(cookie.name, (a, b) => pairing.has(a, b));
    const name = known ?? partner(cookie.name, (a, b) => pairing.free(a, b));
    if (name && !known) placeholders(name).forEach((label, i) => pairing.pair(label, placeholders(cookie.name)[i]));
    return { ...cookie, name: name ?? `${cookie.name} of another` };
  });
}

function sameText(want, got, pairing) {
  const [a, b] = [sortedJwts(want), sortedJwts(got)];
  if (a.replace(NUMBERED, "<$1#>") !== b.replace(NUMBERED, "<$1#>")) return false;
  const [left, right] = [placeholders(a), placeholders(b)];
  return left.every((label, i) => pairing.pair(label, right[i]));
}

const placeholders = (text) =>
  [...text.matchAll(NUMBERED)].map(([, kind, number]) => `${kind.replace(DERIVED, "")}#${number}`);

/** JWTs inside of texts carry their claims as JSON text: brings the members into one order. */
function sortedJwts(text) {
  return text.replace(JWT_TEXT, (whole, head, json) => {
    try {
      const sorted = Object.entries(JSON.parse(json)).sort(([a], [b]) => (a < b ? -1 : 1));
      return `${head}${JSON.stringify(Object.fromEntries(sorted))}>`;
    } catch {
      return whole;
    }
  });
}

const isObject = (value) => value !== null && typeof value === "object";
