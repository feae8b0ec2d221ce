// The servers that are compared: plugin sets, as profiles in the form of reference/profiles.json.

const outbox = (subject, ...members) => ({
  $callback: `outbox: subject=${[subject, "to=user.email", ...members].join(", ")}`,
});
const LINK = ["url", "token"];

const PASSWORDS = { enabled: true, sendResetPassword: outbox("reset-password", ...LINK) };
const VERIFICATION = { sendVerificationEmail: outbox("verify-email", ...LINK) };
const TWO_FACTOR = {
  plugin: "twoFactor",
  options: { issuer: "Ref App", otpOptions: { sendOTP: outbox("two-factor-otp", "otp") } },
};
const CONVEX = { plugin: "convex", options: { authConfig: "$convexRS256" } };
const ISSUER = "https://happy-animal-123.convex.site";
const SITE = "http://localhost:5173";

function profile(options, plugins = [], rest = {}) {
  const base = rest.base_url ?? "http://localhost:3000";
  return {
    base_url: base,
    base_path: "/api/auth",
    secret: "differential-Hq7Rw2Zt9Lm4Xc6Vb1Nk8Jp3Gf5Ds0Ay",
    default_request_origin: base,
    environment: { CONVEX_SITE_URL: ISSUER },
    ...rest,
    options: { rateLimit: { enabled: false }, telemetry: { enabled: false }, ...options },
    plugins,
  };
}

const account = { changeEmail: { enabled: true }, deleteUser: { enabled: true } };

/** Profiles by the name of the set. */
export const SETS = {
  core: profile({ emailAndPassword: PASSWORDS, emailVerification: VERIFICATION, user: account }),
  verified: profile({
    emailAndPassword: {
      ...PASSWORDS,
      requireEmailVerification: true,
      revokeSessionsOnPasswordReset: true,
      onExistingUserSignUp: outbox("existing-user-sign-up"),
    },
    emailVerification: { ...VERIFICATION, sendOnSignUp: true, sendOnSignIn: true, autoSignInAfterVerification: true },
    user: {
      changeEmail: { enabled: true, sendChangeEmailConfirmation: outbox("change-email-confirmation", ...LINK) },
      deleteUser: { enabled: true, sendDeleteAccountVerification: outbox("delete-account", ...LINK) },
    },
    trustedOrigins: ["https://*.example.org", "myapp://"],
  }),
  twofactor: profile({ emailAndPassword: PASSWORDS, user: account }, [TWO_FACTOR]),
  tokens: profile(
    { emailAndPassword: PASSWORDS, user: account },
    [
      { plugin: "bearer", options: {} },
      { plugin: "jwt", options: {} },
      { plugin: "multiSession", options: { maximumSessions: 2 } },
      { plugin: "oneTimeToken", options: { setOttHeaderOnNewSession: true } },
    ],
    { jwks_path: "/jwks" },
  ),
  spa: profile(
    { emailAndPassword: PASSWORDS, emailVerification: VERIFICATION, user: account, trustedOrigins: [SITE] },
    [{ plugin: "crossDomain", options: { siteUrl: SITE } }, CONVEX],
    { base_url: ISSUER, default_request_origin: SITE, jwks_path: "/convex/jwks" },
  ),
  cache: profile({
    emailAndPassword: PASSWORDS,
    user: account,
    session: { cookieCache: { enabled: true, maxAge: 300 } },
  }),
  short: profile(
    {
      emailAndPassword: PASSWORDS,
      user: account,
      session: {
        expiresIn: 3600,
        updateAge: 600,
        freshAge: 1800,
        additionalFields: {
          theme: { type: "string", required: false, defaultValue: "light" },
          note: { type: "string", required: false },
          mark: { type: "string", required: false, returned: false },
        },
      },
    },
    [TWO_FACTOR],
  ),
  ratelimit: profile({
    emailAndPassword: PASSWORDS,
    emailVerification: VERIFICATION,
    user: account,
    rateLimit: { enabled: true },
  }),
};

/** How many of a run's requests a set gets, against the others: 1 where it is not here. */
export const SHARES = { core: 1.2, twofactor: 1.2, tokens: 1.2, spa: 1.2, cache: 0.5, short: 0.6, ratelimit: 0.6 };

/** Sets whose sequences ask few endpoints often, one request at a time: what is counted would else never be refused. */
export const FOCUSED = new Set(["ratelimit"]);
