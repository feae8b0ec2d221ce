// Social providers and generic OAuth of recorded servers as the plugin social's entry of an authhost.yaml.
import { withoutUndefined } from "./options.mjs";

const LINKING = [
  "enabled",
  "disableImplicitLinking",
  "trustedProviders",
  "requireLocalEmailVerified",
  "allowDifferentEmails",
  "updateUserInfoOnLink",
];

/** Options of generic OAuth whose names differ here. */
const RENAMED = { scopes: "scope", overrideUserInfo: "overrideUserInfoOnSignIn" };

/** The entry of the plugin. It is always there, as its endpoints are in Better Auth. */
export function social(options, profile, verification = {}) {
  const providers = Object.fromEntries(
    Object.entries(options.take("socialProviders") ?? {}).map(([id, provider]) => [id, preset(provider)]),
  );
  for (const provider of generic(profile)) providers[provider.id] = provider.settings;
  const linking = Object.fromEntries(LINKING.map((name) => [name, options.take(`account.accountLinking.${name}`)]));
  return {
    id: "social",
    config: withoutUndefined({
      providers,
      emailVerification: withoutUndefined({
        sendOnSignUp: (verification.sendVerificationEmail && verification.sendOnSignUp) || undefined,
        expiresIn: verification.expiresIn,
      }),
      account: withoutUndefined({
        accountLinking: withoutUndefined(linking),
        storeStateStrategy: options.take("account.storeStateStrategy"),
        storeAccountCookie: options.take("account.storeAccountCookie"),
        // As the convex plugin does by itself.
        skipStateCookieCheck: profile.plugins.some(({ plugin }) => plugin === "crossDomain") || undefined,
      }),
    }),
  };
}

/** A provider that both know by name. The application's own check of id tokens has no counterpart. */
function preset({ verifyIdToken, ...settings }) {
  return settings;
}

function generic(profile) {
  const plugin = profile.plugins.find(({ plugin }) => plugin === "genericOAuth");
  return (plugin?.options.config ?? []).map(({ providerId, pkce = false, ...rest }) => ({
    id: providerId,
    settings: {
      pkce,
      ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [RENAMED[name] ?? name, value])),
    },
  }));
}
