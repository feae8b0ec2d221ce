// Accounts that somebody prepares at an address before its owner comes (pre-hijacking), and identity providers that say
// more than they have checked.
import { Jar } from "../lib/cookies.mjs";
import { check, PASSWORD } from "./site.mjs";

const NEXT = "another-horse-1";
const FEDERATED = ["federated", "merging"];

let people = 0;

/** Somebody at the identity provider. */
function person(site, email, verified) {
  const name = `p${++people}`;
  site.idp.add(name, { sub: `${name}-${process.pid}`, email, email_verified: verified, name: "Somebody" });
  return name;
}

/** A flow through the provider, as a person there; gives where it ends. */
async function federate(site, jar, who, { provider = "corp", path = "/sign-in/oauth2" } = {}) {
  const begin = await site.post(path, { providerId: provider, callbackURL: "/in", errorCallbackURL: "/out" }, { jar });
  if (begin.status !== 200) throw new Error(`${path} answers ${begin.status} ${begin.text}`);
  const url = new URL(begin.json.url);
  url.searchParams.set("persona", who);
  const there = await fetch(url, { redirect: "manual" });
  const back = new URL(there.headers.get("location"));
  const answer = await site.get(back.pathname + back.search, { jar, absolute: true });
  if (answer.status !== 302) throw new Error(`the callback answers ${answer.status} ${answer.text}`);
  return answer.header("location");
}

/** A browser that has gone through the provider. */
async function visitor(site, who, options) {
  const jar = new Jar();
  const end = await federate(site, jar, who, options);
  return { jar, end, user: await site.whoami(jar) };
}

async function reset(site, email) {
  const answer = await site.post("/reset-password", { token: await site.resetToken(email), newPassword: NEXT });
  if (answer.status !== 200) throw new Error(`reset-password answers ${answer.status} ${answer.text}`);
  const { jar } = await site.signIn(email, { password: NEXT });
  const owner = await site.whoami(jar);
  if (owner?.email !== email) throw new Error("the owner is not signed in after the reset");
  return owner;
}

async function verified(site, user) {
  await site.post("/send-verification-email", { email: user.email }, { jar: user.jar });
  await site.get(`/verify-email?token=${(await site.mail(user.email, "verify-email")).token}`, { jar: user.jar });
  if (!(await site.whoami(user.jar)).emailVerified) throw new Error("the address is not verified");
}

/** Fails if a browser or the first password opens the owner's account. */
async function shut(site, owner, jar, email) {
  check((await site.whoami(jar))?.id !== owner.id, "the attacker's session is good for the owner's account");
  check(!(await site.signIn(email)).token, "the attacker's password opens the owner's account");
}

const merge = FEDERATED.map((on) => ({
  on,
  name: "a password at somebody's address, before the owner comes with a provider",
  async run(site) {
    const mallory = await site.user();
    const owner = await visitor(site, person(site, mallory.email, true));
    if (owner.user) await shut(site, owner.user, mallory.jar, mallory.email);
    else check(owner.end.startsWith("/out"), `ends at ${owner.end}`);
  },
}));

const unverifiedFirst = FEDERATED.map((on) => ({
  on,
  name: "an unverified identity at somebody's address, before the owner comes with another provider",
  async run(site) {
    const email = site.address();
    const bad = person(site, email, false);
    const mallory = await visitor(site, bad);
    const owner = await visitor(site, person(site, email, true), { provider: "other" });
    if (!owner.user) return check(owner.end.startsWith("/out"), `ends at ${owner.end}`);
    check((await site.whoami(mallory.jar))?.id !== owner.user.id, "the session from before is good for the account");
    const again = await visitor(site, bad);
    check(again.user?.id !== owner.user.id, "the unverified identity opens the owner's account");
  },
}));

const LINKS = ["/link-social", "/oauth2/link"];

const trojans = LINKS.flatMap((path) => [
  {
    on: "federated",
    name: `an identity of another address, linked by ${path} before the owner resets the password`,
    run: (site) => trojan(site, path, () => person(site, site.address("mallory"), true)),
  },
  {
    on: "federated",
    name: `an identity of the unverified address, linked by ${path} before the owner resets the password`,
    run: (site) => trojan(site, path, (email) => person(site, email, false)),
  },
]);

/** Mallory signs up, links an identity, and comes back by it when the owner has recovered the account. */
async function trojan(site, path, identity) {
  const mallory = await site.user();
  const who = identity(mallory.email);
  const begin = { provider: "corp", providerId: "corp", callbackURL: "/in", errorCallbackURL: "/out" };
  const answer = await site.post(path, begin, { jar: mallory.jar });
  if (answer.status === 200) {
    const url = new URL(answer.json.url);
    url.searchParams.set("persona", who);
    const back = new URL((await fetch(url, { redirect: "manual" })).headers.get("location"));
    await site.get(back.pathname + back.search, { jar: mallory.jar, absolute: true });
  }
  const owner = await reset(site, mallory.email);
  check((await visitor(site, who)).user?.id !== owner.id, "the linked identity opens the owner's account");
}

export const tests = [
  ...merge,
  ...unverifiedFirst,
  ...trojans,
  {
    on: "federated",
    name: "a session at somebody's address, kept until the owner resets the password",
    async run(site) {
      const mallory = await site.user();
      const owner = await reset(site, mallory.email);
      await shut(site, owner, mallory.jar, mallory.email);
    },
  },
  {
    on: "federated",
    name: "a change of address, followed after the owner resets the password",
    async run(site) {
      const mallory = await site.user();
      const own = site.address("mallory");
      const asked = await site.post("/change-email", { newEmail: own }, { jar: mallory.jar });
      if (asked.status !== 200) throw new Error(`change-email answers ${asked.status} ${asked.text}`);
      const { token } = await site.mail(own, "verify-email");
      const owner = await reset(site, mallory.email);
      const jar = new Jar();
      await site.get(`/verify-email?token=${token}`, { jar });
      check((await site.whoami(jar))?.id !== owner.id, "the link signs the attacker in");
      const { answer } = await site.signIn(mallory.email, { password: NEXT });
      check(answer.json?.user?.email === mallory.email, "the account has the attacker's address");
    },
  },
  {
    on: "federated",
    name: "an unverified identity at somebody's address, before the owner recovers the account by mail",
    async run(site) {
      const email = site.address();
      const who = person(site, email, false);
      const mallory = await visitor(site, who);
      if (!mallory.user) return;
      const taken = await site.post("/sign-up/email", { name: "Owner", email, password: PASSWORD });
      if (taken.status === 200) throw new Error("the address can be signed up twice");
      const owner = await reset(site, email);
      check((await site.whoami(mallory.jar))?.id !== owner.id, "the session from before is good for the account");
      check((await visitor(site, who)).user?.id !== owner.id, "the unverified identity opens the owner's account");
    },
  },
  ...FEDERATED.map((on) => ({
    on,
    name: "an unverified identity at the address of a verified user",
    async run(site) {
      const owner = await site.user();
      await verified(site, owner);
      const { end, user } = await visitor(site, person(site, owner.email, false));
      check(!user, `signs in as ${user?.email}`);
      check(end.startsWith("/out"), `ends at ${end}`);
    },
  })),
].map((test) => ({
  attack: "account pre-hijacking",
  ...test,
  name: test.on === "merging" ? `${test.name}, without requireLocalEmailVerified` : test.name,
}));
