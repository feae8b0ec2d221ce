// What a user does with an application, told in calls of the official client.
import assert from "node:assert/strict";
import { Browser } from "./browser.mjs";

const PASSWORD = "correct-horse-1";
const CHANGED = "correct-horse-2";
const RESET = "correct-horse-3";

/** The data of a call that must succeed. */
function data(result) {
  assert.equal(result.error, null, `the call failed: ${JSON.stringify(result.error)}`);
  return result.data;
}

/** Asserts that a call failed with a status and a code. */
function refused(result, status, code) {
  assert.equal(result.data, null, "the call succeeded");
  assert.equal(result.error.status, status);
  if (code) assert.equal(result.error.code, code);
}

/**
 * The steps of the story, in order; each relies on those before it.
 *
 * The context has: `open()` gives a {client, browser} pair of a browser of its own; `email` of the person; `baseURL`;
 * `outbox()` gives the mails to that person; `validate(token)` is the Convex backend.
 *
 * @type {[string, (context: object) => Promise<void>][]}
 */
export const STORY = [
  [
    "nobody is signed in at first",
    async (c) => {
      Object.assign(c, c.open());
      assert.equal(data(await c.client.getSession()), null);
      refused(await c.client.convex.token(), 401, "UNAUTHORIZED");
    },
  ],
  [
    "a short password is refused",
    async (c) => {
      refused(
        await c.client.signUp.email({ name: "Alice", email: c.email, password: "short" }),
        400,
        "PASSWORD_TOO_SHORT",
      );
    },
  ],
  [
    "sign-up signs in",
    async (c) => {
      const { token, user } = data(await c.client.signUp.email({ name: "Alice", email: c.email, password: PASSWORD }));
      assert.equal(typeof token, "string");
      assert.equal(user.email, c.email);
      assert.equal(user.emailVerified, false);
      c.user = user;
    },
  ],
  [
    "get-session gives user and session",
    async (c) => {
      const { user, session } = data(await c.client.getSession());
      assert.equal(user.id, c.user.id);
      assert.equal(session.userId, c.user.id);
      assert.ok(new Date(session.expiresAt) > Date.now() + 6 * 864e5, "the session lives a week");
      c.session = session;
    },
  ],
  [
    "the Convex backend takes the token",
    async (c) => {
      const { token } = data(await c.client.convex.token());
      const identity = await c.validate(token);
      assert.equal(identity.subject, c.user.id);
      assert.equal(identity.claims.email, JSON.stringify(c.email));
      assert.equal(identity.claims.sessionId, JSON.stringify(c.session.id));
      assert.ok(!("id" in identity.claims), "the user's id is the subject only");
    },
  ],
  [
    "a second token is another token",
    async (c) => {
      const [first, second] = [data(await c.client.convex.token()), data(await c.client.convex.token())];
      if (c.uniqueTokens) assert.notEqual(first.token, second.token);
      assert.equal((await c.validate(second.token)).subject, c.user.id);
    },
  ],
  [
    "the address is taken now",
    async (c) => {
      const other = c.open();
      const result = await other.client.signUp.email({ name: "Eve", email: c.email.toUpperCase(), password: PASSWORD });
      refused(result, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
    },
  ],
  [
    "a wrong password is refused",
    async (c) => {
      const other = c.open();
      refused(
        await other.client.signIn.email({ email: c.email, password: "wrong-password" }),
        401,
        "INVALID_EMAIL_OR_PASSWORD",
      );
      refused(
        await other.client.signIn.email({ email: `no.${c.email}`, password: PASSWORD }),
        401,
        "INVALID_EMAIL_OR_PASSWORD",
      );
      assert.equal(data(await other.client.getSession()), null);
    },
  ],
  [
    "a second device signs in and is listed",
    async (c) => {
      c.second = c.open();
      const { redirect, user } = data(await c.second.client.signIn.email({ email: c.email, password: PASSWORD }));
      assert.equal(redirect, false);
      assert.equal(user.id, c.user.id);
      assert.equal(data(await c.client.listSessions()).length, 2);
    },
  ],
  [
    "revoking the second device signs it out",
    async (c) => {
      const mine = data(await c.second.client.getSession()).session.token;
      assert.equal(data(await c.client.revokeSession({ token: mine })).status, true);
      assert.equal(data(await c.second.client.getSession()), null);
    },
  ],
  [
    "changing the password wants the current one",
    async (c) => {
      refused(
        await c.client.changePassword({ currentPassword: "wrong-password", newPassword: CHANGED }),
        400,
        "INVALID_PASSWORD",
      );
    },
  ],
  [
    "changing the password signs out other devices",
    async (c) => {
      data(await c.second.client.signIn.email({ email: c.email, password: PASSWORD }));
      const change = { currentPassword: PASSWORD, newPassword: CHANGED, revokeOtherSessions: true };
      assert.equal(typeof data(await c.client.changePassword(change)).token, "string");
      assert.equal(data(await c.second.client.getSession()), null);
      assert.equal(data(await c.client.getSession()).user.id, c.user.id);
    },
  ],
  [
    "the changed password verifies",
    async (c) => {
      const verify = (password) => c.client.$fetch("/verify-password", { method: "POST", body: { password } });
      assert.equal(data(await verify(CHANGED)).status, true);
      refused(await verify(PASSWORD), 400, "INVALID_PASSWORD");
    },
  ],
  [
    "a verification link verifies the address",
    async (c) => {
      assert.equal(
        data(await c.client.sendVerificationEmail({ email: c.email, callbackURL: "/welcome" })).status,
        true,
      );
      const { token } = await c.mail("verify-email");
      assert.equal(data(await c.client.verifyEmail({ query: { token } })).status, true);
      assert.equal(data(await c.client.getSession()).user.emailVerified, true);
    },
  ],
  [
    "sign-out ends the session",
    async (c) => {
      assert.equal(data(await c.client.signOut()).success, true);
      assert.equal(data(await c.client.getSession()), null);
      refused(await c.client.convex.token(), 401, "UNAUTHORIZED");
      assert.deepEqual(c.browser.jar.names(), [], "no cookie is left");
    },
  ],
  [
    "a reset of an unknown address looks the same",
    async (c) => {
      const ask = (email) => c.client.requestPasswordReset({ email, redirectTo: "/reset" });
      assert.deepEqual(data(await ask(`no.${c.email}`)), data(await ask(c.email)));
    },
  ],
  [
    "the mailed link leads to the application",
    async (c) => {
      const { url, token } = await c.mail("reset-password");
      const response = await c.browser.fetch(url);
      assert.equal(response.status, 302);
      assert.equal(response.headers.get("location"), `${c.baseURL}/reset?token=${token}`);
      c.token = token;
    },
  ],
  [
    "the reset sets the password, once",
    async (c) => {
      assert.equal(data(await c.client.resetPassword({ newPassword: RESET, token: c.token })).status, true);
      refused(await c.client.resetPassword({ newPassword: "correct-horse-4", token: c.token }), 400, "INVALID_TOKEN");
    },
  ],
  [
    "only the new password signs in",
    async (c) => {
      refused(await c.client.signIn.email({ email: c.email, password: CHANGED }), 401, "INVALID_EMAIL_OR_PASSWORD");
      data(await c.client.signIn.email({ email: c.email, password: RESET, rememberMe: false }));
      assert.equal(data(await c.client.getSession()).user.emailVerified, true);
    },
  ],
  [
    "the token after sign-in is of the same person",
    async (c) => {
      const identity = await c.validate(data(await c.client.convex.token()).token);
      assert.equal(identity.subject, c.user.id);
      assert.equal(identity.claims.emailVerified, "true");
    },
  ],
  [
    "revoking all sessions ends this one",
    async (c) => {
      assert.equal(data(await c.client.revokeSessions()).status, true);
      assert.equal(data(await c.client.getSession()), null);
    },
  ],
];

/**
 * Tells the story to one client.
 *
 * @param {{createAuthClient: Function, plugins: () => object[], baseURL: string, email: string, outbox: () => Promise<object[]>,
 *   validate: (token: string) => Promise<object>, observe?: Function, uniqueTokens?: boolean}} options
 * @returns {Promise<{steps: number, passed: number, failure?: {step: string, error: Error}}>} it stops at the first failure
 */
export async function tell({ createAuthClient, plugins, observe, ...given }) {
  const context = {
    uniqueTokens: true,
    ...given,
    open() {
      const browser = new Browser({ origin: given.baseURL, observe });
      const client = createAuthClient({
        baseURL: given.baseURL,
        plugins: plugins(),
        fetchOptions: { customFetchImpl: browser.fetch },
      });
      return { client, browser };
    },
    async mail(template) {
      const mine = (await given.outbox()).filter(
        (mail) => mail.to === given.email && (mail.template ?? mail.subject) === template,
      );
      assert.ok(mine.length, `no mail ${template} in the outbox`);
      return mine.at(-1);
    },
  };
  let passed = 0;
  for (const [step, run] of STORY) {
    try {
      await run(context);
      passed++;
    } catch (error) {
      return { steps: STORY.length, passed, failure: { step, error } };
    }
  }
  return { steps: STORY.length, passed };
}
