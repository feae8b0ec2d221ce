// Replays one recorded scenario against a server.
import { compare, Pairing } from "../lib/compare.mjs";
import { Jar, splitFolded } from "../lib/cookies.mjs";
import { headersOf, rawRequest } from "../lib/http.mjs";
import { Normalizer } from "../lib/normalize.mjs";
import { eventually } from "../lib/process.mjs";
import { capture, templates } from "../lib/template.mjs";

const USER_AGENT = "refrunner/1.0";
const MAIL_TIMEOUT = 2000;
const JSON_TYPES = { json: "application/json", form: "application/x-www-form-urlencoded" };

/** The state of one scenario: jars, captured variables, mails seen. */
class Replay {
  constructor({ scenario, profile, target, onResponse }) {
    this.scenario = scenario;
    this.target = target;
    this.dynamic = typeof profile.base_url !== "string";
    this.host = new URL(this.dynamic ? profile.base_url.fallback : profile.base_url).host;
    this.jars = new Map();
    this.variables = { origin: profile.default_request_origin, baseURL: profile.base_url };
    if (target.oidc) this.variables.oidc = target.oidc.origin;
    this.fill = templates(this.variables, profile.secret);
    this.onResponse = onResponse;
    this.pairing = new Pairing();
    const secrets = [profile.secret, ...(profile.options.secrets ?? []).map((secret) => secret.value)];
    this.normalizer = new Normalizer({ secrets, fetchJwks: () => this.#jwks(profile), upstream: target.oidc?.origin });
    this.mails = 0;
  }

  async begin() {
    await this.target.reset();
    this.target.oidc?.reset();
    this.mails = (await this.target.outbox()).length;
  }

  /** Sends one recorded request; gives the answer, normalized, and how it differs. */
  async exchange(recorded) {
    if (recorded.sleep_ms) {
      await new Promise((resolve) => setTimeout(resolve, recorded.sleep_ms));
      return { differences: [] };
    }
    const { request } = recorded;
    if (request.external) return this.#visit(recorded);
    const jar = this.#jar(request.jar);
    const cookies = await this.normalizer.value(jar?.names() ?? []);
    const response = await rawRequest(this.#request(request, jar));
    this.#absorb(jar, request, response);
    const mail = await this.#newMails(recorded.mail?.length ?? 0);
    this.#capture(recorded.capture, { response, jar, mail });
    const got = { response: await this.normalizer.response(response), mail: await this.normalizer.value(mail) };
    await this.onResponse?.(response);
    const sent = compare([...request.cookies_sent].sort(), cookies.sort(), this.pairing, "request.cookies_sent");
    const upstream = await this.#upstream(recorded.upstream);
    const answered = compare({ response: recorded.response, mail: recorded.mail ?? [] }, got, this.pairing);
    return { got, differences: [...sent, ...answered, ...upstream] };
  }

  /** Goes to the identity provider as a browser does, and stops at the redirect back. */
  async #visit({ request, response, capture: sources }) {
    const url = new URL(this.fill(request.url));
    const answer = await rawRequest({ baseUrl: url.origin, method: "GET", path: url.pathname + url.search, headers: { host: url.host } });
    this.#capture(sources, { response: answer, jar: null, mail: [] });
    const got = await this.normalizer.response(answer);
    const location = ({ status, headers }) => ({ status, location: headers.location });
    return { differences: compare(location(response), location(got), this.pairing, "external") };
  }

  /** Compares what the server asked the identity provider, but for what it accepts. */
  async #upstream(recorded = []) {
    if (!this.target.oidc) return [];
    const bare = ({ headers: { accept, ...headers }, ...rest }) => ({ ...rest, headers });
    const got = [];
    for (const request of this.target.oidc.takeLog()) got.push(await this.normalizer.value(request));
    return compare(recorded.map(bare), got.map(bare), this.pairing, "upstream");
  }

  /** Mails that nobody recorded. */
  async end() {
    const late = await this.#newMails(0);
    return late.map((mail) => ({ path: "mail after the last exchange", want: undefined, got: mail }));
  }

  #jar(name) {
    if (name === null) return null;
    if (!this.jars.has(name)) this.jars.set(name, new Jar());
    return this.jars.get(name);
  }

  #request({ method, path, headers, body, cookie_transport: transport }, jar) {
    const sent = this.fill(headers);
    // The recordings leave Host out. Where it decides, it is that of the page that sends the request.
    const host = this.dynamic && sent.origin ? new URL(sent.origin).host : this.host;
    const all = { host, "user-agent": USER_AGENT, ...sent };
    if (jar) {
      if (transport === "better-auth-cookie") all["better-auth-cookie"] = jar.decodedHeader();
      else if (jar.names().length && all.cookie === undefined) all.cookie = jar.header();
    }
    for (const name of Object.keys(all)) if (all[name] === null) delete all[name];
    return {
      baseUrl: this.target.baseUrl,
      method,
      path: this.fill(path),
      headers: all,
      body: this.#payload(body, all),
    };
  }

  #payload(body, headers) {
    if (!body) return undefined;
    const value = this.fill(body.value);
    const type = body.type === "raw" ? body.content_type : JSON_TYPES[body.type];
    if (type && headers["content-type"] === undefined) headers["content-type"] = type;
    if (body.type === "json") return JSON.stringify(value);
    return body.type === "form" && typeof value === "object" ? new URLSearchParams(value).toString() : value;
  }

  #absorb(jar, request, response) {
    if (!jar) return;
    const lines =
      request.cookie_transport === "better-auth-cookie"
        ? headersOf(response, "set-better-auth-cookie").flatMap(splitFolded)
        : headersOf(response, "set-cookie");
    jar.absorb(lines);
  }

  /** The mails since the last call; waits a moment when some are expected, for mail is sent after the answer. */
  async #newMails(expected) {
    let list = [];
    const arrived = async () => {
      list = (await this.target.outbox()).slice(this.mails);
      return list.length >= expected;
    };
    await eventually(arrived, { timeout: MAIL_TIMEOUT, onTimeout: () => new Error("late") }).catch(() => {});
    this.mails += list.length;
    return list.map((mail) => ({
      to: mail.to,
      subject: mail.template ?? mail.subject,
      url: mail.url,
      token: mail.token,
      otp: mail.otp,
    }));
  }

  #capture(sources, { response, jar, mail }) {
    if (!sources) return;
    let json;
    try {
      json = JSON.parse(response.body.toString());
    } catch {
      json = undefined;
    }
    for (const [name, source] of Object.entries(sources)) {
      this.variables[name] = capture(source, { json, headers: response.headers, jar, mail, variables: this.variables });
    }
  }

  async #jwks(profile) {
    if (!profile.jwks_path) return undefined;
    const path = profile.base_path + profile.jwks_path;
    const response = await rawRequest({
      baseUrl: this.target.baseUrl,
      method: "GET",
      path,
      headers: { host: this.host },
    });
    return response.status === 200 ? JSON.parse(response.body.toString()) : undefined;
  }
}

/**
 * Replays a scenario.
 *
 * @param {{scenario: object, profile: object, target: {baseUrl: string, reset: Function, outbox: Function},
 *   skip?: Set<number>, onResponse?: (response: object) => Promise<void>}} options `skip` holds positions of exchanges
 *   that are left out; `onResponse` sees every raw answer, and fails the exchange by throwing
 * @returns {Promise<{position: number, name: string, request: string, got?: object, differences: object[]}[]>} the exchanges that were replayed
 */
export async function replayScenario({ skip = new Set(), ...options }) {
  const replay = new Replay(options);
  await replay.begin();
  const out = [];
  for (const [position, recorded] of options.scenario.exchanges.entries()) {
    if (skip.has(position)) continue;
    const request = recorded.request
      ? `${recorded.request.method} ${recorded.request.path}`
      : `sleep ${recorded.sleep_ms} ms`;
    const name = recorded.name ?? request;
    const exchanged = await replay
      .exchange(recorded)
      .catch((error) => ({ differences: [{ path: "error", want: undefined, got: error.message }] }));
    out.push({ position, name, request, ...exchanged });
  }
  out.at(-1)?.differences.push(...(await replay.end()));
  return out;
}
