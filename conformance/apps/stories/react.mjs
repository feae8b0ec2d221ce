// The React app, on another site than the server: cookies travel in headers.
import assert from "node:assert/strict";
import { askElsewhere, STORIES, trustDevice } from "./shared.mjs";

async function noCookies({ open }) {
  const ada = await open();
  await ada.signUp();
  assert.deepEqual(await ada.context.cookies(), [], "the server's cookies must not be needed");
  const kept = await ada.page.evaluate(() => localStorage.getItem("better-auth_cookie"));
  assert.match(kept, /better-auth\.session_token/);
}

// The client forgets everything when its user signs out, the trust of the device included; so the session ends elsewhere.
async function trustedDevice({ open }) {
  const ada = await open();
  const uri = await trustDevice(ada);
  const other = await askElsewhere(ada, uri);
  await other.button("Sign out everywhere else").click();
  await other.page.getByText("Your other sessions have ended.").waitFor();
  await ada.comesBack();
  await ada.signedOut();
  await ada.signIn();
  await ada.greeted();
}

async function handOver({ open, requests }) {
  const alice = await open("Alice Oidc");
  const before = await requests("/cross-domain/one-time-token/verify");
  let token;
  alice.page.on("framenavigated", (frame) => (token ??= new URL(frame.url()).searchParams.get("ott")));
  await alice.button("Continue with Corp").click();
  await alice.greeted();
  assert.ok(token, "the browser brought no one-time token");
  assert.ok(!alice.page.url().includes("ott="), "the token was left in the address");
  assert.equal(await requests("/cross-domain/one-time-token/verify"), before + 1);
  const again = await open("Alice Oidc");
  await again.page.goto(`${again.url}/?ott=${token}`);
  await again.signedOut();
  assert.equal(await again.page.evaluate(() => localStorage.getItem("better-auth_session_data")), "null");
}

export const REACT = {
  ...STORIES,
  "the app works without the server's cookies": noCookies,
  "a provider's user is handed over by a one-time token": handOver,
  "a second factor, and a device that is trusted": trustedDevice,
};

const identityOf = (deployment, name) => deployment.identities.accepted.filter((token) => token.name === name);

async function refresh({ open, deployment }) {
  const ada = await open("Refreshing");
  await ada.signUp();
  await ada.forgetStates();
  const first = identityOf(deployment, "Refreshing").length;
  await ada.page.waitForTimeout(18_000); // More than a token lives.
  await ada.says("still here");
  await ada.reads("still here");
  assert.ok(identityOf(deployment, "Refreshing").length >= first + 3, "the token was not renewed in time");
  assert.ok(!(await ada.states()).includes("signed out"), "the app was signed out for a moment");
}

async function revoked({ open }) {
  const ada = await open();
  await ada.signUp();
  const other = await ada.elsewhere();
  await other.signIn();
  await other.greeted();
  await other.button("Sign out everywhere else").click();
  await other.page.getByText("Your other sessions have ended.").waitFor();
  await ada.signedOut(); // Nothing is done here: the tab learns it when its token is to be renewed.
  await ada.screenshot("revoked");
  await other.page.reload();
  await other.greeted();
}

export const REACT_SHORT = {
  "a token is renewed before it ends": refresh,
  "a session that is revoked signs the tab out": revoked,
};
