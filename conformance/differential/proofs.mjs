// What has happened before a request, or is true of it, where a deviation is meant only then.
import { succeeded } from "./answers.mjs";

/** What a sequence has done so far that later answers depend on. */
export class History {
  changed = false; // whether a password, an address or what is known of it was changed, or a user deleted
  lastCode = -Infinity; // the latest period of the codes of an authenticator app that were accepted

  /** Remembers a request and what the official server answered. */
  note(request, answer, { now }) {
    if (!succeeded(answer)) return;
    if (CHANGES.has(request.path)) this.changed = true;
    const period = periodOf(request, now);
    if (period !== undefined) this.lastCode = Math.max(this.lastCode, period);
    if (request.path === "/two-factor/enable") this.lastCode = -Infinity; // its codes are others
  }
}

/** Endpoints that change what a mailed link or code is bound to. */
const CHANGES = new Set(["/change-password", "/reset-password", "/verify-email", "/change-email", "/delete-user", "/delete-user/callback"]);

/** Whether a token of the request was not mailed, but signed for an address and no user. */
const unbound = ({ query }) => JSON.stringify(query ?? null).includes('"$":"emailToken"');

/** How long a code of an authenticator app is the current one, in milliseconds. */
export const CODE_PERIOD = 30_000;

/** The period of the code of an authenticator app that a request has. */
const periodOf = ({ body }, now) =>
  body?.json?.code?.$ === "totp" ? Math.floor(now / CODE_PERIOD) + body.json.code.step : undefined;

/** What has to be true for an entry of deviations.json with a "proof" to count, besides what it describes. */
export const PROOFS = {
  /** The request asks for its device to be trusted. */
  "device trusted": (_, { body }) => body?.json?.trustDevice === true,
  /** The request names a target below the base URL that has a fragment. */
  "path with a fragment": (_, { body }) => /":"\/[^"]*#/.test(JSON.stringify(body?.json ?? null)),
  /** What a mailed link is bound to was changed before, or the link is bound to nothing. */
  "link void": ({ history }, request) => history.changed || unbound(request),
  /** The code of an authenticator app, or a later one, has been accepted before. */
  "code used": ({ history, now }, request) => periodOf(request, now) <= history.lastCode,
  /** The official server says, when it asks its store, that the request's session has ended. */
  "session ended": async ({ worlds }, request) => {
    const asked = { ...request, method: "GET", path: "/get-session", query: [["disableCookieCache", "true"]] };
    const { status, body } = await worlds.official.send({ ...asked, type: null, body: undefined });
    return status === 200 && body.toString() === "null";
  },
};

/** What a request has besides its method and path that answers may depend on. */
export function traitsOf({ cookies, headers }) {
  const scheme = /^\w+/.exec(headers.authorization?.parts?.[0] ?? headers.authorization ?? "")?.[0].toLowerCase();
  return `${cookies.mode === "jar" ? "" : ` cookies=${cookies.mode}`}${scheme ? ` authorization=${scheme}` : ""}`;
}
