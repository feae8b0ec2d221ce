// What the browser tests run against: one authhost with a tenant for each app, a deployment for each app, and the apps.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startOidc } from "../../lib/oidc.mjs";
import { startDeployment } from "../../convex/deployment/server.mjs";
import { startAuthhost } from "../../lib/authhost.mjs";
import { eventually, start } from "../../lib/process.mjs";

export const APPS = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

// Builds have addresses in them, so they stay the same from run to run.
const FIRST_PORT = Number(process.env.APPS_PORT ?? 21110);
const NAMES = ["react", "react-short", "next", "tanstack"];
const READY_TIMEOUT = 60_000;

/** The ports and addresses of an app: apps at localhost, everything else at 127.0.0.1, which is another site. */
function addresses(name) {
  const [auth, convex, site, app] = [0, 10, 20, 30].map((offset) => FIRST_PORT + offset + NAMES.indexOf(name));
  return {
    ports: { auth, convex, site, app },
    auth: `http://127.0.0.1:${auth}`,
    convex: `http://127.0.0.1:${convex}`,
    app: `http://localhost:${app}`,
  };
}

/** The addresses of every app by its name. */
export const ADDRESSES = Object.fromEntries(NAMES.map((name) => [name, addresses(name)]));

// As a deployment's tokens live, and as short as the client can refresh them.
const LIFETIMES = { "react-short": 15 };

/** The tenant of an app on another site than the server's. */
function crossDomainTenant(name) {
  const { auth, app } = ADDRESSES[name];
  return {
    baseURL: auth,
    trustedOrigins: [app],
    cors: true,
    plugins: [{ id: "cross-domain", config: { siteURLs: [app] } }],
  };
}

/** The tenant of an app whose server passes /api/auth on, so that users see the app's address only. */
function proxiedTenant(name) {
  const { auth, app } = ADDRESSES[name];
  return { baseURL: app, hosts: [new URL(app).host, new URL(auth).host], plugins: [] };
}

/** Sign-in with the users of a provider. A browser on another site has no cookie of the server that could hold the state. */
function social(name, provider) {
  const corp = {
    discoveryUrl: `${provider.origin}/.well-known/openid-configuration`,
    clientId: "apps",
    clientSecret: "not-a-secret",
  };
  const account = name.startsWith("react") ? { skipStateCookieCheck: true } : {};
  return { id: "social", config: { providers: { corp }, account } };
}

function tenantOf(name, listen, provider) {
  const tenant = name.startsWith("react") ? crossDomainTenant(name) : proxiedTenant(name);
  const lifetime = LIFETIMES[name] ? { lifetime: LIFETIMES[name] } : {};
  const plugins = [
    { id: "email-password" },
    { id: "two-factor" },
    social(name, provider),
    { id: "convex", config: { issuer: ADDRESSES[name].auth, ...lifetime } },
    ...tenant.plugins,
  ];
  return { id: name, appName: "Apps", listen, ...tenant, plugins };
}

function startApp(name) {
  const { ports } = ADDRESSES[name];
  const bin = (program) => path.join(APPS, "node_modules", ".bin", program);
  const port = String(ports.app);
  if (name === "next") return start(bin("next"), ["start", "-p", port], appOptions(name));
  if (name === "tanstack") {
    const args = ["serve", "--prod", "--host", "127.0.0.1", "--port", port, "--static", "../client", "server.js"];
    return start(bin("srvx"), args, { ...appOptions(name), cwd: path.join(APPS, name, "dist", "server") });
  }
  const args = ["preview", "--host", "127.0.0.1", "--port", port, "--strictPort", "--outDir", outputOf(name)];
  return start(bin("vite"), args, appOptions("react"));
}

/** Where the build of a React app is. */
export const outputOf = (name) => path.join(APPS, "react", "dist", name);

function appOptions(folder) {
  return { cwd: path.join(APPS, folder), env: { ...process.env, ...environmentOf(folder), NODE_ENV: "production" } };
}

/** The environment that an app is built and run with. */
export function environmentOf(name) {
  const { auth, convex } = ADDRESSES[name];
  if (name === "next") {
    return { NEXT_PUBLIC_CONVEX_URL: convex, NEXT_PUBLIC_CONVEX_SITE_URL: auth, NEXT_TELEMETRY_DISABLED: "1" };
  }
  if (name === "tanstack") return { VITE_CONVEX_URL: convex, VITE_CONVEX_SITE_URL: auth };
  return { VITE_CONVEX_URL: convex, VITE_CONVEX_SITE_URL: auth };
}

async function answers(url) {
  return fetch(url, { redirect: "manual" }).then(
    () => true,
    () => false,
  );
}

/**
 * Starts everything.
 *
 * @param {string[]} names of the apps
 * @returns {Promise<{deployments: Record<string, object>, admin: object, stop: () => Promise<void>}>} `admin` is the
 *   server's admin listener
 */
export async function startWorld(names) {
  const provider = await startOidc();
  const tenants = (listen) => names.map((name) => tenantOf(name, listen(name), provider));
  const ports = Object.fromEntries(names.map((name) => [name, ADDRESSES[name].ports.auth]));
  const server = { trustedProxies: ["127.0.0.1/32"] };
  const authhost = await startAuthhost({ name: "apps", ids: names, tenants, ports, server });
  const started = [];
  for (const name of names) {
    const { auth, ports } = ADDRESSES[name];
    const env = { AUTH_ISSUER: auth, AUTH_JWKS: `${auth}/api/auth/convex/jwks` };
    const functions = path.join(APPS, "convex");
    started.push([name, await startDeployment({ functions, port: ports.convex, sitePort: ports.site, env })]);
  }
  const apps = names.map((name) => [name, startApp(name)]);
  for (const [name, app] of apps) {
    const onTimeout = () => new Error(`the app ${name} does not answer:\n${app.output()}`);
    await eventually(() => answers(ADDRESSES[name].app), { timeout: READY_TIMEOUT, onTimeout });
  }
  const stop = async () => {
    await Promise.all(apps.map(([, app]) => app.stop()));
    for (const [, deployment] of started) await deployment.close();
    await authhost.stop();
    await provider.stop();
  };
  const output = (name) => apps.find(([app]) => app === name)[1].output();
  return { deployments: Object.fromEntries(started), admin: authhost.admin, output, stop };
}
