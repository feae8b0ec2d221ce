// Makes requests: an endpoint with a body and a query, right or wrong, and headers around it. A request is JSON:
//
//   {jar, cookies, method, path, query: [[name, value]], headers, type, body: {json} | {raw} | {form: [[name, value]]}}
//
// `jar` names the browser; `cookies` says how its cookies are sent. Values may hold references (values.mjs).
import { valueFor, wrongValue } from "./values.mjs";

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

/** Endpoints that hash a password when they get one: most requests to them are to fail before that. */
const HASHING = new Set([
  "/sign-in/email",
  "/sign-up/email",
  "/change-password",
  "/verify-password",
  "/reset-password",
  "/delete-user",
  "/two-factor/enable",
  "/two-factor/disable",
  "/two-factor/get-totp-uri",
  "/two-factor/generate-backup-codes",
]);

const TYPES = [
  null,
  "",
  "text/plain",
  "application/json; charset=utf-8",
  "APPLICATION/JSON",
  "application/vnd.api+json",
  "multipart/form-data; boundary=x",
  FORM_TYPE,
  "application/octet-stream",
];

const RAW = [
  "",
  "{",
  "null",
  "[]",
  "12",
  '"x"',
  "{}",
  "{} x",
  '{"a":}',
  '{"token":"x","token":"y"}',
  "\ufeff{}",
  "a=b",
];

const ORIGINS = {
  none: null,
  null: "null",
  evil: "https://evil.example",
  suffix: "{base}.evil.example",
  port: "{base}:1",
  slash: "{base}/",
  upper: { $: "upper", value: "{base}" },
  site: "http://localhost:5173",
  wild: "https://app.example.org",
  scheme: "myapp://x",
  junk: "not an origin",
  empty: "",
};

/** Headers that should change nothing, or only what the protocol says. */
const EXTRAS = [
  { "x-forwarded-host": "evil.example" },
  { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" },
  { forwarded: "host=evil.example;proto=https" },
  { "x-original-url": "/api/auth/ok" },
  { "x-http-method-override": "DELETE" },
  { "x-forwarded-for": "203.0.113.9" },
  { "x-forwarded-for": "203.0.113.9, 10.0.0.1" },
  { "x-forwarded-for": "2001:db8::1" },
  { "x-forwarded-for": "garbage" },
  { accept: "text/html" },
  { "accept-encoding": "application/json" },
  { "accept-encoding": "gzip, br" },
  { "user-agent": null },
  { "user-agent": "x".repeat(500) },
  { "if-none-match": "*" },
  { range: "bytes=0-1" },
  { authorization: "Bearer nope" },
  { authorization: "Basic dTpw" },
  { authorization: "Bearer" },
  { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
  { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" },
  { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" },
  { referer: "{base}/page" },
  { referer: "https://evil.example/page" },
  { "x-requested-with": "XMLHttpRequest" },
  { "better-auth-cookie": "" },
  { "expo-origin": "myapp://x" },
];

const AUTHORIZATIONS = [
  { $: "text", parts: ["Bearer ", { $: "seen", name: "token", back: 0 }] },
  { $: "text", parts: ["bearer ", { $: "seen", name: "token", back: 1 }] },
  { $: "text", parts: ["Bearer ", { $: "cookie", name: "session_token" }] },
  { $: "text", parts: ["Bearer ", { $: "flipCookie", at: 40, value: { $: "cookie", name: "session_token" } }] },
  { $: "text", parts: ["Bearer ", { $: "cookie", name: "convex_jwt" }] },
  { $: "text", parts: ["Bearer ", { $: "seen", name: "jwt", back: 0 }] },
];

const cookieModes = {
  jar: 66,
  none: 9,
  tampered: 7,
  cut: 4,
  bare: 2,
  decoded: 2,
  quoted: 2,
  junk: 4,
  doubled: 2,
  secure: 1,
  header: 4,
};

function cookiesOf(random, jar) {
  const mode = random.weighted(cookieModes);
  if (mode === "tampered" || mode === "cut") return { mode, at: random.below(90) };
  if (mode === "doubled") return { mode, with: jar === "a" ? "b" : "a", first: random.chance(0.5) };
  return { mode };
}

/** Members of a body or query: all the required ones, some others. */
function fill(random, path, members) {
  const out = {};
  for (const [name, { type, required }] of Object.entries(members))
    if (required || random.chance(0.35)) out[name] = valueFor(random, path, name, type);
  return out;
}

/** Makes one or two members wrong, missing or unknown. */
function spoil(random, values) {
  const out = { ...values };
  for (let n = 1 + random.below(2); n > 0; n--) {
    const names = Object.keys(out);
    const name = names.length ? random.pick(names) : "x";
    const how = random.weighted({ wrong: 5, missing: 3, unknown: 2 });
    if (how === "missing") delete out[name];
    else
      out[how === "wrong" ? name : random.pick(["id", "role", "emailVerified", "createdAt", "x"])] = wrongValue(random);
  }
  return out;
}

const asText = (value) => (value === null || typeof value !== "object" || value.$ ? value : JSON.stringify(value));

function bodyOf(random, endpoint, spoiled) {
  let members = fill(random, endpoint.path, endpoint.body);
  if (spoiled) members = spoil(random, members);
  if (endpoint.form && random.chance(0.15)) {
    return { type: FORM_TYPE, body: { form: Object.entries(members).map(([name, value]) => [name, asText(value)]) } };
  }
  if (spoiled && random.chance(0.25)) {
    const raw = random.chance(0.5);
    return {
      type: raw ? JSON_TYPE : random.pick(TYPES),
      body: raw ? { raw: random.pick(RAW) } : { json: members },
    };
  }
  if (!Object.keys(endpoint.body).length && random.chance(0.3)) return { type: null };
  return { type: JSON_TYPE, body: { json: members } };
}

function pathOf(random, endpoint, exact) {
  const path = endpoint.path.replace(/:[A-Za-z]+/, (name) => `{${name.slice(1)}}`);
  if (exact) return path;
  const how = random.weighted({ plain: 96, slash: 1, double: 1, upper: 1, encoded: 1 });
  if (how === "slash") return `${path}/`;
  if (how === "double") return `/${path}`;
  if (how === "upper") return path.toUpperCase();
  if (how === "encoded") return path.replace(/^\/(.)/, (_, char) => `/%${char.charCodeAt(0).toString(16)}`);
  return path;
}

function headersOf(random) {
  const out = {};
  if (random.chance(0.12))
    out.origin = ORIGINS[random.weighted(Object.fromEntries(Object.keys(ORIGINS).map((k) => [k, 1])))];
  if (random.chance(0.12)) Object.assign(out, random.pick(EXTRAS));
  if (random.chance(0.06)) out.authorization = random.pick(AUTHORIZATIONS);
  return out;
}

/** A request to an endpoint. `cheap` asks for one that does not hash a password, `exact` for its very method and path. */
export function requestTo(random, endpoint, { jar, cheap = false, exact = false }) {
  const spoiled = HASHING.has(endpoint.path) ? cheap || random.chance(0.5) : random.chance(0.25);
  const query = fill(random, endpoint.path, endpoint.query);
  const method =
    !exact && random.chance(0.02)
      ? random.pick(["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "GET", "POST"])
      : endpoint.method;
  const sendsBody = endpoint.method !== "GET";
  return {
    jar,
    cookies: cookiesOf(random, jar),
    method,
    path: pathOf(random, endpoint, exact),
    params: /:([A-Za-z]+)/.test(endpoint.path)
      ? {
          [/:([A-Za-z]+)/.exec(endpoint.path)[1]]: valueFor(
            random,
            endpoint.path,
            /:([A-Za-z]+)/.exec(endpoint.path)[1],
            "string",
          ),
        }
      : undefined,
    query: Object.entries(spoiled && !sendsBody ? spoil(random, query) : query).map(([name, value]) => [
      name,
      asText(value),
    ]),
    headers: headersOf(random),
    ...(sendsBody ? bodyOf(random, endpoint, spoiled) : {}),
  };
}

/** Says whether a request may make a server hash a password. */
export const mayHash = (request) =>
  HASHING.has(request.path) &&
  request.method === "POST" &&
  /assword|\$/.test(JSON.stringify(request.body?.json ?? request.body?.form ?? ""));
