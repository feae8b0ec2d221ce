// Sends bad input to authhost and to the official server beside it, and compares the answers.
import { compare, Pairing } from "../lib/compare.mjs";
import { Jar } from "../lib/cookies.mjs";
import { headersOf, rawRequest } from "../lib/http.mjs";
import { Normalizer } from "../lib/normalize.mjs";
import { Deviations } from "../replay/lists.mjs";
import { cases } from "./cases.mjs";

const ALICE = { name: "Alice", email: "alice@example.com", password: "correct-horse-1" };

/** One of the two servers, with a signed-in user. */
class Side {
  constructor(target, profile) {
    this.target = target;
    this.profile = profile;
    this.headers = {
      host: new URL(profile.base_url).host,
      "user-agent": "badinput/1.0",
      origin: profile.default_request_origin,
    };
    this.jar = new Jar();
  }

  async begin() {
    await this.target.reset();
    await this.enter("/sign-up/email");
  }

  /** Gives the user a new session. */
  async enter(path = "/sign-in/email") {
    const response = await this.send({
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(ALICE),
    });
    this.jar.absorb(headersOf(response, "set-cookie"));
    if (response.status !== 200) throw new Error(`${path} answers ${response.status} ${response.body}`);
  }

  /** Sends a case. A connection that ends without an answer is an answer too: status 0. */
  send({ method, path, headers, body, signedIn }) {
    const all = { ...this.headers, ...(signedIn ? { cookie: this.jar.header() } : {}), ...headers };
    for (const name of Object.keys(all)) if (all[name] === null) delete all[name];
    return rawRequest({
      baseUrl: this.target.baseUrl,
      method,
      path: this.profile.base_path + path,
      headers: all,
      body,
    }).catch((error) => ({ status: 0, headers: [], body: Buffer.from(error.message) }));
  }
}

/**
 * Runs all cases against both servers.
 *
 * @returns {Promise<{total: number, matched: number, failures: {name: string, differences: object[]}[]}>} A case fails when
 *   the answers differ and no deviation allows it, and when authhost answers 500 or more or not at all. Where the official
 *   server answers 500, authhost may answer any 4xx.
 */
export async function runBadInput({ ours, official, profile, deviations = new Deviations() }) {
  const sides = { ours: new Side(ours, profile), official: new Side(official, profile) };
  await sides.ours.begin();
  await sides.official.begin();
  const failures = [];
  const list = cases();
  for (const request of list) {
    const [want, got] = await Promise.all([sides.official.send(request), sides.ours.send(request)]);
    const differences = (await judge(want, got, profile)).filter(
      (found) => !deviations.allow("badinput", request.name, found),
    );
    if (differences.length) failures.push({ name: request.name, differences });
    // What ends sessions when it is taken for good may have ended this one.
    if (request.signedIn && want.status === 200) await Promise.all(Object.values(sides).map((side) => side.enter()));
  }
  return { total: list.length, matched: list.length - failures.length, failures };
}

async function judge(want, got, profile) {
  if (got.status >= 500 || got.status === 0)
    return [{ path: "status", want: want.status, got: `${got.status} ${got.body}` }];
  if (want.status >= 500) return got.status >= 400 ? [] : [{ path: "status", want: "4xx", got: got.status }];
  const normalize = (response) => new Normalizer({ secrets: [profile.secret] }).response(response);
  return compare({ response: await normalize(want) }, { response: await normalize(got) }, new Pairing());
}
