// Users of an application, each with a browser and the official client.
import { createAuthClient } from "better-auth/client";
import { plugins } from "../clients/official.mjs";
import { Browser } from "../clients/browser.mjs";

export const PASSWORD = "correct-horse-1";

/** The official client in a browser of its own. */
export function clientOf(baseURL) {
  const browser = new Browser({ origin: baseURL });
  return createAuthClient({ baseURL, plugins: plugins(), fetchOptions: { customFetchImpl: browser.fetch } });
}

/** Signs a user up; gives the client beside what the call gave. */
export async function signUp(baseURL, email, name = "First") {
  const client = clientOf(baseURL);
  return { client, email, ...(await client.signUp.email({ name, email, password: PASSWORD })) };
}

/** What a call gives, or an error where the server does not answer. */
export const attempt = (call) => call.catch((error) => ({ data: null, error }));
