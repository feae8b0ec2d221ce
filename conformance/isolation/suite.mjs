// Shows every credential of one tenant to every route of another: the answers must be those to garbage of the same shape.
import { compare, Pairing } from "../lib/compare.mjs";
import { parseSetCookie } from "../lib/cookies.mjs";
import { headersOf } from "../lib/http.mjs";
import { Normalizer } from "../lib/normalize.mjs";
import { inParallel } from "../lib/parallel.mjs";
import { validatorFor } from "../convex/observer.mjs";
import { startRealms } from "./tenants.mjs";

const AT_ONCE = 4;

/** The same text with its letters and digits moved on: the same shape, no value. JWTs keep their readable parts. */
function garbage(text) {
  if (text === undefined) return undefined;
  const shift = (part) => part.replace(/[A-Ya-y0-8]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 1));
  if (!text.startsWith("eyJ")) return shift(text);
  const [head, body, mac] = text.split(".");
  return `${head}.${body}.${shift(mac)}`;
}

/** The ways to present credentials: headers, and the value of a token wherever a route takes one. */
const MANNERS = {
  "signed session cookie": (c) => ({
    headers: { cookie: `better-auth.session_token=${encodeURIComponent(c.signedToken)}` },
  }),
  "secure signed session cookie": (c) => ({
    headers: { cookie: `__Secure-better-auth.session_token=${encodeURIComponent(c.signedToken)}` },
  }),
  "bare session cookie": (c) => ({ headers: { cookie: `better-auth.session_token=${c.sessionToken}` } }),
  "bearer session token": (c) => ({ headers: { authorization: `Bearer ${c.sessionToken}` } }),
  "bearer signed token": (c) => ({ headers: { authorization: `Bearer ${c.signedToken}` } }),
  "bearer Convex token": (c) => c.convexToken && { headers: { authorization: `Bearer ${c.convexToken}` } },
  "Convex cookie": (c) => c.convexToken && { headers: { cookie: `better-auth.convex_jwt=${c.convexToken}` } },
  "Convex token as session cookie": (c) =>
    c.convexToken && { headers: { cookie: `better-auth.session_token=${c.convexToken}` } },
  "Better-Auth-Cookie": (c) => ({ headers: { "better-auth-cookie": `better-auth.session_token=${c.signedToken}` } }),
  "session token as parameter": (c) => ({ token: c.sessionToken }),
  "reset token": (c) => ({ token: c.resetToken }),
  "verification token": (c) => ({ token: c.verificationToken }),
  "Convex token as parameter": (c) => c.convexToken && { token: c.convexToken },
  password: (c) => ({ password: c.password }),
};

/** Builds the request that presents something to a route. Bodies carry all members that any route reads. */
function requestFor(route, realm, { headers = {}, token = "x".repeat(24), password = "no-password-of-anybody" }) {
  const filled = route.path.replace(/:[A-Za-z]+|\{[A-Za-z]+\}/g, encodeURIComponent(token));
  const absolute = filled.startsWith("/.well-known/") || filled.startsWith("/api/auth/");
  if (route.method === "GET") {
    return {
      method: "GET",
      path: `${filled}?token=${encodeURIComponent(token)}&callbackURL=%2Fdone`,
      absolute,
      headers,
    };
  }
  const body = {
    name: "Mallory",
    email: realm.email,
    password,
    currentPassword: password,
    newPassword: "password-of-mallory",
    token,
    revokeOtherSessions: true,
  };
  return { method: route.method, path: filled, absolute, headers, body };
}

const fingerprint = async (realm, response) => ({
  response: await new Normalizer({ secrets: [realm.secret] }).response(response),
});

/** What is wrong with an answer by itself: it signs somebody in, or tells about a user. */
function reveals(response, realms) {
  const text = response.body.toString();
  const signedIn = headersOf(response, "set-cookie")
    .map(parseSetCookie)
    .filter(({ name, raw }) => /session_token|convex_jwt/.test(name) && raw);
  if (signedIn.length) return `sets ${signedIn.map(({ name }) => name).join(", ")}`;
  const found = realms.find((realm) => text.includes(realm.user.id));
  return found ? `names the user of ${found.id}` : undefined;
}

/** Shows one kind of credential to one route, of every tenant that has it; gives a fault or nothing for each. */
async function checkRoute({ route, manner, strangers, to, realms }) {
  const worthless = Object.fromEntries(
    Object.entries(strangers[0].credentials).map(([name, value]) => [name, garbage(value)]),
  );
  const want = await fingerprint(to, await to.send(requestFor(route, to, MANNERS[manner](worthless))));
  const out = [];
  for (const from of strangers) {
    const got = await to.send(requestFor(route, to, MANNERS[manner](from.credentials)));
    const fault = reveals(got, realms);
    const differences = compare(want, await fingerprint(to, got), new Pairing());
    const check = `${manner} of ${from.id} at ${to.id}: ${route.method} ${route.path}`;
    out.push(fault || differences.length ? { check, fault, differences } : undefined);
  }
  return out;
}

async function checkConvex(from, to) {
  const issuer = to.plugins.find(({ id }) => id === "convex")?.config;
  if (!issuer || !from.credentials.convexToken) return [];
  const baseUrl = to.baseUrl;
  const accept = async (as) =>
    validatorFor({ issuer: as, jwksPath: "/api/auth/convex/jwks", baseUrl, host: to.host, algorithm: issuer.algorithm })
      .validate(from.credentials.convexToken)
      .then(
        () => true,
        () => false,
      );
  const foreign = from.plugins.find(({ id }) => id === "convex").config.issuer;
  const taken = (await accept(issuer.issuer)) || (await accept(foreign));
  return [
    taken
      ? { check: `Convex token of ${from.id}`, fault: `is accepted by a deployment that trusts ${to.id}` }
      : undefined,
  ];
}

/**
 * Runs the test.
 *
 * @returns {Promise<{passed: number, total: number, failures: string[], routes: number}>}
 */
export async function runIsolation(store, suffix) {
  const { server, realms } = await startRealms(store, suffix);
  try {
    const results = [];
    let routeCount = 0;
    for (const to of realms) {
      const routes = await server.admin.routes(to.id);
      routeCount += routes.length;
      const others = realms.filter((realm) => realm !== to);
      const pairs = routes.flatMap((route) => Object.keys(MANNERS).map((manner) => ({ route, manner })));
      await inParallel(pairs, AT_ONCE, async ({ route, manner }) => {
        const strangers = others.filter((realm) => MANNERS[manner](realm.credentials));
        results.push(...(await checkRoute({ route, manner, strangers, to, realms })));
      });
      for (const from of others) results.push(...(await checkConvex(from, to)));
    }
    for (const realm of realms) {
      results.push(
        await realm.checkAlive().then(
          () => undefined,
          (error) => ({ check: `credentials of ${realm.id} at home`, fault: error.message }),
        ),
      );
    }
    const failures = results
      .filter(Boolean)
      .map(({ check, fault, differences }) => `✗ ${check}: ${fault ?? JSON.stringify(differences)}`);
    return { passed: results.length - failures.length, total: results.length, failures, routes: routeCount };
  } finally {
    await server.stop();
  }
}
