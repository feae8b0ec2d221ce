// HTTP itself: smuggled requests, floods of parts, paths, and headers that a client should not have a say with.
import { atOnce, check } from "./site.mjs";

const CRLF = "\r\n";
const MANY = 100_000;
const FAST = 30_000; // ms

/** Answers in what a socket received. */
const statuses = (text) => [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));

/** A POST of sign-out by raw bytes. `lines` are the headers besides Host, `body` what follows. */
const request = (site, lines, body) =>
  [
    `POST ${site.basePath}/sign-out HTTP/1.1`,
    `Host: ${site.host}`,
    `Origin: ${site.origin}`,
    "Content-Type: application/json",
    ...lines,
    "",
    body,
  ].join(CRLF);

const SMUGGLED = (site) => `GET ${site.basePath}/ok HTTP/1.1${CRLF}Host: ${site.host}${CRLF}${CRLF}`;

/** Messages whose end is not clear. Whatever a server makes of one, it must not see a second request in it. */
const AMBIGUOUS = {
  "Content-Length and Transfer-Encoding": (site) => {
    const smuggled = SMUGGLED(site);
    return request(
      site,
      [`Content-Length: ${5 + smuggled.length}`, "Transfer-Encoding: chunked"],
      `0${CRLF}${CRLF}${smuggled}`,
    );
  },
  "two Content-Lengths": (site) =>
    request(site, ["Content-Length: 2", `Content-Length: ${2 + SMUGGLED(site).length}`], `{}${SMUGGLED(site)}`),
  "a list in Content-Length": (site) => request(site, ["Content-Length: 2, 60"], `{}${SMUGGLED(site)}`),
  "a signed Content-Length": (site) => request(site, ["Content-Length: +2"], `{}${SMUGGLED(site)}`),
  "a hexadecimal Content-Length": (site) => request(site, ["Content-Length: 0x2"], `{}${SMUGGLED(site)}`),
  "a bare LF after a chunk's size": (site) =>
    request(site, ["Transfer-Encoding: chunked"], `2\n{}${CRLF}0${CRLF}${CRLF}${SMUGGLED(site)}`),
  "a bare LF in a chunk extension": (site) =>
    request(site, ["Transfer-Encoding: chunked"], `2;\n{}${CRLF}0${CRLF}${CRLF}${SMUGGLED(site)}`),
  "an unknown Transfer-Encoding": (site) =>
    request(site, ["Transfer-Encoding: xchunked", "Content-Length: 2"], `{}${SMUGGLED(site)}`),
  "chunked, twice": (site) =>
    request(site, ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], `0${CRLF}${CRLF}${SMUGGLED(site)}`),
  "chunked, not last": (site) =>
    request(site, ["Transfer-Encoding: chunked, identity"], `0${CRLF}${CRLF}${SMUGGLED(site)}`),
  "a space before the colon": (site) =>
    request(site, ["Transfer-Encoding : chunked", "Content-Length: 2"], `{}${SMUGGLED(site)}`),
  "a folded header": (site) =>
    request(site, [`Transfer-Encoding:${CRLF} chunked`, "Content-Length: 2"], `{}${SMUGGLED(site)}`),
  "a chunk size that overflows": (site) =>
    request(site, ["Transfer-Encoding: chunked"], `10000000000000002${CRLF}{}${CRLF}0${CRLF}${CRLF}${SMUGGLED(site)}`),
  "a null character in a header": (site) => request(site, ["X-Y: a\0b", "Content-Length: 2"], `{}${SMUGGLED(site)}`),
};

/** What may be read by its Transfer-Encoding alone if the connection ends with the answer (RFC 9112, section 6.1). */
const TAKEN_AND_CLOSED = "Content-Length and Transfer-Encoding";

const smuggling = Object.entries(AMBIGUOUS).map(([name, message]) => ({
  attack: "HTTP parsing",
  name: `request smuggling: ${name}`,
  async run(site) {
    const received = await site.raw(message(site));
    const found = statuses(received);
    check(
      found.every((status) => status < 500 || status === 501),
      `answers ${found.join(", ")}`,
    );
    const closed = name === TAKEN_AND_CLOSED && /^connection: close\r$/im.test(received);
    check(closed || found[0] === undefined || found[0] >= 400, `answers ${found.join(", ")}: the message is taken`);
    check(found.length <= 1, `answers ${found.join(", ")}: a second request is seen`);
  },
}));

const FLOODS = {
  cookies: (site) =>
    site.get("/get-session", { headers: { cookie: Array.from({ length: MANY }, (_, i) => `c${i}=v`).join("; ") } }),
  "parameters in the query": (site) =>
    site.get(`/get-session?${Array.from({ length: MANY }, (_, i) => `p${i}=v`).join("&")}`),
  "parameters in a form": (site) =>
    site.post("/sign-in/email", undefined, {
      json: undefined,
      form: Object.fromEntries(Array.from({ length: MANY }, (_, i) => [`p${i}`, "v"])),
    }),
  "members in a body": (site) =>
    site.post("/sign-in/email", Object.fromEntries(Array.from({ length: MANY / 2 }, (_, i) => [`m${i}`, i]))),
  "levels in a body": (site) =>
    site.send({
      method: "POST",
      path: "/sign-in/email",
      type: "application/json",
      raw: "[".repeat(MANY) + "]".repeat(MANY),
    }),
};

const floods = Object.entries(FLOODS).map(([name, send]) => ({
  attack: "HTTP parsing",
  name: `a hundred thousand ${name}`,
  async run(site) {
    const begin = Date.now();
    const answer = await send(site).catch((error) => ({
      status: /ECONNRESET|EPIPE|hang up/.test(error.message) ? 431 : 0,
    }));
    check(answer.status >= 400 && answer.status < 500, `answers ${answer.status}`);
    check(Date.now() - begin < FAST, `takes ${Date.now() - begin} ms`);
    check((await site.get("/ok")).status === 200, "others are not served");
  },
}));

const POISON = [
  { host: "evil.example" },
  { "x-forwarded-host": "evil.example" },
  { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" },
  { forwarded: "host=evil.example;proto=https" },
  { "x-original-host": "evil.example" },
  { "x-host": "evil.example" },
  { "x-forwarded-server": "evil.example" },
  { "x-forwarded-prefix": "//evil.example" },
  { origin: "https://evil.example" },
  { referer: "https://evil.example/" },
];

const SPELLINGS = [
  "//sign-in/email",
  "/sign-in//email",
  "/sign-in/./email",
  "/x/../sign-in/email",
  "/%2e%2e/auth/sign-in/email",
  "/%73ign-in/email",
  "/sign-in%2femail",
  "/sign-in;x=1/email",
  "/sign-in/email;x",
  "/sign-in/email/",
  "/sign-in/email%00",
  "/sign-in/email%20",
  "/sign-in/email.json",
  "/SIGN-IN/EMAIL",
  "/sign-in\\email",
];

/** The preface of HTTP/2 (RFC 9113, section 3.4) and an empty SETTINGS frame. */
const PREFACE = `PRI * HTTP/2.0${CRLF}${CRLF}SM${CRLF}${CRLF}`;
const SETTINGS = "\0\0\0\x04\0\0\0\0\0";

/** A frame of HTTP/2 that is SETTINGS: how its peer would begin. */
const speaks2 = (received) => /^[^]{3}\x04[^]\0\0\0\0/.test(received);

export const tests = [
  ...smuggling,
  ...floods,
  {
    attack: "HTTP/2",
    name: "HTTP/2 without TLS, by prior knowledge",
    async run(site) {
      const received = await site.raw(PREFACE + SETTINGS);
      check(!speaks2(received), "the listener speaks HTTP/2");
      check(
        statuses(received).every((status) => status >= 400),
        `answers ${statuses(received).join(", ")}`,
      );
    },
  },
  {
    attack: "HTTP/2",
    name: "HTTP/2 without TLS, by Upgrade: h2c",
    async run(site) {
      const received = await site.raw(
        [
          `GET ${site.basePath}/ok HTTP/1.1`,
          `Host: ${site.host}`,
          "Connection: Upgrade, HTTP2-Settings",
          "Upgrade: h2c",
          "HTTP2-Settings: AAMAAABkAAQAAP__",
          "",
          PREFACE + SETTINGS,
        ].join(CRLF),
      );
      check(!statuses(received).includes(101), "the listener changes to HTTP/2");
      const [first, ...others] = statuses(received);
      if (first !== undefined && first !== 200 && first < 400) throw new Error(`answers ${first}`);
      check(
        others.every((status) => status >= 400),
        `answers ${others.join(", ")} to the preface`,
      );
    },
  },
  {
    attack: "host poisoning",
    name: "links in mails after forged Host and forwarding headers",
    async run(site) {
      const { email, jar } = await site.user();
      for (const headers of POISON) {
        await site.post("/request-password-reset", { email, redirectTo: "/reset" }, { headers }).catch(() => {});
        await site.post("/send-verification-email", { email }, { jar, keep: false, headers }).catch(() => {});
      }
      await site.post("/request-password-reset", { email });
      await site.mail(email, "reset-password");
      const mails = (await site.outbox()).filter(({ to }) => to === email);
      const foreign = mails.find(
        (mail) => !mail.url.startsWith(`${site.publicUrl}${site.basePath}/`) || /evil/.test(mail.url),
      );
      check(!foreign, `a mail has the link ${foreign?.url}`);
    },
  },
  {
    attack: "host poisoning",
    name: "redirects after forged Host and forwarding headers",
    async run(site) {
      for (const headers of POISON) {
        for (const path of [
          "/error?error=x",
          "/verify-email?token=x&callbackURL=/done",
          "/reset-password/x?callbackURL=/done",
        ]) {
          const answer = await site.get(path, { headers });
          check(
            !/evil/.test(answer.header("location") ?? ""),
            `${JSON.stringify(headers)}: ${answer.header("location")}`,
          );
        }
      }
    },
  },
  {
    attack: "path normalisation",
    name: "other spellings of /sign-in/email are not served",
    async run(site) {
      const { email } = await site.user();
      const served = [];
      for (const path of SPELLINGS) {
        const answer = await site.post(path, { email, password: "correct-horse-1" });
        check(answer.status < 500, `${path}: answers ${answer.status}`);
        if (answer.signsIn()) served.push(path);
      }
      check(!served.length, `signs in at ${served.join(", ")}`);
    },
  },
  {
    attack: "trusted headers",
    name: "identity and tenant headers from clients",
    async run(site) {
      const { id, email, token } = await site.user();
      const headers = {
        "x-user-id": id,
        "x-user": email,
        "x-user-email": email,
        "x-auth-user": id,
        "x-authenticated-user": email,
        "x-forwarded-user": email,
        "x-remote-user": email,
        "remote-user": email,
        "x-session-token": token,
        "x-session-id": token,
        "x-tenant": "convex",
        "x-tenant-id": "convex",
        "x-original-url": `${site.basePath}/list-sessions`,
        "x-rewrite-url": `${site.basePath}/list-sessions`,
        "x-middleware-subrequest": "middleware:middleware:middleware:middleware:middleware",
      };
      check(!(await site.get("/get-session", { headers })).json, "a header is taken for a session");
      check((await site.get("/list-sessions", { headers })).status === 401, "a header opens /list-sessions");
    },
  },
  {
    attack: "trusted headers",
    name: "Connection does not strip Origin or Cookie",
    async run(site) {
      const { jar } = await site.user();
      for (const connection of ["origin", "close, Origin", "cookie, origin", "keep-alive, sec-fetch-site, origin"]) {
        const headers = { origin: "https://evil.example", connection };
        const answer = await site.post("/update-user", { name: "Mallory" }, { jar, keep: false, headers });
        check(answer.status >= 400, `Connection: ${connection} answers ${answer.status}`);
      }
      check((await site.whoami(jar)).name === "Alice", "the name changed");
    },
  },
  {
    attack: "mail, header, log injection",
    name: "line breaks in values that become headers",
    async run(site) {
      for (const evil of [
        "%0d%0aset-cookie:%20evil=1",
        "%0aset-cookie:%20evil=1",
        "%E5%98%8A%E5%98%8Dset-cookie:%20evil=1",
      ]) {
        for (const path of [
          `/error?error=${evil}`,
          `/verify-email?token=x&callbackURL=/${evil}`,
          `/reset-password/${evil}?callbackURL=/${evil}`,
        ]) {
          const answer = await site.get(path);
          check(answer.status < 500, `${path}: answers ${answer.status}`);
          check(!answer.cookies().some((line) => line.startsWith("evil")), `${path} sets a cookie`);
        }
      }
    },
  },
  {
    attack: "fail-open on malformed input",
    name: "garbage in Authorization, Cookie and other headers, others served meanwhile",
    async run(site) {
      const { jar } = await site.user();
      const garbage = [
        "\x01\x02",
        "=",
        "Bearer",
        "Bearer ",
        "Bearer \x80\xff",
        "Basic !!!",
        "{}",
        "%00",
        "%zz",
        "a".repeat(6000),
        ";;;=;",
        '"',
        "__proto__=1",
      ];
      await atOnce(garbage.length, async (i) => {
        for (const name of ["authorization", "cookie", "x-forwarded-for", "content-type", "accept", "origin"]) {
          const value = garbage[i];
          const answer = await site
            .send({
              method: "POST",
              path: "/sign-out",
              raw: "{}",
              type: "application/json",
              headers: { [name]: value },
            })
            .catch((error) => ({
              status: /Invalid character|ERR_INVALID_CHAR/.test(`${error.code} ${error.message}`) ? 400 : 0,
            }));
          check(
            answer.status > 0 && answer.status < 500,
            `${name}: ${JSON.stringify(value.slice(0, 20))} answers ${answer.status}`,
          );
          if (name === "authorization" || name === "cookie") {
            const read = await site.get("/list-sessions", { headers: { [name]: value.replace(/[\x00-\x08]/g, "x") } });
            check(read.status >= 400 && read.status < 500, `${name} opens /list-sessions: ${read.status}`);
          }
        }
        check(await site.whoami(jar), "others are not served");
      });
    },
  },
];
