// Who calls a function: tokens validated for the providers of auth.config.
import { ConvexValidator } from "../validator.mjs";
import { Refused } from "../jwks.mjs";

const LEEWAY = 5; // seconds, as the validation of tokens has it

async function fetchText(url) {
  if (url.startsWith("data:")) {
    const body = await (await fetch(url)).text();
    return { status: 200, headers: { "content-type": "application/json" }, body };
  }
  const response = await fetch(url, { headers: { accept: "application/json" }, redirect: "error" });
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

/** The identities of a deployment, and what became of every token that was presented to it. */
export class Identities {
  #validators;

  /** Tokens that were taken: {token, subject, name}. */
  accepted = [];
  /** Tokens that were refused: {token, reason}. */
  refused = [];

  constructor(providers) {
    this.#validators = providers.map((provider) => {
      if (provider.type !== "customJwt") throw new Error("only customJwt providers are supported in auth.config");
      return new ConvexValidator(provider, { fetch: fetchText });
    });
  }

  /**
   * Validates a token.
   *
   * @returns {Promise<{identity: object, expires: number}>} what `ctx.auth.getUserIdentity()` gives, and until when, in
   *   milliseconds
   * @throws {Refused} when no provider takes it
   */
  async of(token) {
    const reasons = [];
    for (const validator of this.#validators) {
      try {
        const { tokenIdentifier, subject, issuer, claims } = await validator.validate(token);
        const custom = Object.fromEntries(Object.entries(claims).map(([name, text]) => [name, JSON.parse(text)]));
        this.accepted.push({ token, subject, name: custom.name });
        return { identity: { tokenIdentifier, subject, issuer, ...custom }, expires: expiry(token) };
      } catch (error) {
        if (!(error instanceof Refused))
          reasons.push(`the keys could not be fetched: ${error.cause?.message ?? error}`);
        else reasons.push(error.message);
      }
    }
    const reason = reasons.join("; ") || "there is no provider in auth.config";
    this.refused.push({ token, reason });
    throw new Refused("token", reason);
  }
}

function expiry(token) {
  const { exp } = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  return (exp + LEEWAY) * 1000;
}
