// Tokens: forged, bent to another purpose, huge, and used many times at once.
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { hs256 } from "../lib/template.mjs";
import { atOnce, check, flip, PASSWORD } from "./site.mjs";

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);
const FAST = 20_000; // ms

/** JWTs about an address that the server did not sign. `secret` is what an attacker might take for its key. */
function forgeries(claims, secret) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" });
  const mac = (header, key, hash = "sha256") => {
    const signed = `${part(header)}.${part(claims)}`;
    return `${signed}.${createHmac(hash, key).update(signed).digest("base64url")}`;
  };
  const ec = (header) => {
    const signed = `${part(header)}.${part(claims)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
  return {
    none: `${part({ alg: "none" })}.${part(claims)}.`,
    None: `${part({ alg: "None", typ: "JWT" })}.${part(claims)}.`,
    "no algorithm": `${part({})}.${part(claims)}.`,
    "empty signature": `${part({ alg: "HS256" })}.${part(claims)}.`,
    "empty key": mac({ alg: "HS256" }, ""),
    "guessed key": mac({ alg: "HS256" }, "better-auth-secret-123456789"),
    "public key as secret": mac({ alg: "HS256" }, secret),
    "own key in jwk": ec({ alg: "ES256", jwk }),
    "own key by jku": ec({ alg: "ES256", jku: "https://evil.example/jwks" }),
    "own key by x5u": ec({ alg: "ES256", x5u: "https://evil.example/cert" }),
    "kid as path": mac({ alg: "HS256", kid: "../../../../dev/null" }, ""),
    "kid as query": mac({ alg: "HS256", kid: "x' UNION SELECT 'a" }, "a"),
    crit: mac({ alg: "HS256", crit: ["x"], x: 1 }, secret),
    "two payloads": `${part({ alg: "HS256" })}.${part(claims)}.${part(claims)}.x`,
  };
}

const verifies = async (site, token) => {
  const answer = await site.get(`/verify-email?token=${encodeURIComponent(token)}`);
  check(answer.status < 500, `answers ${answer.status}`);
  return answer.status === 200 && answer.json?.status === true;
};

/** Tokens that work once, and how to use one. `setup` gives a function that uses it. */
const ONCE = {
  "a reset token": async (site) => {
    const { email } = await site.user();
    const token = await site.resetToken(email);
    return () => site.post("/reset-password", { token, newPassword: "another-horse-1" });
  },
  "a one-time token": async (site) => {
    const { jar } = await site.user();
    const { json } = await site.get("/one-time-token/generate", { jar });
    return () => site.post("/one-time-token/verify", { token: json.token });
  },
  "a deletion token": async (site) => {
    const { email, jar } = await site.user();
    await site.post("/delete-user", { password: PASSWORD }, { jar });
    const { token } = await site.mail(email, "delete-account");
    return () => site.get(`/delete-user/callback?token=${token}`, { jar, keep: false });
  },
};

const races = Object.entries(ONCE).map(([name, setup]) => ({
  attack: "single-use race",
  name: `${name}, 50 times at once`,
  racy: true,
  async run(site) {
    const use = await setup(site);
    const answers = await atOnce(50, use);
    check(
      answers.every(({ status }) => status < 500 || status === 503), // 503: too many at once, try again
      "an answer is 5xx",
    );
    const good = answers.filter(({ status }) => status === 200).length;
    check(good === 1, `${good} of 50 succeeded`);
    check((await use()).status >= 400, "it works once more");
  },
}));

const MILLION = 1_000_000;

export const tests = [
  ...races,
  {
    attack: "JWT confusion",
    name: "forged verification tokens",
    async run(site) {
      const { email, jar } = await site.user();
      const claims = { email, iat: now(), exp: now() + 600 };
      const taken = [];
      for (const [name, token] of Object.entries(forgeries(claims, site.origin)))
        if (await verifies(site, token)) taken.push(name);
      check(!taken.length, `accepts ${taken.join(", ")}`);
      check(!(await site.whoami(jar)).emailVerified, "the address is verified");
    },
  },
  {
    attack: "JWT confusion",
    name: "forged, expired and foreign tokens as credentials",
    async run(site) {
      const { id, email, token } = await site.user();
      const keys = await site.get("/jwks");
      const claims = {
        sub: id,
        id,
        email,
        iss: site.origin,
        aud: site.origin,
        iat: now(),
        exp: now() + 600,
        sessionId: "x",
        token,
      };
      const taken = [];
      const publicKey = JSON.stringify(keys.json?.keys?.[0] ?? {});
      for (const [name, jwt] of Object.entries(forgeries(claims, publicKey))) {
        for (const headers of [{ authorization: `Bearer ${jwt}` }, { cookie: `better-auth.session_token=${jwt}` }]) {
          for (const path of ["/list-sessions", "/token"]) {
            const answer = await site.get(path, { headers });
            check(answer.status < 500, `${name}: answers ${answer.status}`);
            if (answer.status === 200) taken.push(`${name} at ${path}`);
          }
        }
      }
      check(!taken.length, `accepts ${taken.join(", ")}`);
    },
  },
  {
    attack: "tokens not bound to purpose, client or tenant",
    name: "each kind of token where another is asked for",
    async run(site) {
      const { email, jar, token: session } = await site.user();
      const reset = await site.resetToken(email);
      await site.post("/send-verification-email", { email }, { jar });
      const verification = (await site.mail(email, "verify-email")).token;
      await site.post("/delete-user", { password: PASSWORD }, { jar });
      const deletion = (await site.mail(email, "delete-account")).token;
      const ott = (await site.get("/one-time-token/generate", { jar })).json.token;
      const jwt = (await site.get("/token", { jar })).json.token;
      const kinds = { session, reset, verification, deletion, ott, jwt };
      const places = {
        "reset-password": ["reset", (token) => site.post("/reset-password", { token, newPassword: "mallory-horse-1" })],
        "verify-email": ["verification", (token) => site.get(`/verify-email?token=${token}`)],
        "one-time-token/verify": ["ott", (token) => site.post("/one-time-token/verify", { token })],
        "delete-user/callback": [
          "deletion",
          (token) => site.get(`/delete-user/callback?token=${token}`, { jar, keep: false }),
        ],
        "a bearer token": [
          "session",
          (token) => site.get("/list-accounts", { headers: { authorization: `Bearer ${token}` } }),
        ],
      };
      const taken = [];
      for (const [place, [right, use]] of Object.entries(places)) {
        for (const [kind, token] of Object.entries(kinds)) {
          if (kind === right) continue;
          const answer = await use(token);
          check(answer.status < 500, `${kind} at ${place}: answers ${answer.status}`);
          if (answer.status === 200) taken.push(`${kind} token at ${place}`);
        }
      }
      check(!taken.length, taken.join(", "));
      check(await site.whoami(jar), "the user is gone or signed out");
    },
  },
  {
    attack: "tampered and truncated tokens",
    name: "a verification token flipped and cut at each place",
    needs: ["secret"],
    async run(site) {
      const { email, jar } = await site.user();
      const token = hs256({ email, iat: now(), exp: now() + 600 }, site.secret);
      const taken = [];
      for (let i = 0; i < token.length; i += 2) {
        // Bits of the last character that no byte holds may change.
        if (i < token.length - 1 && (await verifies(site, flip(token, i)))) taken.push(`flipped at ${i}`);
        if (await verifies(site, token.slice(0, i))) taken.push(`cut at ${i}`);
      }
      check(!taken.length, taken.join(", "));
      check(!(await site.whoami(jar)).emailVerified, "the address is verified");
    },
  },
  {
    attack: "JWT confusion",
    name: "a verification token past its time, or of an address without a user",
    needs: ["secret"],
    async run(site) {
      const { email, jar } = await site.user();
      check(
        !(await verifies(site, hs256({ email, iat: now() - 1200, exp: now() - 600 }, site.secret))),
        "an old one works",
      );
      check(
        !(await verifies(site, hs256({ email: site.address(), iat: now(), exp: now() + 600 }, site.secret))),
        "nobody's works",
      );
      check(!(await site.whoami(jar)).emailVerified, "the address is verified");
    },
  },
  {
    attack: "key leak",
    name: "the published keys have no private members",
    async run(site) {
      const { json } = await site.get("/jwks");
      check(json.keys.length > 0, "there are no keys");
      for (const key of json.keys) {
        const found = ["d", "p", "q", "dp", "dq", "qi", "k", "oth", "privateKey"].filter((name) => name in key);
        check(!found.length && key.kty !== "oct", `a key has ${found.join(", ")}`);
      }
    },
  },
  {
    attack: "key leak",
    name: "the keys for Convex have no private members",
    on: "convex",
    async run(site) {
      const { json } = await site.get("/convex/jwks");
      check(json.keys.length > 0, "there are no keys");
      for (const key of json.keys)
        check(
          !["d", "p", "q", "dp", "dq", "qi", "k"].some((name) => name in key) && ["RSA", "EC"].includes(key.kty),
          JSON.stringify(Object.keys(key)),
        );
    },
  },
  {
    attack: "JOSE bombs",
    name: "a million dots, a huge p2c, compression, deep headers",
    async run(site) {
      const p2c = `${part({ alg: "PBES2-HS512+A256KW", enc: "A256GCM", p2s: "AAAA", p2c: 2 ** 31 - 1 })}.AAAA.AAAA.AAAA.AAAA`;
      const zip = `${part({ alg: "dir", enc: "A256GCM", zip: "DEF" })}..AAAA.${"A".repeat(6000)}.AAAA`;
      const deep = `${part(`${"[".repeat(3000)}${"]".repeat(3000)}`)}.AAAA.AAAA`;
      for (const token of [p2c, zip, deep, ".".repeat(7000), "a.".repeat(3500)]) {
        for (const use of [
          () => site.get(`/verify-email?token=${token}`),
          () => site.get("/get-session", { headers: { authorization: `Bearer ${token}` } }),
          () =>
            site.get("/get-session", {
              headers: { cookie: `better-auth.session_token=${token}; better-auth.session_data=${token}` },
            }),
        ]) {
          const begin = Date.now();
          const { status, json } = await use();
          check(status < 500, `answers ${status}`);
          check(status >= 400 || !json, "is accepted");
          check(Date.now() - begin < FAST, `takes ${Date.now() - begin} ms`);
        }
      }
      for (const path of ["/reset-password", "/one-time-token/verify"]) {
        const begin = Date.now();
        const { status } = await site.post(path, { token: ".".repeat(MILLION), newPassword: "another-horse-1" });
        check(status >= 400 && status < 500, `a million dots: answers ${status}`);
        check(Date.now() - begin < FAST, `a million dots: takes ${Date.now() - begin} ms`);
      }
    },
  },
];
