// Requests that another site makes in a user's browser, and what it may read.
import { Jar } from "../lib/cookies.mjs";
import { check, PASSWORD } from "./site.mjs";

/** Requests that change something for whoever has the cookie. */
const CHANGES = {
  "/sign-out": {},
  "/update-user": { name: "Mallory" },
  "/change-password": { currentPassword: PASSWORD, newPassword: "mallory-horse-1" },
  "/change-email": { newEmail: "mallory@example.com" },
  "/revoke-sessions": {},
  "/revoke-other-sessions": {},
  "/delete-user": { password: PASSWORD },
  "/one-time-token/verify": { token: "x" },
  "/two-factor/enable": { password: PASSWORD },
};

const FOREIGN = {
  "no Origin": { origin: null },
  "a null Origin": { origin: "null" },
  "a foreign Origin": { origin: "https://evil.example" },
  "an empty Origin": { origin: "" },
  "a foreign Referer": { origin: null, referer: "https://evil.example/page" },
  "a Referer that begins like the origin": (site) => ({ origin: null, referer: `${site.origin}.evil.example/` }),
  "two origins": (site) => ({ origin: `${site.origin} https://evil.example` }),
  "a foreign Origin and a trusted Referer": (site) => ({ origin: "https://evil.example", referer: `${site.origin}/` }),
};

const withCookies = Object.entries(FOREIGN).map(([name, headers]) => ({
  attack: "missing or null Origin with a cookie",
  name: `changes with ${name}`,
  async run(site) {
    const user = await site.user();
    const done = [];
    for (const [path, json] of Object.entries(CHANGES)) {
      const foreign = typeof headers === "function" ? headers(site) : headers;
      const answer = await site.post(path, json, { jar: user.jar, keep: false, headers: foreign });
      if (answer.status !== 403 && answer.status !== 404) done.push(`${path} (${answer.status})`);
    }
    check(!done.length, `not refused: ${done.join(", ")}`);
    check((await site.whoami(user.jar))?.name === "Alice", "something changed");
  },
}));

const SIMPLE = {
  "as a form": { type: "application/x-www-form-urlencoded", form: true },
  "as text": { type: "text/plain" },
  "as multipart": { type: "multipart/form-data; boundary=x" },
  "as JSON with a charset": { type: "application/json; charset=utf-8" },
  "without a type": { type: undefined },
};

const login = Object.entries(SIMPLE).map(([name, { type, form }]) => ({
  attack: "login CSRF by simple content types",
  name: `sign-in from another site ${name}`,
  async run(site) {
    const { email } = await site.user();
    const json = { email, password: PASSWORD };
    const body = form ? { form: json } : { raw: JSON.stringify(json) };
    for (const headers of [
      { origin: "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
      { origin: "null", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      { origin: null, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    ]) {
      const answer = await site.send({ method: "POST", path: "/sign-in/email", ...body, type, headers });
      check(
        [400, 403, 415].includes(answer.status) && !answer.signsIn(),
        `answers ${answer.status} to ${JSON.stringify(headers)}`,
      );
    }
  },
}));

export const tests = [
  ...withCookies,
  ...login,
  {
    attack: "missing or null Origin with a cookie",
    name: "changes by GET, HEAD or an overriding header",
    async run(site) {
      const { jar } = await site.user();
      for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
        await site.send({ method, path: "/sign-out", jar, keep: false, headers: { origin: "https://evil.example" } });
      await site.get("/get-session?_method=POST", {
        jar,
        keep: false,
        headers: { "x-http-method-override": "DELETE" },
      });
      check(await site.whoami(jar), "the session ended");
    },
  },
  {
    attack: "exemption by path prefix",
    name: "paths that share a part with endpoints that are not checked",
    async run(site) {
      const { jar } = await site.user();
      const headers = { origin: "https://evil.example" };
      for (const path of [
        "/sign-out?x=/callback/",
        "/sign-out#/callback/x",
        "/callback/../sign-out",
        "/callback/x/../../sign-out",
        "/sign-out/callback",
      ])
        await site.send({ method: "POST", path, raw: "{}", type: "application/json", jar, keep: false, headers });
      check(await site.whoami(jar), "the session ended");
    },
  },
  {
    attack: "CORS",
    name: "answers with credentials for a foreign, null or similar Origin",
    async run(site) {
      const { jar } = await site.user();
      for (const origin of [
        "https://evil.example",
        "null",
        `${site.origin}.evil.example`,
        "https://x.app.example.evil.example",
      ]) {
        for (const method of ["GET", "OPTIONS"]) {
          const headers = { origin, "access-control-request-method": "POST" };
          const answer = await site.send({ method, path: "/get-session", jar, keep: false, headers });
          const allowed = answer.header("access-control-allow-origin");
          check(allowed === undefined, `${method} from ${origin} is allowed to ${allowed}`);
        }
      }
    },
  },
  {
    attack: "session cookie attributes",
    name: "scripts and other sites do not get the cookie",
    async run(site) {
      const answer = await site.post(
        "/sign-up/email",
        { name: "A", email: site.address(), password: PASSWORD },
        { jar: new Jar() },
      );
      const line = answer.cookies().find((cookie) => /session_token=/.test(cookie)) ?? "";
      check(
        /; HttpOnly/i.test(line) && /; SameSite=(Lax|Strict)/i.test(line) && /; Path=\//.test(line),
        line.replace(/=[^;]*/, "=…"),
      );
      check(!/; Domain=/i.test(line), "the cookie is for subdomains, too");
    },
  },
];
