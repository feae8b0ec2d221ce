// The suites that count what passed. Each is given a store and a suffix for the names of its folders and databases.
import { runExpo } from "./expo/suite.mjs";
import { runHooks } from "./hooks/suite.mjs";
import { runImport } from "./import/suite.mjs";
import { runIsolation } from "./isolation/suite.mjs";
import { runOidc } from "./oidc/suite.mjs";
import { runOpenAPI } from "./openapi/suite.mjs";
import { runRotation } from "./rotation/suite.mjs";
import { runServerCalls } from "./server/suite.mjs";

/**
 * `run` gives {passed, total, failures}, and what else `how` has to say of it.
 *
 * @type {Record<string, {run: (store: object, suffix: string) => Promise<object>, figure: string, title: string,
 *   unit: string, how: (result: object) => string}>}
 */
export const SUITES = {
  oidc: {
    run: runOidc,
    figure: "oidc_checks",
    title: "sign-ins at a real OpenID Connect provider",
    unit: "checks",
    how: () =>
      "two instances of oidc-provider 8: sign-in, linking, tokens; and errors, wrong state, nonce, issuer and keys, replays, mix-ups",
  },
  expo: {
    run: runExpo,
    figure: "expo_checks",
    title: "apps made with Expo",
    unit: "checks",
    how: () =>
      "@better-auth/expo 1.6.33 and 1.7.6, bundled as for a phone, with sign-ins at a real provider through a browser; what is in the phone is stood in for",
  },
  isolation: {
    run: runIsolation,
    figure: "isolation_checks",
    title: "credentials of one tenant at another",
    unit: "checks",
    how: ({ routes }) =>
      `every credential of three tenants at all ${routes} routes of the others: the answer is that to garbage`,
  },
  import: {
    run: runImport,
    figure: "import_steps",
    title: "import of a Better Auth database",
    unit: "steps",
    how: () =>
      "better-auth 1.6.34 on PostgreSQL makes a database; authhost import moves it; old cookies, passwords, second factors, links and tokens are used",
  },
  openapi: {
    run: runOpenAPI,
    figure: "openapi_checks",
    title: "OpenAPI document",
    unit: "checks",
    how: () =>
      "the document is valid OpenAPI 3.1, has every route that is served and no other, and real answers are as it says",
  },
  hooks: {
    run: runHooks,
    figure: "hooks_steps",
    title: "hooks and webhooks",
    unit: "steps",
    how: () =>
      "official client 1.6.34; plugins in Go and Rust refuse; receivers verify with the package standardwebhooks, are down, and the server is killed",
  },
  server: {
    run: runServerCalls,
    figure: "server_calls",
    title: "calls of servers",
    unit: "steps",
    how: () =>
      "the code of docs/convex.md, run as a deployment runs it: with a service key, with a user's token, and a static key set for getAuthConfigProvider of @convex-dev/better-auth",
  },
  rotation: {
    run: runRotation,
    figure: "rotation_tokens_valid",
    title: "checks of tokens while keys change",
    unit: "checks",
    how: ({ rate, busy, keys, nodes }) =>
      `RS256 and ES256 at ${Math.floor(rate)} tokens a second, ${busy} answers that said "busy", ${keys} keys in turn: by schedule, by command, through restarts of ${nodes} node(s); verifiers cache the key set for its max-age`,
  },
};

/** Runs a suite on a store, and adds its figure to the report. */
export async function runSuite(name, report, { store, suffix = "" }) {
  const { run, figure, title, unit, how } = SUITES[name];
  const result = await run(store, suffix);
  report.add({
    name: `conformance_${figure}${suffix}`,
    title: `${title} on ${store.driver}`,
    value: result.passed,
    goal: result.total,
    unit,
    how: how(result),
    failures: result.failures,
  });
}
