// The plugin webhooks: the app is asked and told, over failures of everybody who takes part.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { decodeJwt } from "jose";
import { BINARY, startAuthhost } from "../lib/authhost.mjs";
import { rawRequest } from "../lib/http.mjs";
import { eventually } from "../lib/process.mjs";
import { attempt, clientOf, PASSWORD, signUp } from "./people.mjs";
import { Receiver } from "./receiver.mjs";

const OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ARRIVES = 60_000; // The longest pause between attempts in a run as short as this is 16 s.
const PEOPLE = 6;

/** Keys of events in the order of a user's life. */
const key = ({ type, data }) => `${type.split(".")[1]} ${data.document.name}`;

function tenants({ events, questions, broken }) {
  const webhooks = (config) => ({ id: "webhooks", config });
  const base = (id, listen) => ({ id, listen, baseURL: `http://${listen}`, secret: `webhooks-${id}-Wm3Zr7Xc1Vq9Bn5Lk2Jh8Gf4` });
  return (listen) => [
    {
      ...base("app", listen("app")),
      user: { additionalFields: [{ name: "userId", input: false }, { name: "phone" }] },
      plugins: [
        { id: "email-password" },
        { id: "account", config: { deleteUser: { enabled: true } } },
        { id: "convex", config: { subject: "userId" } },
        webhooks({
          endpoints: {
            app: {
              url: events.url,
              secrets: [NEW, OLD],
              events: ["user.created", "user.updated", "user.deleted"],
              omit: { user: ["phone"] },
            },
          },
          checks: { app: { url: questions.url, secrets: [NEW], events: ["user.creating"], fields: ["userId"], timeoutMs: 1000 } },
        }),
      ],
    },
    {
      ...base("dead", listen("dead")),
      outbox: { giveUpAfter: "1s", keepDelivered: "1h" },
      plugins: [
        { id: "email-password" },
        webhooks({ endpoints: { app: { url: broken.url, secrets: [OLD], events: ["user.created", "session.created"] } } }),
      ],
    },
  ];
}

/** The app's answers: who may come, and the id that the app has for them. */
function decide({ data }) {
  const { email } = data.document;
  if (email.startsWith("uninvited")) return { status: 403, body: { code: "NOT_INVITED", message: "Ask for an invitation first." } };
  if (email.startsWith("crash")) return { status: 500 };
  return { status: 200, body: { set: { userId: `app|${email}`, email: "mallory@example.com" } } };
}

async function asked(server, { questions }, step) {
  const url = server.url("app");
  await step("the app refuses a sign-up with an error of its own", async () => {
    const { error } = await signUp(url, "uninvited@example.com");
    assert.deepEqual([error.status, error.code, error.message], [403, "NOT_INVITED", "Ask for an invitation first."]);
    assert.equal((await clientOf(url).signIn.email({ email: "uninvited@example.com", password: PASSWORD })).error.status, 401);
  });
  await step("an app that fails, or is away, lets nobody in unless it is told to", async () => {
    const { error } = await signUp(url, "crash@example.com");
    assert.deepEqual([error.status, error.code], [503, "CHECK_UNAVAILABLE"]);
    await questions.down();
    assert.equal((await signUp(url, "away@example.com")).error.code, "CHECK_UNAVAILABLE");
    await questions.up();
  });
  await step("the app's own id becomes userId and the subject of Convex tokens", async () => {
    const { data, client } = await signUp(url, "ada@example.com", "Ada");
    assert.equal(data.user.email, "ada@example.com");
    assert.equal((await client.getSession()).data.user.userId, "app|ada@example.com");
    assert.equal(decodeJwt((await client.convex.token()).data.token).sub, "app|ada@example.com");
    const again = await clientOf(url).updateUser({ userId: "app|somebody" });
    assert.ok(again.error, "a client sets its own userId");
  });
  await step("questions are signed", () => {
    assert.deepEqual(questions.unverified, []);
    assert.ok(questions.received.length >= 3);
  });
}

async function told(events, step) {
  await step("an event has the row of the user as Convex keeps it, without what is to be left out", async () => {
    const [event] = await eventually(() => events.events().length && events.events(), { timeout: ARRIVES, onTimeout: () => new Error("no event arrived") });
    const { document, ...data } = event.data;
    assert.equal(event.type, "user.created");
    assert.deepEqual(data, { tenant: "app", model: "user", userId: document._id, version: 1 });
    assert.ok(Number.isInteger(document._creationTime) && document.createdAt === document._creationTime);
    assert.equal(document.userId, "app|ada@example.com");
    assert.ok(!("id" in document) && !("phone" in document));
  });
}

/** People who sign up, change their names and leave, and what the server has acknowledged of it. */
class Crowd {
  constructor(url) {
    this.url = url;
    this.people = [];
  }

  async signUp(from, to) {
    for (let i = from; i < to; i++) {
      const person = await attempt(signUp(this.url, `p${i}@example.com`, `p${i} 0`));
      if (person.error) throw new Error(`sign-up: ${JSON.stringify(person.error)}`);
      this.people.push({ ...person, i, acknowledged: [`created p${i} 0`], n: 0 });
    }
  }

  /** Everybody changes their name until the server is gone. */
  async rename(times) {
    await Promise.all(
      this.people.map(async (person) => {
        for (let k = 0; k < times; k++) {
          const name = `p${person.i} ${++person.n}`;
          const { error } = await attempt(person.client.updateUser({ name }));
          if (error) return;
          person.acknowledged.push(`updated ${name}`);
        }
      }),
    );
  }

  async leave(person) {
    const { error } = await person.client.deleteUser({ password: PASSWORD });
    assert.equal(error, null);
    person.acknowledged.push(`deleted p${person.i} ${person.n}`);
  }

  /** What is wrong with the events that arrived. */
  faults(events) {
    const out = [];
    for (const person of this.people) {
      const mine = events.filter(({ data }) => data.userId === person.data.user.id);
      const keys = mine.map(key);
      const found = keys.filter((k) => person.acknowledged.includes(k));
      if (JSON.stringify(found) !== JSON.stringify(person.acknowledged))
        out.push(`${person.email}: want ${person.acknowledged.join(", ")}; got ${keys.join(", ")}`);
      const versions = mine.map(({ data }) => data.version);
      if (versions.some((v, i) => i > 0 && v <= versions[i - 1])) out.push(`${person.email}: versions ${versions.join(", ")}`);
    }
    return out;
  }

  async arrives(events) {
    await eventually(() => this.faults(events.events()).length === 0, {
      timeout: ARRIVES,
      interval: 200,
      onTimeout: () => new Error(this.faults(events.events()).join("\n")),
    });
  }
}

async function outage(server, events, step) {
  const crowd = new Crowd(server.url("app"));
  await step("while the receiver is down, everything else goes on", async () => {
    await events.down();
    await crowd.signUp(0, PEOPLE);
    await crowd.rename(3);
  });
  await step("the server is killed in the middle of it, twice", async () => {
    for (let round = 0; round < 2; round++) {
      const busy = crowd.rename(200);
      await new Promise((resolve) => setTimeout(resolve, 300 + 400 * Math.random()));
      await server.kill();
      await busy;
      await server.start();
      await crowd.rename(2);
    }
    await crowd.leave(crowd.people[0]);
  });
  await step("when the receiver is back, every event arrives, in order per user, and none is lost", async () => {
    await events.up();
    await crowd.arrives(events);
  });
  await step("the server is killed while it delivers", async () => {
    await crowd.signUp(PEOPLE, PEOPLE + 2);
    const busy = crowd.rename(200);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await server.kill();
    await busy;
    await server.start();
    await crowd.arrives(events);
  });
  await step("every request was signed with both secrets", () => {
    assert.deepEqual(events.unverified, []);
    assert.ok(events.received.length > 0);
  });
}

const command = (server, ...args) => execFileSync(BINARY, ["outbox", ...args, ...server.admin.flags, "--tenant", "dead"]).toString();

async function metric(server, name) {
  const text = (await rawRequest({ baseUrl: server.admin.baseUrl, method: "GET", path: "/metrics", headers: { host: new URL(server.admin.baseUrl).host } })).body.toString();
  return Number(text.split("\n").find((line) => line.startsWith(name))?.split(" ").at(-1) ?? NaN);
}

async function deadLetters(server, broken, step) {
  const dead = () => command(server, "list", "--state", "dead").trim().split("\n").slice(1);
  await step("what cannot be delivered in time becomes a dead letter, which lists and metrics show", async () => {
    broken.status = 500;
    await signUp(server.url("dead"), "ada@example.com", "Ada");
    await eventually(() => dead().length === 2, { timeout: ARRIVES, interval: 300, onTimeout: () => new Error(command(server, "list")) });
    for (const line of dead()) assert.match(line, /^dead +(user|session)\.created +\S+ +webhooks +app +\S+ +\d+ +\S+ +HTTP 500$/);
    const gauge = 'authhost_outbox_entries{channel="webhooks/app",state="dead",tenant="dead"}';
    await eventually(async () => (await metric(server, gauge)) === 2, { timeout: ARRIVES, interval: 500, onTimeout: () => new Error("the metric does not say 2") });
    assert.equal(broken.received.length, 0);
  });
  await step("a command delivers them again, in their order", async () => {
    broken.status = undefined;
    assert.match(command(server, "replay"), /^2 event/);
    await eventually(() => broken.received.length === 2, { timeout: ARRIVES, onTimeout: () => new Error("nothing was replayed") });
    assert.deepEqual(broken.events().map(({ type }) => type), ["user.created", "session.created"]);
    assert.ok(!JSON.stringify(broken.events()).includes('"token"'), "a session's token was sent");
    assert.equal(dead().length, 0);
  });
  await step("delivered events that are kept can be delivered once more, with the ids that they had", async () => {
    assert.match(command(server, "replay", "--state", "done", "--since", "2020-01-01T00:00:00Z"), /^2 event/);
    await eventually(() => broken.received.length === 4, { timeout: ARRIVES, onTimeout: () => new Error("nothing was replayed") });
    assert.equal(broken.events().length, 2);
  });
}

/** Two servers on one database: events of a user keep their order whichever commits them, and one of the two delivers. */
async function together(store, suffix, receivers, server, step) {
  const other = await startAuthhost({ name: `webhooks-second${suffix}`, ids: ["app", "dead"], tenants: tenants(receivers), store });
  try {
    await step("two servers on one database deliver in order, and nothing twice", async () => {
      const before = receivers.events.received.length;
      const crowd = new Crowd(server.url("app"));
      await crowd.signUp(100, 104);
      for (const person of crowd.people) {
        const elsewhere = clientOf(other.url("app"));
        assert.equal((await elsewhere.signIn.email({ email: person.email, password: PASSWORD })).error, null);
        person.clients = [person.client, elsewhere];
      }
      for (let k = 0; k < 10; k++) {
        for (const person of crowd.people) person.client = person.clients[k % 2];
        await crowd.rename(1);
      }
      await crowd.arrives(receivers.events);
      const fresh = receivers.events.received.slice(before);
      assert.equal(new Set(fresh.map(({ id }) => id)).size, fresh.length, "an event was delivered twice");
    });
    await step("the one that is left goes on when the other is killed", async () => {
      const crowd = new Crowd(other.url("app"));
      await server.kill();
      await crowd.signUp(200, 202);
      await crowd.rename(3);
      await crowd.arrives(receivers.events);
    });
  } finally {
    await other.stop();
  }
}

export async function webhooks(store, suffix, step) {
  const receivers = {
    events: await new Receiver({ secret: OLD }).up(),
    questions: await new Receiver({ secret: NEW, answer: decide }).up(),
    broken: await new Receiver({ secret: OLD }).up(),
  };
  let server;
  try {
    server = await startAuthhost({ name: `webhooks${suffix}`, ids: ["app", "dead"], tenants: tenants(receivers), store });
    await asked(server, receivers, step);
    await told(receivers.events, step);
    await outage(server, receivers.events, step);
    await deadLetters(server, receivers.broken, step);
    if (store.driver === "postgres") await together(store, suffix, receivers, server, step);
  } finally {
    await server?.stop();
    await Promise.all(Object.values(receivers).map((receiver) => receiver.down()));
  }
}
