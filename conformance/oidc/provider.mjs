// A real OpenID Connect provider (oidc-provider) with users who agree to everything, or to nothing.
import http from "node:http";
import * as jose from "jose";
import Provider from "oidc-provider";

const CLIENT_ID = "authhost";
const CLIENT_SECRET = "provider-secret-Qw3Er5Ty7Ui9Op1As2Df4Gh6";

const TIMED = ["AccessToken", "Grant", "IdToken", "Interaction", "RefreshToken", "Session"];
const LIFE = 3600; // seconds

export const PEOPLE = {
  ada: { email: "ada@example.com", email_verified: true, name: "Ada Lovelace", picture: "https://img.example.com/ada.png" },
  bob: { email: "bob@example.com", email_verified: false, name: "Bob" },
  eve: { email: "eve@example.com", email_verified: true, name: "Eve" },
  verbose: { email: "verbose@example.com", email_verified: true, name: "Verbose", website: `https://example.com/${"x".repeat(4000)}` },
  nobody: {},
};

/**
 * Starts a provider on a free port of 127.0.0.1.
 *
 * `redirects` are the redirect URIs of its one client. Whom it signs in is the account id in the `login_hint`; one that is
 * "denied" refuses.
 */
export async function startProvider(redirects) {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: redirects,
        response_types: ["code"],
        grant_types: ["authorization_code", "refresh_token"],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture", "website"] },
    conformIdTokenClaims: false,
    cookies: { keys: ["provider-cookie-key"] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    jwks: { keys: [await newKey()] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: Object.fromEntries(TIMED.map((name) => [name, LIFE])),
    scopes: ["openid", "email", "profile"],
  });
  provider.on("server_error", (_, error) => console.error("oidc-provider:", error));
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (!request.url.startsWith("/interaction/")) return answer(request, response);
    interact(provider, request, response).catch((error) => {
      response.writeHead(500);
      response.end(error.stack);
    });
  });
  return {
    issuer,
    settings: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
    discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    jwksUrl: `${issuer}/jwks`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function newKey() {
  const { privateKey } = await jose.generateKeyPair("RS256", { extractable: true });
  const jwk = await jose.exportJWK(privateKey);
  return { ...jwk, alg: "RS256", use: "sig", kid: await jose.calculateJwkThumbprint(jwk) };
}

/** Plays the user in front of the provider's pages. */
async function interact(provider, request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  const person = params.login_hint ?? "ada";
  if (person === "denied") {
    const refusal = { error: "access_denied", error_description: "The user said no" };
    return provider.interactionFinished(request, response, refusal, { mergeWithLastSubmission: false });
  }
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: person } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}
