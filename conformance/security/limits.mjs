// Guessing, and exhausting the server.
import { readFileSync } from "node:fs";
import { atOnce, check, PASSWORD } from "./site.mjs";

const GUESSES = 12; // three in ten seconds are allowed
const PARALLEL = 200;
const ALLOWED = 3;
const MEGABYTE = 1 << 20;
const MOST_GROWTH = 400; // MiB
const FAST = 20_000; // ms

const guess = (site, headers = {}, email = "nobody@example.com") =>
  site.post("/sign-in/email", { email, password: "wrong-password-1" }, { headers });

/** How many of several guesses, one after the other, were looked at. */
async function lookedAt(site, headersOf) {
  let count = 0;
  for (let i = 0; i < GUESSES; i++) if ((await guess(site, headersOf(i))).status !== 429) count++;
  return count;
}

/** Addresses that are one client's, told in other ways. Each test has a network of its own. */
const SAME = {
  "addresses of one IPv6 network": (i) => `2001:db8:1:1:${(i * 4919).toString(16)}:${i}:0:1`,
  "spellings of one IPv6 address": (i) =>
    [
      "2001:db8:1:2::1",
      "2001:DB8:1:2::1",
      "2001:0db8:0001:0002:0000:0000:0000:0001",
      "2001:db8:1:2:0:0:0:1",
      "2001:db8:1:2::0.0.0.1",
    ][i % 5],
  "IPv4 and IPv4-mapped addresses": (i) =>
    ["198.51.100.7", "::ffff:198.51.100.7", "::ffff:c633:6407", "::FFFF:198.51.100.7"][i % 4],
};

const sameClient = Object.entries(SAME).map(([name, address]) => ({
  attack: "IP limiter bypass",
  name: `${name}, behind a proxy that is believed`,
  on: "proxied",
  async run(site) {
    const count = await lookedAt(site, (i) => ({ "x-forwarded-for": address(i) }));
    check(count <= ALLOWED, `${count} of ${GUESSES} guesses were looked at`);
  },
}));

/** The most memory that a process ever had, in MiB; the tests are on the same machine. */
const peak = (pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

export const tests = [
  {
    attack: "limiter race",
    name: "200 guesses at once",
    on: "limited",
    async run(site) {
      const answers = await atOnce(PARALLEL, () => guess(site, { "x-forwarded-for": "203.0.113.200" }));
      const looked = answers.filter(({ status }) => status !== 429).length;
      check(looked <= ALLOWED, `${looked} of ${PARALLEL} were looked at`);
    },
  },
  {
    attack: "IP limiter bypass",
    name: "another X-Forwarded-For with each guess, no proxy configured",
    on: "guessed",
    async run(site) {
      const count = await lookedAt(site, (i) => ({
        "x-forwarded-for": `203.0.113.${i}`,
        "x-real-ip": `203.0.113.${i}`,
        forwarded: `for=203.0.113.${i}`,
      }));
      check(count <= ALLOWED, `${count} of ${GUESSES} guesses were looked at`);
    },
  },
  {
    attack: "IP limiter bypass",
    name: "another path, query or spelling of the address with each guess",
    on: "spelled",
    async run(site) {
      let count = 0;
      for (let i = 0; i < GUESSES; i++) {
        const path = [
          `/sign-in/email?x=${i}`,
          "/sign-in/email/",
          "//sign-in/email",
          "/sign-in/email?",
          "/sign-in//email",
          "/%73ign-in/email",
        ][i % 6];
        const answer = await site.post(
          path,
          { email: `${i % 2 ? "NOBODY" : "nobody"}@example.com`, password: "wrong-password-1" },
          { headers: { "x-forwarded-for": "203.0.113.77" } },
        );
        if (answer.status === 401) count++;
      }
      check(count <= ALLOWED, `${count} guesses were looked at`);
    },
  },
  ...sameClient,
  {
    attack: "password DoS",
    name: "passwords of a megabyte",
    async run(site) {
      const { email, jar, id } = await site.user();
      const long = "x".repeat(MEGABYTE - 300);
      for (const [path, json] of [
        ["/sign-in/email", { email, password: long }],
        ["/sign-up/email", { name: "A", email: site.address(), password: long }],
        ["/change-password", { currentPassword: long, newPassword: long }],
        ["/verify-password", { password: long }],
      ]) {
        const begin = Date.now();
        const { status } = await site.post(path, json, { jar, keep: false });
        check(status >= 400 && status < 500, `${path} answers ${status}`);
        check(Date.now() - begin < FAST, `${path} takes ${Date.now() - begin} ms`);
      }
      check((await site.whoami(jar))?.id === id, "the user is signed out");
    },
  },
  {
    attack: "password DoS",
    name: "150 sign-ins at once, limits off",
    needs: ["pid"],
    async run(site) {
      const before = peak(site.server.pid);
      const answers = await atOnce(150, (i) => guess(site, {}, `nobody-${i}@example.com`));
      const odd = answers.find(({ status }) => ![401, 429, 503].includes(status));
      check(!odd, `answers ${odd?.status}`);
      const growth = peak(site.server.pid) - before;
      check(growth < MOST_GROWTH, `the process grew by ${growth.toFixed(0)} MiB`);
      check((await site.get("/ok")).status === 200, "others are not served");
    },
  },
  {
    attack: "password DoS",
    name: "a thousand connections that send nothing",
    async run(site) {
      const silent = atOnce(1000, () =>
        site.raw("POST /api/auth/sign-in/email HTTP/1.1\r\n", { silence: 3000 }).catch(() => ""),
      );
      const begin = Date.now();
      check((await site.get("/ok")).status === 200, "others are not served");
      check(Date.now() - begin < FAST, `others wait ${Date.now() - begin} ms`);
      await silent;
    },
  },
  {
    attack: "limiter race",
    name: "a limited client does not limit another user's sign-in for good",
    on: "proxied",
    async run(site) {
      await lookedAt(site, () => ({ "x-forwarded-for": "192.0.2.66" }));
      const email = site.address();
      const headers = { "x-forwarded-for": "192.0.2.67" };
      const up = await site.post("/sign-up/email", { name: "A", email, password: PASSWORD }, { headers });
      check(up.status === 200, `another address: sign-up answers ${up.status}`);
    },
  },
];
