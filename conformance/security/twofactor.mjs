// The second factor: going around it, guessing it, using it twice.
import { Jar } from "../lib/cookies.mjs";
import { totp } from "../lib/template.mjs";
import { atOnce, check, copyOf, PASSWORD } from "./site.mjs";

const LOCK = 10; // wrong codes in a row that lock an account
const ACCESS = ["/list-sessions", "/list-accounts", "/token", "/one-time-token/generate"];

/** A user with a second factor. `code(step)` gives the codes of an app; each is used once. */
async function enrolled(site) {
  const user = await site.user();
  const enable = await site.post("/two-factor/enable", { password: PASSWORD }, { jar: user.jar });
  if (enable.status !== 200) throw new Error(`enable answers ${enable.status} ${enable.text}`);
  const { totpURI, backupCodes } = enable.json;
  const start = Date.now();
  const code = (step) => totp(totpURI, step, start);
  const verify = await site.post("/two-factor/verify-totp", { code: code(-1) }, { jar: user.jar });
  if (verify.status !== 200) throw new Error(`verify-totp answers ${verify.status} ${verify.text}`);
  return { ...user, code, backupCodes };
}

/** An open challenge: signed in with the password alone. */
async function challenge(site, user, jar = new Jar(), password = PASSWORD) {
  const { answer } = await site.signIn(user.email, { jar, password });
  if (answer.status !== 200) throw new Error(`sign-in answers ${answer.status} ${answer.text}`);
  return { jar, asked: answer.json.twoFactorRedirect === true };
}

async function open(site, jar) {
  const out = (await site.whoami(jar)) ? ["/get-session"] : [];
  for (const path of ACCESS) if ((await site.get(path, { jar, keep: false })).status === 200) out.push(path);
  return out;
}

const wrong = (code) => code.replace(/\d/g, (digit) => (Number(digit) + 3) % 10);
const verify = (site, jar, code, rest = {}) => site.post("/two-factor/verify-totp", { code, ...rest }, { jar });

/** Whether a code was compared. A challenge that has ended is refused with 401 as well, before a code is looked at. */
const lookedAt = ({ status, json }) => status === 401 && json?.code === "INVALID_CODE";

export const tests = [
  {
    attack: "2FA bypass by replayed cookies",
    name: "every cookie of an open challenge",
    async run(site) {
      const user = await enrolled(site);
      const { jar, asked } = await challenge(site, user);
      check(asked, "no second factor is asked for");
      const left = await open(site, jar);
      check(!left.length, `open: ${left.join(", ")}`);
      for (const path of [
        "/two-factor/disable",
        "/two-factor/generate-backup-codes",
        "/two-factor/get-totp-uri",
        "/two-factor/enable",
      ]) {
        const answer = await site.post(path, { password: PASSWORD }, { jar, keep: false });
        check(answer.status >= 400 && answer.status < 500, `${path} answers ${answer.status}`);
      }
    },
  },
  {
    attack: "2FA bypass by another path",
    name: "after a reset of the password",
    async run(site) {
      const user = await enrolled(site);
      const answer = await site.post("/reset-password", {
        token: await site.resetToken(user.email),
        newPassword: "another-horse-1",
      });
      check(!answer.signsIn(), "the reset signs in");
      const { asked } = await challenge(site, user, new Jar(), "another-horse-1");
      check(asked, "no second factor is asked for");
    },
  },
  {
    attack: "2FA bypass by another path",
    name: "verification of the address during a challenge",
    async run(site) {
      const user = await enrolled(site);
      const { jar } = await challenge(site, user);
      await site.post("/send-verification-email", { email: user.email });
      const { token } = await site.mail(user.email, "verify-email");
      await site.get(`/verify-email?token=${token}`, { jar });
      const left = await open(site, jar);
      check(!left.length, `open: ${left.join(", ")}`);
    },
  },
  {
    attack: "2FA brute force",
    name: "more wrong codes than an account may have, over several challenges",
    async run(site) {
      const user = await enrolled(site);
      let looked = 0;
      for (let i = 0; i < LOCK + 5; i += 3) {
        const { jar } = await challenge(site, user);
        for (let n = 0; n < 3; n++) if (lookedAt(await verify(site, jar, wrong(user.code(0))))) looked++;
      }
      const { jar } = await challenge(site, user);
      check(
        (await verify(site, jar, user.code(0))).status !== 200,
        `after ${looked} wrong codes the right one still works`,
      );
    },
  },
  {
    attack: "2FA brute force",
    name: "50 wrong codes at once",
    racy: true,
    async run(site) {
      const user = await enrolled(site);
      const { jar } = await challenge(site, user);
      const answers = await atOnce(50, () =>
        site.post("/two-factor/verify-totp", { code: wrong(user.code(0)) }, { jar, keep: false }),
      );
      const looked = answers.filter(lookedAt).length;
      check(
        answers.every(({ status }) => status !== 200),
        "a wrong code is accepted",
      );
      check(looked <= LOCK, `${looked} of 50 were looked at`);
    },
  },
  {
    attack: "TOTP replay",
    name: "one code for two challenges",
    async run(site) {
      const user = await enrolled(site);
      const [first, second] = [await challenge(site, user), await challenge(site, user)];
      const code = user.code(0);
      if ((await verify(site, first.jar, code)).status !== 200) throw new Error("the first use fails");
      check((await verify(site, second.jar, code)).status !== 200, "the second use works, too");
    },
  },
  {
    attack: "TOTP replay",
    name: "one code for six challenges at once",
    racy: true,
    async run(site) {
      const user = await enrolled(site);
      const jars = [];
      for (let i = 0; i < 6; i++) jars.push((await challenge(site, user)).jar);
      const code = user.code(0);
      const answers = await Promise.all(jars.map((jar) => verify(site, jar, code)));
      const good = answers.filter(({ status }) => status === 200).length;
      check(good <= 1, `${good} of ${jars.length} succeeded`);
    },
  },
  {
    attack: "single-use race",
    name: "a backup code, 50 times at once",
    racy: true,
    async run(site) {
      const user = await enrolled(site);
      const { jar } = await challenge(site, user);
      const use = () =>
        site.post("/two-factor/verify-backup-code", { code: user.backupCodes[0] }, { jar, keep: false });
      const answers = await atOnce(50, use);
      const good = answers.filter(({ status }) => status === 200).length;
      check(good === 1, `${good} of 50 succeeded`);
      const next = await challenge(site, user);
      check(
        (await site.post("/two-factor/verify-backup-code", { code: user.backupCodes[0] }, { jar: next.jar })).status >=
          400,
        "it works once more",
      );
    },
  },
  {
    attack: "trust-device misuse",
    name: "the cookie of another user's device",
    async run(site) {
      const [alice, mallory] = [await enrolled(site), await enrolled(site)];
      const { jar } = await challenge(site, mallory);
      const answer = await verify(site, jar, mallory.code(0), { trustDevice: true });
      if (answer.status !== 200 || !jar.names().some((name) => name.endsWith("trust_device")))
        throw new Error(`no trust: ${answer.status}`);
      check((await challenge(site, alice, copyOf(jar))).asked, "no second factor is asked for");
    },
  },
  {
    attack: "trust-device misuse",
    name: "a trusted device after a reset of the password",
    async run(site) {
      const user = await enrolled(site);
      const { jar } = await challenge(site, user);
      await verify(site, jar, user.code(0), { trustDevice: true });
      await site.post("/reset-password", { token: await site.resetToken(user.email), newPassword: "another-horse-1" });
      check((await challenge(site, user, copyOf(jar), "another-horse-1")).asked, "no second factor is asked for");
    },
  },
  {
    attack: "trust-device misuse",
    name: "a trusted device after a new second factor",
    async run(site) {
      const user = await enrolled(site);
      const { jar } = await challenge(site, user);
      await verify(site, jar, user.code(0), { trustDevice: true });
      const trusted = copyOf(jar);
      await site.post("/two-factor/disable", { password: PASSWORD }, { jar });
      const enable = await site.post("/two-factor/enable", { password: PASSWORD }, { jar });
      const again = await site.post("/two-factor/verify-totp", { code: totp(enable.json.totpURI) }, { jar });
      if (again.status !== 200) throw new Error(`the second enrolment answers ${again.status}`);
      check((await challenge(site, user, trusted)).asked, "no second factor is asked for");
    },
  },
  {
    attack: "2FA bypass by another path",
    name: "turning it off or on without the password",
    async run(site) {
      const user = await enrolled(site);
      for (const path of [
        "/two-factor/disable",
        "/two-factor/enable",
        "/two-factor/get-totp-uri",
        "/two-factor/generate-backup-codes",
      ])
        for (const json of [{}, { password: "" }, { password: "wrong-password-1" }, { password: null }])
          check(
            (await site.post(path, json, { jar: user.jar, keep: false })).status >= 400,
            `${path} with ${JSON.stringify(json)}`,
          );
      check((await challenge(site, user)).asked, "no second factor is asked for");
    },
  },
];
