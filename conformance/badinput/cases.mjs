// Requests that no client sends: malformed, mistyped, oversized, nested, ambiguous.

const JSON_TYPE = "application/json";
const SIGN_IN = { email: "alice@example.com", password: "correct-horse-1" };

const nested = (depth, open = "[", close = "]") => open.repeat(depth) + close.repeat(depth);
const withMember = (json) => `{"email":"alice@example.com","password":"wrong-password","extra":${json}}`;

/** Bodies sent as application/json to several endpoints. */
const BODIES = {
  empty: "",
  "white space": " \r\n\t ",
  "open brace": "{",
  "no value": '{"email":}',
  "trailing comma": '{"email":"alice@example.com",}',
  "single quotes": "{'email':'alice@example.com'}",
  comment: '{"email":"alice@example.com"/**/}',
  "two documents": "{} {}",
  "trailing text": "{} x",
  "byte order mark": "\ufeff{}",
  "truncated word": "nul",
  NaN: '{"email":NaN}',
  "leading zero": '{"email":01}',
  "hexadecimal number": '{"email":0x1}',
  "raw control character": '{"email":"a\u0001b"}',
  "raw line feed in a string": '{"email":"a\nb"}',
  "bad escape": '{"email":"\\x41"}',
  "short unicode escape": '{"email":"\\u12"}',
  "invalid UTF-8": Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  "UTF-16": Buffer.from('{"email":"alice@example.com"}', "utf16le"),
  null: "null",
  true: "true",
  "a number": "12",
  "a huge number": "1e999",
  "a string": '"text"',
  "an empty string": '""',
  "a list": "[]",
  "a list of objects": "[{}]",
  "an empty object": "{}",
  "an empty member name": '{"":1}',
  "prototype members": '{"__proto__":{"email":"a@example.com"},"constructor":{"prototype":{}}}',
  "all members null":
    '{"email":null,"password":null,"name":null,"token":null,"newPassword":null,"currentPassword":null}',
  "all members lists": '{"email":[],"password":[],"name":[],"token":[],"newPassword":[],"currentPassword":[]}',
  "all members objects": '{"email":{},"password":{},"name":{},"token":{},"newPassword":{},"currentPassword":{}}',
  "all members numbers": '{"email":1,"password":2,"name":3,"token":4,"newPassword":5,"currentPassword":6}',
  "all members true":
    '{"email":true,"password":true,"name":true,"token":true,"newPassword":true,"currentPassword":true}',
};

const BODY_ENDPOINTS = [
  "/sign-in/email",
  "/sign-up/email",
  "/request-password-reset",
  "/reset-password",
  "/change-password",
  "/revoke-session",
  "/send-verification-email",
  "/sign-out",
  "/revoke-sessions",
  "/verify-password",
];

/** Content types sent with a body that is right as JSON. `null` sends none. */
const CONTENT_TYPES = [
  null,
  "",
  "text/plain",
  "text/json",
  "application/jsonp",
  "application/vnd.api+json",
  "application/xml",
  "application/octet-stream",
  "multipart/form-data",
  "multipart/form-data; boundary=x",
  "application/json; charset=utf-8",
  "application/json;charset=latin1",
  "Application/JSON",
  " application/json ",
  "application/json, text/plain",
  "application/x-www-form-urlencoded",
  "application",
  "/",
  "application/json; charset",
];

const FORMS = [
  "",
  "email=alice%40example.com&password=correct-horse-1",
  "email=a%40example.com&email=alice%40example.com&password=correct-horse-1",
  "email=alice%40example.com&password=correct-horse-1&rememberMe=true",
  "%zz=%zz",
  "email=%00&password=%ff",
  "&&&==",
  "email",
  "email[]=alice%40example.com&password=x",
];

/** Sign-in bodies whose members are readable but odd. */
const SIGN_INS = {
  "duplicate members, the last is right":
    '{"email":"bob@example.com","email":"alice@example.com","password":"correct-horse-1"}',
  "duplicate members, the last is wrong":
    '{"password":"correct-horse-1","email":"alice@example.com","password":"wrong-password"}',
  "duplicate members by escape":
    '{"email":"alice@example.com","password":"wrong-password","pass\\u0077ord":"correct-horse-1"}',
  "escaped text": '{"email":"alice\\u0040example.com","password":"correct-horse-1"}',
  "lone surrogate": '{"email":"alice@example.com","password":"\\ud800"}',
  "lone surrogate in the address": '{"email":"\\ud800@example.com","password":"x"}',
  "zero character in the password": '{"email":"alice@example.com","password":"correct-horse-1\\u0000"}',
  "zero character in the address": '{"email":"alice@example.com\\u0000","password":"x"}',
  "white space around the address": '{"email":" alice@example.com ","password":"correct-horse-1"}',
  "long address": JSON.stringify({ ...SIGN_IN, email: `${"a".repeat(10_000)}@example.com` }),
  "long password": JSON.stringify({ ...SIGN_IN, password: "x".repeat(10_000) }),
  "remember me is null": JSON.stringify({ ...SIGN_IN, rememberMe: null }),
  "remember me is a number": JSON.stringify({ ...SIGN_IN, rememberMe: 0 }),
  "callback is a list": JSON.stringify({ ...SIGN_IN, callbackURL: ["/x"] }),
  "callback is empty": JSON.stringify({ ...SIGN_IN, callbackURL: "" }),
  "callback is null": JSON.stringify({ ...SIGN_IN, callbackURL: null }),
  "callback with line feed": JSON.stringify({ ...SIGN_IN, callbackURL: "/a\r\nset-cookie: x=1" }),
  "16 levels": withMember(nested(16)),
  "60 levels of objects": withMember(nested(60, '{"a":', "}").replace(":}", ":1}")),
  "1000 levels": withMember(nested(1000)),
  "100000 levels": withMember(nested(100_000)),
  "100000 levels, never closed": withMember("[".repeat(100_000)),
  "many members": withMember(JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`m${i}`, i])))),
  "half a megabyte": withMember(JSON.stringify("x".repeat(500_000))),
  "two megabytes": withMember(JSON.stringify("x".repeat(2_000_000))),
};

const GETS = [
  "/get-session?disableCookieCache=maybe",
  "/get-session?disableCookieCache=true&disableCookieCache=false",
  "/get-session?disableRefresh=",
  "/get-session?disableRefresh[]=true",
  "/get-session?%zz",
  "/get-session?=&&",
  "/get-session?a=%00",
  "/%6Fk",
  "/ok%00",
  "/ok%2F",
  "/%2e%2e/ok",
  "/..%2fok",
  "/ok;x=1",
  "/ok?x=1",
  "/ok#x",
  "/reset-password/",
  "/reset-password/a%2Fb",
  "/reset-password/%zz",
  "/reset-password/x?callbackURL=/reset",
  "/reset-password/x?callbackURL=https://evil.example",
  "/reset-password/x?callbackURL=/a&callbackURL=/b",
  `/reset-password/${"x".repeat(2000)}?callbackURL=/reset`,
  "/reset-password/x/y",
  "/verify-email",
  "/verify-email?token=",
  "/verify-email?token=a.b.c",
  "/verify-email?token=a&token=b",
  "/verify-email?token=eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFsaWNlQGV4YW1wbGUuY29tIn0.",
  "/verify-email?token=x&callbackURL=/a",
  "/verify-email?token=x&callbackURL=javascript:alert(1)",
  "/error?error=%00",
  "/error?error=a&error=b",
  "/error?error=%zz",
  `/error?error=${"x".repeat(5000)}`,
];

const COOKIES = [
  "",
  ";",
  "=",
  "=x",
  ";;;",
  "better-auth.session_token",
  "better-auth.session_token=",
  "better-auth.session_token=x",
  "better-auth.session_token=%zz",
  "better-auth.session_token=%00",
  'better-auth.session_token="',
  "better-auth.session_token=a.b",
  "better-auth.session_token=.",
  "better-auth.session_token=x.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D",
  `better-auth.session_token=${"x".repeat(5000)}`,
  "better-auth.session_data=x; better-auth.dont_remember=x",
  "__proto__=x",
  "a=b=c=d",
];

const post = (name, path, body, headers) => ({
  name,
  method: "POST",
  path,
  headers: { "content-type": JSON_TYPE, ...headers },
  body,
});

/** Endpoints that need a session: without one they answer 401 and do not read the body. */
const SESSION_ENDPOINTS = new Set(["/change-password", "/revoke-session", "/revoke-sessions", "/verify-password"]);

/**
 * All cases: {name, method, path, headers, body, signedIn}. `path` is below the base path; a header that is null is not sent.
 * Cases of the same name do not exist.
 */
export function cases() {
  const out = [];
  for (const path of BODY_ENDPOINTS) {
    const signedIn = SESSION_ENDPOINTS.has(path);
    for (const [name, body] of Object.entries(BODIES)) out.push({ ...post(`${path}: ${name}`, path, body), signedIn });
    out.push({ ...post(`${path}: nothing, without type`, path, undefined, { "content-type": null }), signedIn });
    const other = signedIn ? "without a session" : "signed in";
    for (const [name, body] of [
      ["empty object", "{}"],
      ["malformed", "{"],
      ["nothing", undefined],
    ]) {
      out.push({ ...post(`${path}, ${other}: ${name}`, path, body), signedIn: !signedIn });
    }
  }
  for (const path of ["/sign-in/email", "/reset-password", "/sign-out"]) {
    for (const type of CONTENT_TYPES)
      out.push(post(`${path}: content type ${type}`, path, JSON.stringify(SIGN_IN), { "content-type": type }));
  }
  for (const body of FORMS)
    out.push(post(`form ${body}`, "/sign-in/email", body, { "content-type": "application/x-www-form-urlencoded" }));
  for (const [name, body] of Object.entries(SIGN_INS)) out.push(post(`sign-in: ${name}`, "/sign-in/email", body));
  out.push(post("sign-in: chunked", "/sign-in/email", JSON.stringify(SIGN_IN), { "transfer-encoding": "chunked" }));
  for (const path of GETS) out.push({ name: `GET ${path.slice(0, 100)}`, method: "GET", path, headers: {} });
  for (const cookie of COOKIES) {
    out.push({ name: `cookie ${cookie.slice(0, 60)}`, method: "GET", path: "/get-session", headers: { cookie } });
    out.push(post(`sign-out with cookie ${cookie.slice(0, 60)}`, "/sign-out", "{}", { cookie }));
  }
  out.push({
    name: "GET with a body",
    method: "GET",
    path: "/get-session",
    headers: { "content-type": JSON_TYPE },
    body: "{",
  });
  return out;
}
