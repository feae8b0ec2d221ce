// The tenants that are attacked, as profiles in the form of reference/profiles.json, and both servers with them.
import { readFileSync } from "node:fs";
import path from "node:path";
import { startAuthhost } from "../lib/authhost.mjs";
import { tenantOf } from "../lib/config.mjs";
import { startOidc } from "../lib/oidc.mjs";
import { mustPass } from "../replay/lists.mjs";
import { startOfficial } from "../selfcheck/official.mjs";
import { Site } from "./site.mjs";

const outbox = (subject, ...members) => ({
  $callback: `outbox: subject=${[subject, "to=user.email", ...members].join(", ")}`,
});
const LINK = ["url", "token"];
const ISSUER = "https://happy-animal-123.convex.site";
const XFF = { advanced: { ipAddress: { ipAddressHeaders: ["x-forwarded-for"] } } };

const options = {
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  trustedOrigins: ["https://*.app.example", "myapp://cb"],
  emailAndPassword: {
    enabled: true,
    revokeSessionsOnPasswordReset: true,
    sendResetPassword: outbox("reset-password", ...LINK),
  },
  emailVerification: { sendVerificationEmail: outbox("verify-email", ...LINK) },
  user: {
    changeEmail: { enabled: true, updateEmailWithoutVerification: true },
    deleteUser: { enabled: true, sendDeleteAccountVerification: outbox("delete-account", ...LINK) },
  },
};

const TOKENS = [
  { plugin: "bearer", options: {} },
  { plugin: "jwt", options: {} },
  { plugin: "multiSession", options: {} },
  { plugin: "oneTimeToken", options: {} },
];
const TWO_FACTOR = { plugin: "twoFactor", options: { otpOptions: { sendOTP: outbox("two-factor-otp", "otp") } } };
const CONVEX = { plugin: "convex", options: { authConfig: "$convexRS256" } };


/** Two identity providers, which are one server with different clients. */
const federation = ["corp", "other"].map((providerId) => ({
  providerId,
  clientId: `${providerId}-client`,
  clientSecret: `${providerId}-secret`,
  discoveryUrl: "{oidc}/.well-known/openid-configuration",
  pkce: true,
  scopes: ["openid", "email", "profile"],
}));
const federated = {
  options: { ...options, user: { changeEmail: { enabled: true } } },
  plugins: [{ plugin: "genericOAuth", options: { config: federation } }],
};

const limited = { ...options, rateLimit: { enabled: true } };
const PROFILES = {
  main: { options, plugins: [...TOKENS, TWO_FACTOR] },
  cached: { options: { ...options, session: { cookieCache: { enabled: true, maxAge: 300 } } }, plugins: TOKENS },
  discreet: {
    options: { ...options, emailAndPassword: { ...options.emailAndPassword, requireEmailVerification: true } },
    plugins: [],
  },
  convex: { options, plugins: [CONVEX] },
  federated,
  merging: {
    ...federated,
    options: { ...federated.options, account: { accountLinking: { requireLocalEmailVerified: false } } },
  },
  limited: { options: limited, plugins: [] },
  guessed: { options: limited, plugins: [] },
  spelled: { options: limited, plugins: [] },
  proxied: { options: { ...limited, ...XFF }, plugins: [] },
};

/** The secret of each tenant, which no test gives away. */
const secretOf = (name) => `security-${name}-Hq7Rw2Zt9Lm4Xc6Vb1Nk8Jp3Gf5Ds0Ay`;

const profileOf = (name, url, idp) => ({
  base_url: url,
  base_path: "/api/auth",
  secret: secretOf(name),
  environment: { CONVEX_SITE_URL: ISSUER },
  ...JSON.parse(JSON.stringify(PROFILES[name]).replaceAll("{oidc}", idp.origin)),
});

const IDS = Object.keys(PROFILES);
const siteOf = (name, url, rest) => new Site({ name, baseUrl: url, publicUrl: url, secret: secretOf(name), ...rest });

/** authhost with all tenants: {name, sites, stop}. */
export async function authhostSites(store) {
  const idp = await startOidc();
  const modules = new Set(mustPass().modules);
  const tenants = (listen) =>
    IDS.map((id) => {
      const { ipHeaders, ...tenant } = tenantOf(id, profileOf(id, `http://${listen(id)}`, idp), {
        listen: listen(id),
        modules,
      });
      // Addresses in headers count where a tenant says so; that is not the default.
      return id === "proxied" ? { ...tenant, ipHeaders } : tenant;
    });
  const server = await startAuthhost({
    name: "security",
    ids: IDS,
    tenants,
    store,
    logLevel: "debug",
    keepOutput: true,
  });
  const evidence = async () => ({
    "the log": server.output(),
    "the audit log": readFileSync(path.join(server.dataDir, "audit.jsonl"), "utf8"),
    metrics: await server.admin.metrics(),
  });
  const about = { pid: server.process.child.pid, evidence };
  const sites = Object.fromEntries(
    IDS.map((id) => [id, siteOf(id, server.url(id), { outbox: () => server.admin.outbox(id), server: about, idp })]),
  );
  return { name: "authhost", sites, can: ["secret", "pid", "evidence"], stop: () => Promise.all([server.stop(), idp.stop()]) };
}

/** The official server with the same tenants. */
export async function officialSites() {
  const idp = await startOidc();
  const server = await startOfficial(Object.fromEntries(IDS.map((id) => [id, (url) => profileOf(id, url, idp)])));
  const sites = Object.fromEntries(
    IDS.map((id) => [
      id,
      siteOf(id, server.url(id), { outbox: () => server.admin.outbox(id), server: { pid: server.pid }, idp }),
    ]),
  );
  return { name: "better-auth 1.6.34", sites, can: ["secret", "pid"], stop: () => Promise.all([server.stop(), idp.stop()]) };
}

/** A server that runs already, as a single tenant whose plugins are not known. */
export function sitesAt(url, { admin } = {}) {
  const rest = admin ? { outbox: () => admin.outbox(new URL(url).host) } : {};
  return {
    name: url,
    sites: { main: new Site({ name: "main", baseUrl: url, publicUrl: url, ...rest }) },
    can: [],
    stop: async () => {},
  };
}
