// Signing keys change while tokens are asked for and checked: by schedule, by command, through a restart, and on two nodes
// that share a store. Verifiers cache the key set for as long as it says, each with its own luck of when it fetched, and never
// look for an unknown key, as a Convex deployment does. Hours are seconds here; the order of events is the same.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { ConvexValidator } from "../convex/validator.mjs";
import { BINARY, startAuthhost } from "../lib/authhost.mjs";

const RATE = 100; // tokens a second, of each of the two signers
const SECONDS = 40;
const TICK = 25; // ms
const MAX_UNDER_WAY = 1000; // most of them waiting to be checked again
const VERIFIERS = 8;
const PATIENCE = 60_000; // ms that a restart may take on a busy machine
const KEYS = { rotateEvery: "15s", publishAhead: "10s", overlap: "310s", maxAge: "2s" };
const LIFETIME = 300;
const SIGNERS = ["RS256", "ES256"];
const run = promisify(execFile);

const issuerOf = (id) => `https://${id}.convex.site`;

function tenants(listen) {
  return SIGNERS.map((algorithm) => {
    const id = algorithm.toLowerCase();
    return {
      id,
      listen: listen(id),
      baseURL: `http://${id}.example.test`,
      secret: `rotation-${id}-Hn5Tw9Kd2Vb7Qx4Zm1Lc8Rf3Jp6Gs`,
      rateLimit: { enabled: false },
      keys: KEYS,
      plugins: [
        { id: "email-password", config: {} },
        { id: "convex", config: { issuer: issuerOf(id), algorithm, lifetime: LIFETIME } },
      ],
    };
  });
}

/**
 * Asks until there is an answer: a server that restarts answers nobody for a moment, and one that has too much to do says so
 * and is asked again.
 */
async function ask(urls, path, init, onBusy = () => {}) {
  const end = Date.now() + PATIENCE;
  for (let i = 0; ; i++) {
    try {
      const response = await fetch(urls[i % urls.length] + path, init);
      if (response.status !== 503 || Date.now() > end) return response;
      onBusy();
      await sleep(250);
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(50);
    }
  }
}

function validator(algorithm, urls) {
  const provider = {
    issuer: issuerOf(algorithm.toLowerCase()),
    applicationID: "convex",
    algorithm,
    jwks: "/api/auth/convex/jwks",
  };
  const get = async (path) => {
    const response = await ask(urls, path);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  };
  let underWay;
  const load = (path) => {
    underWay ??= get(path).finally(() => {
      underWay = undefined;
    });
    return underWay; // one fetch for all who wait
  };
  return new ConvexValidator(provider, { fetch: load, now: () => Date.now() / 1000 });
}

const kidOf = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url")).kid;

/** One signer: tokens at a steady rate, each checked by a verifier at once and by another a little later. */
class Signer {
  constructor(algorithm, servers) {
    this.id = algorithm.toLowerCase();
    this.algorithm = algorithm;
    this.urls = servers.map((server) => server.url(this.id));
    this.verifiers = Array.from({ length: VERIFIERS }, () => validator(algorithm, this.urls));
    Object.assign(this, { asked: 0, busy: 0, checks: 0, tokens: [], kids: new Set(), failures: [], underWay: new Set() });
  }

  async signUp() {
    const response = await ask(this.urls, "/api/auth/sign-up/email", {
      method: "POST",
      headers: { "content-type": "application/json", origin: `http://${this.id}.example.test` },
      body: JSON.stringify({ name: "Ada", email: "ada@example.com", password: "correct-horse-1" }),
    });
    if (response.status !== 200) throw new Error(`sign-up: ${response.status} ${await response.text()}`);
    ({ token: this.session } = await response.json());
  }

  fail(what, error) {
    this.failures.push(`✗ ${this.algorithm}, ${what}: ${error.message ?? error}`);
  }

  async check(token, i, what) {
    this.checks++;
    await this.verifiers[i % VERIFIERS].validate(token).catch((error) => this.fail(what, error));
  }

  async one(i) {
    try {
      const urls = [this.urls[i % this.urls.length], ...this.urls];
      const init = { headers: { authorization: `Bearer ${this.session}` } };
      const response = await ask(urls, "/api/auth/convex/token", init, () => this.busy++);
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      const { token } = await response.json();
      this.kids.add(kidOf(token));
      this.tokens.push(token);
      await this.check(token, i, "a new token");
      await sleep(1000 + ((i * 7) % 2000));
      await this.check(token, i * 3 + 1, "a token of a while ago");
    } catch (error) {
      this.fail("asking for a token", error);
    }
  }

  async load(until) {
    const begin = Date.now();
    while (Date.now() < until) {
      const due = Math.floor(((Date.now() - begin) / 1000) * RATE);
      for (; this.asked < due && this.underWay.size < MAX_UNDER_WAY; this.asked++) {
        const work = this.one(this.asked).finally(() => this.underWay.delete(work));
        this.underWay.add(work);
      }
      await sleep(TICK);
    }
    this.rate = this.asked / ((Date.now() - begin) / 1000);
    await Promise.all(this.underWay);
  }

  /** At the end, who fetches the keys anew can check every token that is still good. */
  async checkAll() {
    this.verifiers = [validator(this.algorithm, this.urls)];
    const good = this.tokens.slice(0, 2000);
    this.checks += good.length;
    for (const token of good)
      await this.verifiers[0].validate(token).catch((error) => this.fail("the key set at the end", error));
  }
}

async function keysCommand(server, ...args) {
  const { stdout } = await run(BINARY, ["keys", ...args, ...server.admin.flags]);
  return stdout;
}

/** What operators do meanwhile. */
async function operate(servers, fail) {
  const pause = (SECONDS * 1000) / 6;
  for (const id of SIGNERS.map((a) => a.toLowerCase())) {
    await keysCommand(servers[0], "rotate", "--tenant", id).catch(fail);
    // A second command while the first key waits, on another node if there is one, changes nothing.
    await keysCommand(servers.at(-1), "rotate", "--tenant", id).catch(fail);
  }
  await sleep(pause * 1.5);
  await servers[0].restart();
  await sleep(pause);
  await servers.at(-1).restart();
}

/**
 * Runs the suite on one store; PostgreSQL has two nodes.
 *
 * @returns {Promise<{passed: number, total: number, failures: string[], nodes: number, keys: number, rate: number, busy: number}>}
 *   `rate` is in tokens a second; `busy` counts answers that said so
 */
export async function runRotation(store, suffix) {
  const nodes = store.driver === "postgres" ? 2 : 1;
  const ids = SIGNERS.map((a) => a.toLowerCase());
  const servers = [];
  const failures = [];
  try {
    for (let i = 0; i < nodes; i++)
      servers.push(await startAuthhost({ name: `rotation${suffix}-${i}`, ids, tenants, store }));
    const signers = SIGNERS.map((algorithm) => new Signer(algorithm, servers));
    for (const signer of signers) await signer.signUp();
    const begin = Date.now();
    const until = begin + SECONDS * 1000;
    const fail = (error) => failures.push(`✗ operating: ${error.message}`);
    await Promise.all([...signers.map((signer) => signer.load(until)), operate(servers, fail).catch(fail)]);
    for (const signer of signers) await signer.checkAll();
    for (const signer of signers) {
      failures.push(...signer.failures.slice(0, 10));
      // One key at the start, one by command, then one every fifteen seconds at the most, whatever the number of nodes.
      const list = await keysCommand(servers[0], "list", "--tenant", signer.id);
      const made = list.trim().split("\n").length - 1;
      if (signer.kids.size < 3) failures.push(`✗ ${signer.algorithm}: only ${signer.kids.size} keys signed:\n${list}`);
      if (made > 3 + Math.ceil((Date.now() - begin) / 15_000)) failures.push(`✗ ${signer.algorithm}: ${made} keys were made:\n${list}`);
    }
    const sum = (key) => signers.reduce((total, signer) => total + signer[key], 0);
    const invalid = Math.max(failures.length, ...signers.map((signer) => signer.failures.length));
    return {
      passed: sum("checks") - invalid,
      total: sum("checks"),
      failures,
      nodes,
      keys: signers.reduce((total, signer) => total + signer.kids.size, 0),
      rate: sum("rate"),
      busy: sum("busy"),
    };
  } finally {
    for (const server of servers) await server.stop();
  }
}
