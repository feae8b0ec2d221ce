// The plugins of recorded servers as entries of an authhost.yaml.
import { Options, UnsupportedProfile, withoutUndefined } from "./options.mjs";

/**
 * Plugins that are not there yet and whose absence leaves the rest of a profile as it was, each with the reason why it does.
 * Their own endpoints and mails are in the scenarios that must-pass.json leaves out.
 */
const LATER = new Map([
  ["magicLink", "it adds endpoints and the mail of its own sign-in, and hooks on nothing else"],
  ["emailOTP", "it adds endpoints and the mails with its codes, and replaces those of others only where a profile says so"],
]);

/** What the functions in the recorded options did, as claims of a token. */
const PAYLOADS = {
  "payload {role:'member', email:user.email}": {
    constants: { role: "member" },
    templates: { email: "{{user.email}}" },
  },
  "payload {name:user.name, plan:'pro'}": { fields: ["name"], constants: { plan: "pro" } },
};

/** From the options of a plugin to an entry of the configuration. */
const TRANSLATIONS = {
  bearer: (options) => ({ id: "bearer", config: { requireSignature: options.take("requireSignature") } }),

  convex: (options, { environment }) => {
    const auth = options.take("authConfig");
    const algorithm = { $convexRS256: "RS256", $convexEdDSA: "EdDSA" }[auth];
    if (!algorithm) throw new UnsupportedProfile(`convex with ${auth}`);
    const payload = options.takeFunction("jwt.definePayload");
    return {
      id: "convex",
      config: {
        issuer: environment.CONVEX_SITE_URL,
        algorithm,
        lifetime: options.take("jwt.expirationSeconds"),
        claims: payload && PAYLOADS[payload],
      },
    };
  },

  crossDomain: (options) => ({ id: "cross-domain", config: { siteURLs: [options.take("siteUrl")] } }),

  // Its providers are those of the plugin social, see social.mjs.
  genericOAuth: (options) => (options.take("config"), []),

  jwt: (options) => {
    const payload = options.takeFunction("jwt.definePayload");
    options.take("jwks.keyPairConfig.modulusLength"); // 2048 is what there is
    options.take("jwks.disablePrivateKeyEncryption"); // keys are always sealed
    return {
      id: "jwt",
      config: {
        algorithm: options.take("jwks.keyPairConfig.alg"),
        jwksPath: options.take("jwks.jwksPath"),
        issuer: options.take("jwt.issuer"),
        audience: options.take("jwt.audience"),
        lifetime: seconds(options.take("jwt.expirationTime")),
        claims: payload && PAYLOADS[payload],
        disableSettingJwtHeader: options.take("disableSettingJwtHeader"),
      },
    };
  },

  multiSession: (options) => ({ id: "multi-session", config: { maximumSessions: options.take("maximumSessions") } }),

  oneTimeToken: (options) => ({
    id: "one-time-token",
    config: {
      storeToken: options.take("storeToken"),
      disableSetSessionCookie: options.take("disableSetSessionCookie"),
      setOttHeaderOnNewSession: options.take("setOttHeaderOnNewSession"),
    },
  }),

  openAPI: (options) => ({
    id: "open-api",
    config: { path: options.take("path"), disableDefaultReference: options.take("disableDefaultReference") },
  }),

  twoFactor: (options) => {
    options.take("otpOptions.storeOTP"); // codes are always sealed, whatever their form was
    options.take("backupCodeOptions.storeBackupCodes");
    return {
      id: "two-factor",
      config: {
        policy: "credential", // as the official server has it
        issuer: options.take("issuer"),
        skipVerificationOnEnable: options.take("skipVerificationOnEnable"),
        twoFactorCookieMaxAge: options.take("twoFactorCookieMaxAge"),
        totpOptions: group(options, "totpOptions", ["digits", "period"]),
        otpOptions: {
          sendOTP: options.takeCallback("otpOptions.sendOTP"),
          ...group(options, "otpOptions", ["digits", "allowedAttempts"]),
        },
        backupCodeOptions: group(options, "backupCodeOptions", ["amount", "length"]),
        accountLockout: group(options, "accountLockout", ["enabled", "maxFailedAttempts", "durationSeconds"]),
      },
    };
  },
};

/** Entries for a plugin of a profile: one, or none if it is not there yet and others do not need it. */
export function pluginOf(profileId, { plugin, options: given }, profile, modules) {
  const translate = TRANSLATIONS[plugin];
  if (!translate && LATER.has(plugin)) return [];
  const unsupported = (why) => new UnsupportedProfile(`${profileId}: plugin ${plugin}: ${why}`);
  if (!translate) throw unsupported("is not known here");
  const options = new Options(given);
  const entry = translate(options, profile);
  if (Array.isArray(entry)) return entry;
  const { id, config } = entry;
  if (!modules.has(id)) throw unsupported("is not there yet");
  const rest = options.rest();
  if (rest.length) throw unsupported(`options ${rest.join(", ")}`);
  return [withoutUndefined({ id, config: withoutUndefined(config) })];
}

const group = (options, name, members) =>
  withoutUndefined(Object.fromEntries(members.map((member) => [member, options.take(`${name}.${member}`)])));

/** "5m" as seconds. */
function seconds(duration) {
  if (duration === undefined) return undefined;
  const [, count, unit] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  return Number(count) * { s: 1, m: 60, h: 3600, d: 86400 }[unit];
}
