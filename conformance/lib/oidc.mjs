// A small identity provider for recorded scenarios: OpenID Connect, and GitLab's API beside it. It answers as the one
// that was recorded: the user is whom ?persona= on the authorization URL names, and codes are counted.
import { createHash } from "node:crypto";
import http from "node:http";
import * as jose from "jose";

const KEY_ID = "oidc-key-1";
const LIFE = 3600;
const LOGGED_HEADERS = ["authorization", "content-type"];

const PERSONAS = {
  alice: {
    sub: "oidc-alice-1",
    email: "Alice.Oidc@Example.com",
    email_verified: true,
    name: "Alice Oidc",
    picture: "https://img.example.com/alice.png",
  },
  bob: { sub: "oidc-bob-2", email: "bob.oidc@example.com", email_verified: false, name: "Bob Oidc" },
  noemail: { sub: "oidc-noemail-3", name: "No Email" },
  noname: { sub: "oidc-noname-4", email: "noname@example.com", email_verified: true },
  link: { sub: "oidc-link-5", email: "local.link@example.com", email_verified: true, name: "Linked Person" },
  linkunverified: {
    sub: "oidc-link-6",
    email: "local.unverified@example.com",
    email_verified: false,
    name: "Unverified Link",
  },
};

/** Definitions of profiles with an identity provider of its own in each that needs one. */
export async function withProviders(profiles) {
  const definitions = { ...profiles };
  const providers = new Map();
  for (const [name, definition] of Object.entries(profiles)) {
    const text = JSON.stringify(definition);
    if (!text.includes("{oidc}")) continue;
    providers.set(name, await startOidc());
    definitions[name] = JSON.parse(text.replaceAll("{oidc}", providers.get(name).origin));
  }
  const stopProviders = () => Promise.all([...providers.values()].map((provider) => provider.stop()));
  return { definitions, providers, stopProviders };
}

/** Starts a provider on a free port of 127.0.0.1. */
export async function startOidc() {
  const provider = new Provider(await jose.generateKeyPair("RS256", { extractable: true }));
  await provider.listen();
  return provider;
}

class Provider {
  #keys;
  #server;
  #codes = new Map();
  #count = 0;
  #log = [];
  #personas = { ...PERSONAS };

  constructor(keys) {
    this.#keys = keys;
    this.#server = http.createServer((request, response) => {
      this.#serve(request, response).catch((error) => reply(response, 500, { error: error.message }));
    });
  }

  listen() {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get origin() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Adds a user. `name` is for ?persona=, `claims` are what the id token and the profile have. */
  add(name, claims) {
    this.#personas[name] = claims;
  }

  /** Forgets codes, counts from one again. */
  reset() {
    this.#codes.clear();
    this.#count = 0;
    this.#log = [];
  }

  /** The requests to token and user endpoints since the last call. */
  takeLog() {
    return this.#log.splice(0);
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.origin);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return reply(response, 200, this.#discovery());
      case "/jwks":
        return reply(response, 200, { keys: [await this.#jwk()] });
      case "/authorize":
      case "/oauth/authorize":
        response.writeHead(302, { location: this.#authorize(Object.fromEntries(url.searchParams)) });
        return response.end();
      case "/token":
      case "/oauth/token":
        this.#note(request, url, form);
        return reply(response, ...(await this.#token(form)));
      case "/userinfo":
        this.#note(request, url);
        return reply(response, ...userInfo(request, this.#personas));
      case "/api/v4/user":
        this.#note(request, url);
        return reply(response, ...gitlabUser(request, this.#personas));
    }
    return reply(response, 404, { error: "not_found" });
  }

  #discovery() {
    return {
      issuer: this.origin,
      authorization_endpoint: `${this.origin}/authorize`,
      token_endpoint: `${this.origin}/token`,
      userinfo_endpoint: `${this.origin}/userinfo`,
      jwks_uri: `${this.origin}/jwks`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    };
  }

  async #jwk() {
    return { ...(await jose.exportJWK(this.#keys.publicKey)), kid: KEY_ID, alg: "RS256", use: "sig" };
  }

  #authorize(query) {
    const back = new URL(query.redirect_uri);
    const add = (name, value) => back.searchParams.set(name, value);
    if (query.persona === "denied") {
      add("error", "access_denied");
      add("error_description", "The user said no");
    } else {
      const code = `authcode-${++this.#count}`;
      this.#codes.set(code, query);
      add("code", code);
      if (query.with_iss) add("iss", query.with_iss === "good" ? this.origin : query.with_iss);
    }
    if (query.state) add("state", query.state);
    return back.toString();
  }

  async #token(form) {
    if (form.grant_type === "refresh_token") {
      const renewed = { access_token: `at2-${form.refresh_token}`, token_type: "Bearer", expires_in: LIFE };
      return [200, { ...renewed, scope: "openid" }];
    }
    const query = this.#codes.get(form.code);
    if (!query) return [400, { error: "invalid_grant", error_description: "unknown code" }];
    this.#codes.delete(form.code);
    const challenge = createHash("sha256")
      .update(form.code_verifier ?? "")
      .digest("base64url");
    if (query.code_challenge && query.code_challenge !== challenge)
      return [400, { error: "invalid_grant", error_description: "pkce" }];
    const persona = query.persona ?? "alice";
    const tokens = { access_token: `at-${persona}`, refresh_token: `rt-${persona}`, token_type: "Bearer" };
    const out = { ...tokens, expires_in: LIFE, scope: query.scope };
    if ((query.scope ?? "").split(" ").includes("openid")) out.id_token = await this.#idToken(persona, query);
    return [200, out];
  }

  #idToken(persona, { client_id: audience, nonce }) {
    return new jose.SignJWT({ ...this.#personas[persona], ...(nonce ? { nonce } : {}) })
      .setProtectedHeader({ alg: "RS256", kid: KEY_ID })
      .setIssuer(this.origin)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(this.#keys.privateKey);
  }

  #note(request, url, form) {
    const headers = Object.fromEntries(
      LOGGED_HEADERS.filter((name) => request.headers[name] !== undefined).map((name) => [name, request.headers[name]]),
    );
    this.#log.push({ method: request.method, path: url.pathname, headers, ...(form ? { form } : {}) });
  }
}

function reply(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const personaOf = (request) => (request.headers.authorization ?? "").replace(/^Bearer at-/, "");

function userInfo(request, personas) {
  const claims = personas[personaOf(request)];
  return claims ? [200, claims] : [401, { error: "invalid_token" }];
}

function gitlabUser(request, personas) {
  const persona = personaOf(request);
  const claims = personas[persona];
  if (!claims) return [401, {}];
  const user = {
    id: 4240 + Object.keys(personas).indexOf(persona),
    username: persona,
    name: claims.name,
    email: claims.email,
    state: "active",
    locked: false,
    confirmed_at: claims.email_verified ? "2020-01-01T00:00:00Z" : null,
    avatar_url: claims.picture ?? null,
    email_verified: claims.email_verified,
  };
  return [200, user];
}
