// Plays one sequence on both servers and finds the first request that they answer differently.
import { compare, Pairing } from "../lib/compare.mjs";
import { headerOf, rawRequest } from "../lib/http.mjs";
import { Normalizer } from "../lib/normalize.mjs";
import { joinLists, retryDifferences, said, sameTime, succeeded } from "./answers.mjs";
import { CODE_PERIOD, History, PROOFS, traitsOf } from "./proofs.mjs";
import { World } from "./world.mjs";

const MAILS =
  /^\/(sign-up|sign-in|request-password-reset|reset-password|send-verification-email|change-email|delete-user|verify-email|two-factor\/send-otp)/;
/** How long a sequence may take where requests are counted: shorter than the shortest window, which so never ends. */
const COUNTED_SPAN = 8000; // ms

/** A request with a code of an authenticator app is not sent just before the code's time ends on one of two clocks. */
const CODE_MARGIN = 1000;

/** Differences after which the two servers and their clients are no longer in the same state, although they are meant. */
const DIVERGING = /^response\.(status$|set_(better_auth_)?cookie(?!.*claims\.jti$))/;

let runs = 0;

/** Both servers with one set of plugins. */
export class Pair {
  #keys = new Map();

  /** @param {{set: string, profile: object, ours: object, official: object, deviations: object}} options */
  constructor(options) {
    Object.assign(this, options);
  }

  /**
   * Plays a sequence from its beginning, with users of its own.
   *
   * @returns {Promise<{requests: number, failure?: {position: number, differences: object[], worlds: object}}>}
   */
  async play(steps) {
    const play = new Play(this, `r${process.pid}x${++runs}`);
    for (const [position, step] of steps.entries()) {
      const { differences, ended } = await play.step(step);
      if (differences.length)
        return {
          requests: play.requests,
          failure: { position, differences, worlds: play.worlds },
        };
      if (ended) break;
    }
    return { requests: play.requests };
  }

  /** Has both servers make their keys before anything happens at the same time. */
  async begin() {
    await Promise.all([this.keys("official"), this.keys("ours")]);
  }

  /** The key set of a side, which stays as it is. */
  keys(side) {
    if (!this.profile.jwks_path) return undefined;
    if (!this.#keys.has(side)) this.#keys.set(side, this.#fetchKeys(this[side]));
    return this.#keys.get(side);
  }

  async #fetchKeys({ baseUrl }) {
    const path = this.profile.base_path + this.profile.jwks_path;
    const headers = { host: new URL(this.profile.base_url).host };
    const response = await rawRequest({ baseUrl, method: "GET", path, headers });
    return JSON.parse(response.body.toString());
  }
}

class Play {
  requests = 0;
  history = new History();

  constructor(pair, run) {
    this.pair = pair;
    this.start = Date.now();
    this.counted = pair.profile.options.rateLimit.enabled;
    const addresses = this.counted ? addressesOf(runs) : undefined;
    const world = (side) => new World({ target: pair[side], profile: pair.profile, run, start: this.start, addresses });
    this.worlds = { official: world("official"), ours: world("ours") };
    this.normalizers = { official: this.#normalizer("official"), ours: this.#normalizer("ours") };
    this.pairing = new Pairing();
  }

  #normalizer(side) {
    return new Normalizer({ secrets: [this.pair.profile.secret], fetchJwks: () => this.pair.keys(side) });
  }

  /** Plays a step. @returns {{differences: object[], ended: boolean}} `ended`: the servers may differ from here on */
  async step(step) {
    if (this.counted && Date.now() - this.start > COUNTED_SPAN) return { differences: [], ended: true };
    if (needsCode(step)) await awayFromTheEnd(CODE_PERIOD, CODE_MARGIN);
    this.now = Date.now();
    for (const world of Object.values(this.worlds)) world.now = this.now;
    return step.burst ? this.#burst(step) : this.#request(step);
  }

  async #request(request) {
    this.requests++;
    const [want, got] = await Promise.all([this.worlds.official.send(request), this.worlds.ours.send(request)]);
    this.#learn(request, want, got);
    const differences = await this.#compare(want, got, request);
    const left = [];
    for (const difference of differences) if (!(await this.#meant(request, want, difference))) left.push(difference);
    this.history.note(request, want, this);
    return { differences: left, ended: differences.some(({ path }) => DIVERGING.test(path)) };
  }

  /** Keeps what the answers gave; a one-time token in a header only if both did, or later ones would not be a pair. */
  #learn(request, want, got) {
    const header = [want, got].every((answer) => headerOf(answer, "set-ott")) ? undefined : "set-ott";
    this.worlds.official.learn(request, want, { without: header });
    this.worlds.ours.learn(request, got, { without: header });
  }

  async #meant(request, want, difference) {
    const name = `${request.method} ${request.path} ${want.status}${traitsOf(request)}`;
    const entry = this.pair.deviations.find(`${this.pair.set}/differential`, name, difference);
    return entry !== undefined && (!entry.proof || PROOFS[entry.proof](this, request));
  }

  async #compare(want, got, request) {
    if (got.status === 0 || got.status >= 500)
      return [{ path: "status", want: want.status, got: `${got.status} ${got.body}` }];
    if (want.status === 0 || want.status >= 500)
      return got.status >= 400 ? [] : [{ path: "status", want: "4xx, for the official server fails", got: got.status }];
    const { official, ours } = this.normalizers;
    const sides = [{ response: await official.response(want) }, { response: await ours.response(got) }];
    if (MAILS.test(request.path)) {
      const mails = await this.worlds.official.newMails(0);
      sides[0].mail = await official.value(mails);
      sides[1].mail = await ours.value(await this.worlds.ours.newMails(mails.length));
    }
    for (const { response } of sides) joinLists(response.headers);
    if (want.status !== got.status || succeeded(want) !== succeeded(got))
      return [{ path: "response.status", want: said(sides[0].response), got: said(sides[1].response) }];
    const late = retryDifferences(want, got, sides);
    return [...late, ...compare(sides[0], sides[1], this.pairing)].filter(({ want: a, got: b }) => !sameTime(a, b));
  }

  /** Many at once: reads are to be answered alike; of uses of a token one succeeds at most. */
  async #burst({ burst, once, request }) {
    this.requests += burst;
    const all = (world) => Promise.all(Array.from({ length: burst }, () => world.send(request)));
    const [want, got] = await Promise.all([all(this.worlds.official), all(this.worlds.ours)]);
    const winners = { want: want.filter(succeeded), got: got.filter(succeeded) };
    this.#learn(request, winners.want[0] ?? want[0], winners.got[0] ?? got[0]);
    this.history.note(request, winners.want[0] ?? want[0], this);
    const differences = [];
    const broken = got.find(({ status }) => status === 0 || status >= 500);
    if (broken) differences.push({ path: "status", want: want[0].status, got: `${broken.status} ${broken.body}` });
    if (once && winners.got.length > 1)
      differences.push({ path: "burst", want: "one success", got: `${winners.got.length} of ${burst}` });
    const few = once ? Math.min(1, winners.want.length) : winners.want.length;
    if (winners.got.length !== few && !differences.length)
      differences.push({ path: "burst", want: `${few} successes`, got: winners.got.length });
    return { differences, ended: Boolean(once) && winners.want.length > 1 };
  }
}

/** The clients' addresses of a run, by jar: IPv4, and two in one network of IPv6, which are counted together. */
const addressesOf = (run) => {
  const [high, low] = [run >> 8, run & 255];
  const network = `2001:db8:${high.toString(16)}:${low.toString(16)}`;
  return { a: `198.51.${high}.${low}`, b: `${network}::1`, c: `${network}:1:2:3:4` };
};

const needsCode = (step) => JSON.stringify(step).includes('"$":"totp"');

/** Waits until a period ends, if it does so soon. */
async function awayFromTheEnd(period, margin) {
  const left = period - (Date.now() % period);
  if (left < margin) await new Promise((resolve) => setTimeout(resolve, left));
}
