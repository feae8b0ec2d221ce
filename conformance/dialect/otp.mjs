// Mailed codes alone as a second factor, which 1.7 has and 1.6 has not: the same story told to better-auth 1.7.7 from npm
// and to a tenant of the dialect 1.7, with the answers side by side.
import http from "node:http";
import { betterAuth } from "better-auth-17";
import { getAdapter } from "better-auth-17/db/adapter";
import { getMigrations } from "better-auth-17/db/migration";
import { toNodeHandler } from "better-auth-17/node";
import { twoFactor } from "better-auth-17/plugins";
import { startAuthhost } from "../lib/authhost.mjs";
import { Jar } from "../lib/cookies.mjs";
import { startPostgres } from "../lib/postgres.mjs";
import { eventually, freePorts } from "../lib/process.mjs";
import { Site } from "../security/site.mjs";
import { sqlTables } from "../selfcheck/sql.mjs";

const PASSWORD = "correct-horse-1";
const EMAIL = "ada@example.com";
const SECRET = "dialect-otp-Zt5Rw8Yq1Pm4Xn7Lb0Kc3Vd6Jf9Hg2";

/** The official server with mailed codes, at a free port. */
async function official() {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const mails = [];
  const postgres = await startPostgres();
  const options = {
    baseURL: url,
    secret: SECRET,
    logger: { disabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    emailAndPassword: { enabled: true },
    plugins: [twoFactor({ otpOptions: { sendOTP: async ({ user, otp }) => void mails.push({ to: user.email, otp }) } })],
  };
  const tables = await sqlTables({ url: postgres.url, name: "otp", options, getAdapter, getMigrations });
  const server = http.createServer(toNodeHandler(betterAuth({ ...options, database: () => tables.adapter })));
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await tables.close();
    await postgres.stop();
  };
  return { site: new Site({ baseUrl: url, publicUrl: url, outbox: async () => mails }), stop };
}

async function ours(store) {
  const server = await startAuthhost({
    name: "dialect-otp",
    ids: ["main"],
    store,
    tenants: (listen) => [
      {
        id: "main",
        listen: listen("main"),
        baseURL: `http://${listen("main")}`,
        secret: SECRET,
        dialect: "1.7",
        rateLimit: { enabled: false },
        plugins: [{ id: "email-password" }, { id: "two-factor", config: { otpOptions: { sendOTP: true } } }],
      },
    ],
  });
  const url = server.url("main");
  const site = new Site({ baseUrl: url, publicUrl: url, outbox: () => server.admin.outbox("main") });
  return { site, stop: () => server.stop() };
}

/** Tells the story; gives what a client sees of each answer: {step, status, body, cookies}. */
async function tell(site) {
  const seen = [];
  const post = async (step, path, json, jar) => {
    const answer = await site.post(path, json, { jar });
    const cookies = answer.cookies().map((line) => line.split("=")[0] + (/Max-Age=0/.test(line) ? " expires" : ""));
    seen.push({ step, status: answer.status, body: shape(answer.json), cookies: [...new Set(cookies)].sort() });
    return answer;
  };
  const otp = async (count) =>
    eventually(async () => (await site.outbox()).filter((mail) => mail.otp)[count - 1], {
      timeout: 5000,
      onTimeout: () => new Error(`there is no ${count}. code`),
    }).then((mail) => mail.otp);
  const jar = new Jar();
  await post("sign up", "/sign-up/email", { name: "Ada", email: EMAIL, password: PASSWORD }, jar);
  await post("another method", "/two-factor/enable", { password: PASSWORD, method: "sms" }, jar);
  await post("no password", "/two-factor/enable", { method: "otp" }, jar);
  await post("wrong password", "/two-factor/enable", { password: "wrong-horse-1", method: "otp" }, jar);
  await post("enable", "/two-factor/enable", { password: PASSWORD, method: "otp" }, jar);
  const next = new Jar();
  await post("sign in", "/sign-in/email", { email: EMAIL, password: PASSWORD }, next);
  await post("a code of an app", "/two-factor/verify-totp", { code: "123456" }, next);
  await post("a backup code", "/two-factor/verify-backup-code", { code: "aaaaa-aaaaa" }, next);
  await post("before a mail", "/two-factor/verify-otp", { code: "123456" }, next);
  await post("have a code mailed", "/two-factor/send-otp", {}, next);
  await post("wrong code", "/two-factor/verify-otp", { code: "wrong" }, next);
  await post("right code", "/two-factor/verify-otp", { code: await otp(1) }, next);
  await post("an app's URI", "/two-factor/get-totp-uri", { password: PASSWORD }, next);
  await post("backup codes", "/two-factor/generate-backup-codes", { password: PASSWORD }, next);
  await post("an app, too", "/two-factor/enable", { password: PASSWORD }, next);
  const third = new Jar();
  await post("sign in before its first code", "/sign-in/email", { email: EMAIL, password: PASSWORD }, third);
  await post("disable", "/two-factor/disable", { password: PASSWORD }, next);
  await post("sign in with the password alone", "/sign-in/email", { email: EMAIL, password: PASSWORD }, new Jar());
  return seen;
}

/** Members and kinds of an answer; texts that a client acts on stay. */
function shape(value, name) {
  if (Array.isArray(value)) return value.length && typeof value[0] === "string" && name === "twoFactorMethods" ? value : ["…", value.length];
  if (value && typeof value === "object")
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, shape(value[key], key)]));
  if (["code", "message", "method"].includes(name) || typeof value === "boolean" || value === null) return value;
  return typeof value;
}

/** Runs the story on both; returns {total, failures}. */
export async function runOTP(store) {
  const servers = [await official(), await ours(store)];
  try {
    const [want, got] = [await tell(servers[0].site), await tell(servers[1].site)];
    const failures = want
      .map((answer, i) => [JSON.stringify(answer), JSON.stringify(got[i])])
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => `✗ dialect 1.7, mailed codes:\n    1.7.7     ${a}\n    authhost  ${b}`);
    return { total: want.length, failures };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
