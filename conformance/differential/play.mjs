// Plays one sequence on both servers and finds the first request that they answer differently.
import { compare, Pairing } from "../lib/compare.mjs";
import { rawRequest } from "../lib/http.mjs";
import { Normalizer } from "../lib/normalize.mjs";
import { World } from "./world.mjs";

const MAILS =
  /^\/(sign-up|sign-in|request-password-reset|reset-password|send-verification-email|change-email|delete-user|verify-email|two-factor\/send-otp)/;
const succeeded = ({ status, headers }) =>
  status < 300 || (status < 400 && !headers.some(([name, value]) => name === "location" && /error=/.test(value)));

/** Differences after which the two servers and their clients are no longer in the same state, although they are meant. */
const DIVERGING = /^(response\.(status$|set_(better_auth_)?cookie(?!.*claims\.jti$))|mail\.length$)/;

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
   * @returns {Promise<{requests: number, failure?: {position: number, differences: object[], want: object, got: object}}>}
   */
  async play(steps) {
    const play = new Play(this, `r${process.pid}x${++runs}`);
    for (const [position, step] of steps.entries()) {
      const { differences, ended } = await play.step(step);
      if (differences.length)
        return {
          requests: play.requests,
          failure: { position, differences, worlds: play.worlds, answers: play.answers },
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

  constructor(pair, run) {
    this.pair = pair;
    const start = Date.now();
    const address = pair.profile.options.rateLimit.enabled ? `198.51.${runs >> 8}.${runs & 255}` : undefined;
    const world = (side) => new World({ target: pair[side], profile: pair.profile, run, start, address });
    this.worlds = { official: world("official"), ours: world("ours") };
    this.normalizers = { official: this.#normalizer("official"), ours: this.#normalizer("ours") };
    this.pairing = new Pairing();
  }

  #normalizer(side) {
    return new Normalizer({ secrets: [this.pair.profile.secret], fetchJwks: () => this.pair.keys(side) });
  }

  /** Plays a step. @returns {{differences: object[], ended: boolean}} `ended`: the servers may differ from here on */
  async step(step) {
    return step.burst ? this.#burst(step) : this.#request(step);
  }

  async #request(request) {
    this.requests++;
    const [want, got] = await Promise.all([this.worlds.official.send(request), this.worlds.ours.send(request)]);
    this.answers = { want, got };
    this.worlds.official.learn(request, want);
    this.worlds.ours.learn(request, got);
    const differences = await this.#compare(want, got, request);
    const left = this.#meantStatus(request, differences)
      ? []
      : differences.filter((difference) => !this.#meant(request, difference));
    return { differences: left, ended: differences.some(({ path }) => DIVERGING.test(path)) };
  }

  /** An answer that is meant to have another status has another body as well. */
  #meantStatus(request, differences) {
    const status = differences.find(({ path }) => path === "response.status");
    return status !== undefined && this.#meant(request, status);
  }

  #meant(request, difference) {
    return this.pair.deviations.allow(`${this.pair.set}/differential`, nameOf(request), difference);
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
    return compare(sides[0], sides[1], this.pairing).filter(({ want: a, got: b }) => !sameMoment(a, b));
  }

  /** Many at once: reads are to be answered alike; of uses of a token one succeeds at most. */
  async #burst({ burst, once, request }) {
    this.requests += burst;
    const all = (world) => Promise.all(Array.from({ length: burst }, () => world.send(request)));
    const [want, got] = await Promise.all([all(this.worlds.official), all(this.worlds.ours)]);
    this.answers = { want: want[0], got: got[0] };
    const winners = { want: want.filter(succeeded), got: got.filter(succeeded) };
    this.worlds.official.learn(request, winners.want[0] ?? want[0]);
    this.worlds.ours.learn(request, winners.got[0] ?? got[0]);
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

/** What deviations.json calls a request; one that comes from a mail is named with it. */
function nameOf({ method, path, query = [] }) {
  const mail = query.map(([, value]) => value).find((value) => value?.$ === "mail");
  return `${method} ${path}${mail ? ` of ${mail.subject}` : ""}`;
}

/** A header that is a list is the same in one line or several, in any order (RFC 9110, section 5.3). */
function joinLists(headers) {
  const name = "access-control-expose-headers";
  if (headers[name]) headers[name] = [headers[name]].flat().join(", ").split(", ").sort().join(", ");
}

const MOMENT = /^<(iso-date|unix|unix-ms|http-date):(?:(now)|([+-]\d+)([mhd]))>$/;
const MINUTES = { m: 1, h: 60, d: 1440 };

/** Times that were rounded to minutes on two clocks: one minute apart is the same. */
function sameMoment(a, b) {
  const [left, right] = [a, b].map((text) => MOMENT.exec(text));
  if (!left || !right || left[1] !== right[1]) return false;
  const minutes = ([, , now, count, unit]) => (now ? 0 : Number(count) * MINUTES[unit]);
  return Math.abs(minutes(left) - minutes(right)) <= 1;
}
