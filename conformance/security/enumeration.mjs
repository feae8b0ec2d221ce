// Learning who has an account, from what an answer says and from how long it takes.
import { check, PASSWORD } from "./site.mjs";

const SAMPLES = 12;
const FACTOR = 1.8; // Skipping a password hash makes a factor of ten and more.
const SLACK = 60; // ms: what takes as little either way is not told apart over a network

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

/** An answer without what differs between any two answers. */
const shape = (answer, ...texts) => {
  let text = JSON.stringify([answer.status, answer.text, answer.cookies(), answer.header("location") ?? null]);
  for (const secret of texts) text = text.replaceAll(secret, "X");
  return text.replace(/[A-Za-z0-9]{32}/g, "ID").replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
};

/** What is sent about an address. */
const ASKING = {
  "sign-in with a wrong password": (email) => ["/sign-in/email", { email, password: "wrong-password-1" }],
  "a request for a reset mail": (email) => ["/request-password-reset", { email, redirectTo: "/reset" }],
  "a request for a verification mail": (email) => ["/send-verification-email", { email }],
};

const content = Object.entries(ASKING).map(([name, request]) => ({
  attack: "enumeration by content",
  name,
  async run(site) {
    const { email: known } = await site.user();
    const unknown = site.address("nobody");
    const answers = [];
    for (const email of [known, unknown]) answers.push(shape(await site.post(...request(email)), email));
    check(answers[0] === answers[1], `known: ${answers[0]}, unknown: ${answers[1]}`);
  },
}));

const time = Object.entries(ASKING).map(([name, request]) => ({
  attack: "enumeration by time",
  name,
  racy: true,
  async run(site) {
    const { email: known } = await site.user();
    const unknown = site.address("nobody");
    const took = { known: [], unknown: [] };
    const sample = async (kind, email) => {
      const begin = performance.now();
      await site.post(...request(email));
      took[kind].push(performance.now() - begin);
    };
    for (let i = 0; i < SAMPLES; i++) {
      // Interleaved, and each first as often as the other: what else the machine does hits both.
      const order = i % 2 ? ["known", "unknown"] : ["unknown", "known"];
      for (const kind of order) await sample(kind, kind === "known" ? known : unknown);
    }
    const differ = (statistic) => {
      const [a, b] = [statistic(took.known), statistic(took.unknown)];
      return Math.max(a, b) > FACTOR * Math.min(a, b) && Math.abs(a - b) > SLACK / 2;
    };
    const told = differ(median) && differ((list) => Math.min(...list));
    check(!told, `known ${median(took.known).toFixed(0)} ms, unknown ${median(took.unknown).toFixed(0)} ms (medians)`);
  },
}));

export const tests = [
  ...content,
  ...time,
  {
    attack: "enumeration by content",
    name: "sign-up, where addresses must be verified",
    on: "discreet",
    async run(site) {
      const known = site.address();
      const unknown = site.address("nobody");
      const up = (email) => site.post("/sign-up/email", { name: "Alice", email, password: PASSWORD });
      await up(known);
      const answers = [];
      for (const email of [known, unknown])
        answers.push(shape(await up(email), email).replaceAll('\\"image\\":null,', ""));
      check(answers[0] === answers[1], `known: ${answers[0]}, unknown: ${answers[1]}`);
    },
  },
  {
    attack: "enumeration by content",
    name: "a change to an address that is taken",
    async run(site) {
      const [{ jar }, other] = [await site.user(), await site.user()];
      const taken = await site.post("/change-email", { newEmail: other.email }, { jar, keep: false });
      const free = await site.post("/change-email", { newEmail: site.address("nobody") }, { jar, keep: false });
      check(
        taken.status === free.status && taken.text === free.text,
        `taken: ${taken.status} ${taken.text}, free: ${free.status} ${free.text}`,
      );
    },
  },
];
