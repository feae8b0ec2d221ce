// From profiles.json, which says in Better Auth's words what a recorded server was, to tenants of an authhost.yaml.

import { examplePlugin } from "./examples.mjs";
import { Options, UnsupportedProfile, withoutUndefined } from "./options.mjs";
import { pluginOf } from "./plugins.mjs";
import { social } from "./social.mjs";

export { UnsupportedProfile };

/**
 * The tenant that serves a profile.
 *
 * @param {string} id the profile's name, which becomes the tenant's id
 * @param {object} profile an entry of profiles.json
 * @param {{listen: string, modules: Set<string>}} options the tenant's listener and the first-party modules that exist
 */
export function tenantOf(id, profile, { listen, modules }) {
  const options = new Options(
    profile.database === "none" ? { ...profile.options, ...WITHOUT_DATABASE } : profile.options,
  );
  const passwords = emailPassword(options);
  const trust = origins(options);
  const tenant = {
    id,
    listen,
    ...publicURLs(profile.base_url),
    basePath: profile.base_path,
    ...secrets(options, profile.secret),
    cors: profile.http_layer?.includes("cors:true") || undefined,
    trustedOrigins: trust.patterns,
    ...general(options, id),
    plugins: [
      passwords,
      ...[
        account(options, passwords.config.emailVerification),
        social(options, profile, passwords.config.emailVerification),
      ].filter(({ id }) => modules.has(id)),
      ...profile.plugins.flatMap((p) => pluginOf(id, p, profile, modules)),
      ...trust.plugins,
    ],
  };
  const rest = options.rest();
  if (rest.length) throw new UnsupportedProfile(`${id}: options ${rest.join(", ")}`);
  return withoutUndefined(tenant);
}

/**
 * What Better Auth sets by itself when it is given no database, and keeps records in memory. Here the store is always
 * there, and clients see the same. Only here tokens are encrypted where they are kept unless one says otherwise.
 */
const WITHOUT_DATABASE = {
  session: { cookieCache: { enabled: true, strategy: "jwe", maxAge: 7 * 24 * 60 * 60, refreshCache: true } },
  account: { storeStateStrategy: "cookie", storeAccountCookie: true, encryptOAuthTokens: false },
};

/** One secret, or its versions. */
function secrets(options, secret) {
  const versions = options.take("secrets");
  return versions ? { secrets: versions } : { secret };
}

function general(options, id) {
  options.take("telemetry.enabled");
  return {
    appName: options.take("appName"),
    disabledPaths: options.take("disabledPaths"),
    errorURL: options.take("onAPIError.errorURL"),
    ipHeaders: options.take("advanced.ipAddress.ipAddressHeaders") ?? ["x-forwarded-for"],
    trustedProxies: proxies(options),
    ipv6Subnet: options.take("advanced.ipAddress.ipv6Subnet"),
    disableCSRFCheck: options.take("advanced.disableCSRFCheck"),
    rateLimit: rateLimit(options),
    account: withoutUndefined({ encryptOAuthTokens: options.take("account.encryptOAuthTokens") }),
    user: withoutUndefined({ additionalFields: fields(options, "user", ["type", "required", "input", "returned"]) }),
    session: session(options),
    cookies: cookies(options),
  };
}

/**
 * A base URL, or the fallback and the allowed hosts of a dynamic one. There the scheme came from the request; here each
 * URL has its own.
 */
function publicURLs(base) {
  if (typeof base === "string") return { baseURL: base };
  const urls = base.allowedHosts.map(
    (host) => `${host.startsWith("localhost") ? "http" : (base.protocol ?? "https")}://${host}`,
  );
  return { baseURL: base.fallback, baseURLs: urls.filter((url) => url !== base.fallback) };
}

/** The recorded server believed the list whoever connected; here the proxy is the runner itself. */
function proxies(options) {
  const list = options.take("advanced.ipAddress.trustedProxies");
  return list && [...list, "127.0.0.1"];
}

/** What functions that give trusted origins did, as rules of the example plugin "origins". */
const TRUST = {
  "dynamic trusted origins: returns ['https://dynamic.example.com'] (and 'https://header.example.com' when the request has header x-extra-origin: 1)":
    [{ origin: "https://dynamic.example.com" }, { origin: "https://header.example.com", ifHeader: "x-extra-origin" }],
};

/** Patterns, or a plugin in place of a function. */
function origins(options) {
  const words = options.functionAt("trustedOrigins");
  if (!words) return { patterns: options.take("trustedOrigins"), plugins: [] };
  if (!TRUST[words]) throw new UnsupportedProfile(`trusted origins from a function: ${words}`);
  options.takeFunction("trustedOrigins");
  return {
    plugins: [{ id: "origins", module: examplePlugin("origins"), grants: ["origins"], config: { sites: TRUST[words] } }],
  };
}

function cookies(options) {
  const across = options.take("advanced.crossSubDomainCookies.enabled");
  const overrides = Object.entries(options.take("advanced.cookies") ?? {});
  return withoutUndefined({
    prefix: options.take("advanced.cookiePrefix"),
    domain: across ? options.take("advanced.crossSubDomainCookies.domain") : undefined,
    sameSite: options.take("advanced.defaultCookieAttributes.sameSite"),
    partitioned: options.take("advanced.defaultCookieAttributes.partitioned"),
    overrides: overrides.length
      ? overrides.map(([cookie, { name, attributes }]) => ({ cookie, name, sameSite: attributes?.sameSite }))
      : undefined,
  });
}

/** Additional fields of a model, in the order of the profile. */
function fields(options, model, keys) {
  const all = Object.entries(options.take(`${model}.additionalFields`) ?? {});
  if (!all.length) return undefined;
  return all.map(([name, field]) => ({
    name,
    ...Object.fromEntries(keys.filter((key) => key in field).map((key) => [key, field[key]])),
    ...("defaultValue" in field ? { default: field.defaultValue } : {}),
  }));
}

function rateLimit(options) {
  const rules = Object.entries(options.take("rateLimit.customRules") ?? {});
  return withoutUndefined({
    enabled: options.take("rateLimit.enabled"),
    window: options.take("rateLimit.window"),
    max: options.take("rateLimit.max"),
    rules: rules.length
      ? rules.map(([path, rule]) => (rule ? { path, ...rule } : { path, unlimited: true }))
      : undefined,
  });
}

function session(options) {
  const out = withoutUndefined({
    expiresIn: options.take("session.expiresIn"),
    updateAge: options.take("session.updateAge"),
    freshAge: options.take("session.freshAge"),
    deferRefresh: options.take("session.deferSessionRefresh"),
    cookieCache: cookieCache(options),
    additionalFields: fields(options, "session", ["type", "input", "returned"]),
  });
  return Object.keys(out).length ? out : undefined;
}

function cookieCache(options) {
  return withoutUndefined(
    Object.fromEntries(
      ["enabled", "maxAge", "strategy", "refreshCache"].map((name) => [
        name,
        options.take(`session.cookieCache.${name}`),
      ]),
    ),
  );
}

function emailPassword(options) {
  const plain = [
    "disableSignUp",
    "requireEmailVerification",
    "minPasswordLength",
    "maxPasswordLength",
    "autoSignIn",
    "revokeSessionsOnPasswordReset",
    "resetPasswordTokenExpiresIn",
  ];
  const verification = ["sendOnSignUp", "sendOnSignIn", "autoSignInAfterVerification", "expiresIn"];
  const sends = options.takeCallback("emailVerification.sendVerificationEmail");
  const take = (group, names) => Object.fromEntries(names.map((name) => [name, options.take(`${group}.${name}`)]));
  return {
    id: "email-password",
    config: withoutUndefined({
      enabled: options.take("emailAndPassword.enabled") ?? false,
      ...take("emailAndPassword", plain),
      sendResetPassword: options.takeCallback("emailAndPassword.sendResetPassword"),
      onExistingUserSignUp: options.takeCallback("emailAndPassword.onExistingUserSignUp"),
      onPasswordReset: options.takeCallback("emailAndPassword.onPasswordReset"),
      emailVerification: withoutUndefined({
        sendVerificationEmail: sends,
        confirmLinks: sends && false, // as the official server has it
        ...take("emailVerification", verification),
      }),
    }),
  };
}

/** The account plugin sends verification mails too, when an address changes. */
function account(options, verification = {}) {
  const config = withoutUndefined({
    changeEmail: withoutUndefined({
      enabled: options.take("user.changeEmail.enabled"),
      updateEmailWithoutVerification: options.take("user.changeEmail.updateEmailWithoutVerification"),
      sendChangeEmailConfirmation: options.takeCallback("user.changeEmail.sendChangeEmailConfirmation"),
    }),
    deleteUser: withoutUndefined({
      enabled: options.take("user.deleteUser.enabled"),
      sendDeleteAccountVerification: options.takeCallback("user.deleteUser.sendDeleteAccountVerification"),
      deleteTokenExpiresIn: options.take("user.deleteUser.deleteTokenExpiresIn"),
    }),
    emailVerification: withoutUndefined({
      sendVerificationEmail: verification.sendVerificationEmail,
      expiresIn: verification.expiresIn,
    }),
  });
  return { id: "account", config };
}
