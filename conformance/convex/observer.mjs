// Validates every Convex token that a server hands out, wherever it appears in an answer.
import { headerOf, headersOf, rawRequest } from "../lib/http.mjs";
import { parseSetCookie, splitFolded, tryDecode } from "../lib/cookies.mjs";
import { ConvexValidator } from "./validator.mjs";

const TOKEN_COOKIE = /convex_jwt$/;

/** A validator for a server that is reached at `baseUrl` under the host of its public URL. */
export function validatorFor({ issuer, jwksPath, baseUrl, host, algorithm = "RS256" }) {
  const fetch = async () => {
    const response = await rawRequest({
      baseUrl,
      method: "GET",
      path: jwksPath,
      headers: { host, accept: "application/json" },
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: response.body.toString() };
  };
  return new ConvexValidator({ issuer, applicationID: "convex", algorithm, jwks: issuer + jwksPath }, { fetch });
}

/** The Convex tokens of a raw answer: convex_jwt cookies, and the body of /convex/token. */
export function tokensOf(response) {
  const lines = [
    ...headersOf(response, "set-cookie"),
    ...headersOf(response, "set-better-auth-cookie").flatMap(splitFolded),
  ];
  const out = lines
    .map(parseSetCookie)
    .filter(({ name, raw }) => TOKEN_COOKIE.test(name) && raw)
    .map(({ raw }) => tryDecode(raw));
  if (/json/.test(headerOf(response, "content-type") ?? "")) {
    const { token } = bodyOf(response) ?? {};
    if (typeof token === "string" && token.startsWith("eyJ")) out.push(token);
  }
  return out;
}

function bodyOf(response) {
  try {
    return JSON.parse(response.body.toString());
  } catch {
    return undefined;
  }
}

/**
 * An observer of raw answers that validates all their tokens, and the count of those that were valid.
 * Throws at the first token that the backend would refuse, and when an answer's body, which a client asks for to refresh its
 * token, has one that was handed out before. The cookie beside a session may carry a token again.
 */
export function observer(validator) {
  const seen = new Set();
  const count = { valid: 0 };
  const observe = async (response) => {
    const asked = bodyOf(response)?.token;
    if (seen.has(asked)) throw new Error("the same Convex token was handed out twice; clients stop refreshing then");
    for (const token of new Set(tokensOf(response))) {
      if (seen.has(token)) continue;
      seen.add(token);
      await validator.validate(token);
      count.valid++;
    }
  };
  return { observe, count };
}
