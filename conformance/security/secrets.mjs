// Canaries: secrets that went through every flow must be nowhere but where they belong.
import { check, PASSWORD } from "./site.mjs";

const CANARY = "canary-kx8tq2lw9rz4";

/** Goes through the flows, right and wrong, and lists the secrets that took part. */
async function flows(site) {
  const email = site.address(CANARY);
  const password = `${CANARY}-password-1`;
  const next = `${CANARY}-password-2`;
  const secrets = { password, "new password": next, "server secret": site.secret };
  const up = await site.post("/sign-up/email", { name: "A", email, password });
  const { token } = await site.signIn(email, { password });
  Object.assign(secrets, { "session token": token, "first session token": up.json.token });
  await site.signIn(email, { password: `${CANARY}-wrong-password` });
  secrets["wrong password"] = `${CANARY}-wrong-password`;
  secrets["reset token"] = await site.resetToken(email);
  await site.get(`/reset-password/${secrets["reset token"]}?callbackURL=/reset`);
  await site.post("/reset-password", { token: secrets["reset token"], newPassword: "short" });
  await site.post("/reset-password", { token: secrets["reset token"], newPassword: next });
  await site.post("/reset-password", { token: secrets["reset token"], newPassword: next });
  const { jar, token: later } = await site.signIn(email, { password: next });
  secrets["later session token"] = later;
  await site.post("/change-password", { currentPassword: password, newPassword: next }, { jar });
  await site.post("/send-verification-email", { email }, { jar });
  secrets["verification token"] = (await site.mail(email, "verify-email")).token;
  await site.get(`/verify-email?token=${secrets["verification token"]}x`);
  secrets["one-time token"] = (await site.get("/one-time-token/generate", { jar })).json.token;
  await site.post("/one-time-token/verify", { token: secrets["one-time token"] });
  await site.post("/one-time-token/verify", { token: secrets["one-time token"] });
  secrets.JWT = (await site.get("/token", { jar })).json.token;
  await site.get("/get-session", { headers: { authorization: `Bearer ${secrets.JWT}` } });
  const enable = await site.post("/two-factor/enable", { password: next }, { jar });
  secrets["authenticator secret"] = new URL(enable.json.totpURI).searchParams.get("secret");
  secrets["backup code"] = enable.json.backupCodes[0];
  await site.post("/two-factor/verify-backup-code", { code: secrets["backup code"] }, { jar });
  await site.send({
    method: "POST",
    path: "/sign-in/email",
    raw: `{"email":"${email}","password":"${password}"`,
    type: "application/json",
  });
  await site.send({
    method: "POST",
    path: "/sign-in/email",
    raw: `email=${email}&password=${password}`,
    type: "text/plain",
  });
  await site.post("/sign-in/email", { email: { password }, password: [password] });
  await site.get(`/get-session?token=${token}&password=${password}`);
  await site.post("/revoke-session", { token }, { jar });
  return secrets;
}

export const tests = [
  {
    attack: "secret leak",
    name: "canaries in logs, metrics and the audit log",
    needs: ["evidence"],
    async run(site) {
      const secrets = await flows(site);
      const places = await site.server.evidence();
      const found = [];
      for (const [place, text] of Object.entries(places)) {
        check(text.length > 0, `${place} is empty`);
        for (const [name, secret] of Object.entries(secrets))
          if (text.includes(secret)) found.push(`${name} in ${place}`);
      }
      check(!found.length, found.join(", "));
    },
  },
  {
    attack: "secret leak",
    name: "canaries in answers to bad requests",
    async run(site) {
      const { email } = await site.user();
      const secret = `${CANARY}-answer`;
      for (const send of [
        () => site.post("/sign-in/email", { email, password: secret }),
        () => site.post("/sign-up/email", { name: "A", email, password: secret }),
        () => site.post("/sign-in/email", { email, password: [secret] }),
        () =>
          site.send({
            method: "POST",
            path: "/sign-in/email",
            raw: `{"password":"${secret}`,
            type: "application/json",
          }),
        () => site.post("/reset-password", { token: secret, newPassword: PASSWORD }),
        () => site.get(`/verify-email?token=${secret}`),
        () => site.get("/list-sessions", { headers: { authorization: `Bearer ${secret}` } }),
        () => site.post("/two-factor/verify-totp", { code: secret }),
      ]) {
        const answer = await send();
        check(!answer.text.includes(secret), `it is in an answer: ${answer.status} ${answer.text.slice(0, 200)}`);
        check(!answer.text.includes(site.secret ?? "\0"), "the server's secret is in an answer");
        check(!/node_modules|goroutine|\.go:\d|at .*\.m?js:/.test(answer.text), "an answer has a stack trace");
      }
    },
  },
];
