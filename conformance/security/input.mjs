// What a client may not set, and what must not come back as code.
import { Jar } from "../lib/cookies.mjs";
import { check, PASSWORD } from "./site.mjs";

const ASSIGNED = {
  id: "attacker-chosen-id-000000000000000",
  role: "admin",
  banned: false,
  emailVerified: true,
  createdAt: "2000-01-01T00:00:00.000Z",
  updatedAt: "2000-01-01T00:00:00.000Z",
  twoFactorEnabled: true,
  userId: "attacker-chosen-id-000000000000000",
  isAdmin: true,
  password_hash: "x",
};

/** Members of the user that an attacker chose. */
const chosen = (user) =>
  Object.entries(ASSIGNED)
    .filter(([name, value]) => name in user && user[name] === value && !(name === "banned"))
    .map(([name]) => name);

const POLLUTION = [
  '{"__proto__":{"role":"admin","polluted":true},',
  '{"constructor":{"prototype":{"role":"admin","polluted":true}},',
];

const NOT_TEXT = [{ $ne: null }, { $gt: "" }, ["correct-horse-1"], { toString: "x" }, true, 1, null, { length: 15 }];

const SERVER_ONLY = [
  ["convex", "/convex/rotate-keys"],
  ["convex", "/convex/latest-jwks"],
  ["main", "/set-password"],
  ["main", "/sign-jwt"],
  ["main", "/verify-jwt"],
  ["main", "/two-factor/view-backup-codes"],
  ["main", "/two-factor/generate-totp"],
  ["main", "/totp/generate"],
  ["main", "/internal"],
];

export const tests = [
  {
    attack: "mass assignment",
    name: "sign-up with fields of the server",
    async run(site) {
      const jar = new Jar();
      const answer = await site.post(
        "/sign-up/email",
        { name: "A", email: site.address(), password: PASSWORD, ...ASSIGNED },
        { jar },
      );
      if (answer.status >= 400 && answer.status < 500) return;
      const user = await site.whoami(jar);
      const found = [...chosen(answer.json.user), ...chosen(user)];
      check(!found.length, `sets ${found.join(", ")}`);
    },
  },
  {
    attack: "mass assignment",
    name: "update-user with fields of the server",
    async run(site) {
      const { jar, email } = await site.user();
      for (const [name, value] of [...Object.entries(ASSIGNED), ["email", "mallory@example.com"]])
        await site.post("/update-user", { name: "Alice", [name]: value }, { jar, keep: false });
      const user = await site.whoami(jar);
      check(!chosen(user).length, `sets ${chosen(user).join(", ")}`);
      check(user.email === email, "changes the address");
    },
  },
  {
    attack: "mass assignment",
    name: "prototype members in bodies and forms",
    async run(site) {
      for (const head of POLLUTION) {
        const jar = new Jar();
        const raw = `${head}"name":"A","email":"${site.address()}","password":"${PASSWORD}"}`;
        const answer = await site.send({ method: "POST", path: "/sign-up/email", raw, type: "application/json", jar });
        check(answer.status < 500, `answers ${answer.status}`);
        const user = await site.whoami(jar);
        check(user?.role !== "admin" && user?.polluted === undefined, "sets a field");
      }
      const other = await site.user();
      const user = await site.whoami(other.jar);
      check(user.role !== "admin" && user.polluted === undefined, "other users have the field, too");
    },
  },
  {
    attack: "fail-open on malformed input",
    name: "objects, lists and numbers for addresses and passwords",
    async run(site) {
      const { email, jar } = await site.user();
      for (const value of NOT_TEXT) {
        for (const [path, json] of [
          ["/sign-in/email", { email, password: value }],
          ["/sign-in/email", { email: value, password: PASSWORD }],
          ["/verify-password", { password: value }],
          ["/change-password", { currentPassword: value, newPassword: "another-horse-1" }],
          ["/reset-password", { token: value, newPassword: "another-horse-1" }],
          ["/two-factor/enable", { password: value }],
          ["/one-time-token/verify", { token: value }],
        ]) {
          const answer = await site.post(path, json, { jar, keep: false });
          check(
            answer.status >= 400 && answer.status < 500,
            `${path} with ${JSON.stringify(json)}: answers ${answer.status}`,
          );
        }
      }
    },
  },
  ...SERVER_ONLY.map(([on, path]) => ({
    attack: "server-only endpoints",
    name: `POST ${path}`,
    on,
    async run(site) {
      const { jar } = await site.user();
      const answer = await site.post(path, {}, { jar, keep: false });
      check(answer.status === 404, `answers ${answer.status}`);
    },
  })),
  {
    attack: "reflected XSS",
    name: "markup in /error and in paths",
    async run(site) {
      const evil = "<svg onload=alert(1)>";
      const text = encodeURIComponent(evil);
      for (const path of [
        `/error?error=${text}`,
        `/error?error=x&error_description=${text}`,
        `/error?error=${encodeURIComponent('"><script>alert(1)</script>')}`,
        `/${text}`,
        `/reset-password/${text}`,
        `/verify-email?token=${text}&callbackURL=${text}`,
      ]) {
        const answer = await site.get(path, { headers: { accept: "text/html" } });
        check(answer.status < 500, `${path}: answers ${answer.status}`);
        const html = /html/.test(answer.header("content-type") ?? "");
        check(!html || !/<svg|<script>alert/.test(answer.text), `${path}: the markup comes back`);
        check(!/<|%3Cscript/i.test(answer.header("location") ?? ""), `${path}: the markup is in Location`);
      }
    },
  },
  {
    attack: "mail, header, log injection",
    name: "line breaks and markup in names and addresses",
    async run(site) {
      for (const email of [
        "a@example.com\r\nBcc: evil@example.com",
        "a@example.com\nBcc: x",
        "a@example.com,evil@example.com",
        "<a@example.com>",
        "a b@example.com",
        "a@example.com\u0000",
      ]) {
        const up = await site.post("/sign-up/email", { name: "A", email, password: PASSWORD });
        check(up.status >= 400 && up.status < 500, `signs up ${JSON.stringify(email)}`);
        const reset = await site.post("/request-password-reset", { email });
        check(reset.status < 500, `answers ${reset.status}`);
      }
      const { email } = await site.user({ name: "A\r\nBcc: evil@example.com\r\n<script>" });
      await site.post("/request-password-reset", { email });
      const mail = await site.mail(email, "reset-password");
      check(mail.to === email && !/[\r\n]/.test(mail.to), "the mail goes elsewhere");
    },
  },
];
