// What every app lets people do.
import assert from "node:assert/strict";
import { codeOf } from "../lib/totp.mjs";

async function signUpAndOut({ open }) {
  const ada = await open();
  await ada.signedOut();
  await ada.screenshot("sign-in");
  await ada.signUp();
  await ada.says("good morning");
  await ada.reads("good morning");
  await ada.screenshot("dashboard");
  await ada.signOut();
  await ada.page.reload();
  await ada.signedOut();
  await ada.signIn();
  await ada.greeted();
  await ada.reads("good morning");
}

async function reload({ open }) {
  const ada = await open();
  await ada.signUp();
  for (let i = 0; i < 2; i++) {
    await ada.page.reload();
    await ada.greeted();
    await ada.at("messages").waitFor();
  }
  assert.ok(!(await ada.states()).includes("signed out"), "the reloaded page was signed out for a moment");
}

async function wrongPassword({ open }) {
  const ada = await open();
  await ada.signUp();
  await ada.signOut();
  await ada.signIn("not-the-password");
  await ada.alert("Invalid email or password");
  await ada.screenshot("wrong-password");
  await ada.signIn();
  await ada.greeted();
}

async function liveMessages({ open }) {
  const ada = await open();
  const grace = await open("Grace");
  await ada.signUp();
  await grace.signUp();
  const text = `hello ${Date.now()}`;
  await ada.says(text);
  await grace.reads(text);
}

/** Sets a second factor up and signs in with it on a device that is to be trusted. */
export async function trustDevice(ada) {
  await ada.signUp();
  const uri = await ada.enableTwoFactor(codeOf);
  await ada.signOut();
  await ada.signIn();
  await ada.answerTwoFactor("000000");
  await ada.alert("Invalid code");
  await ada.screenshot("second-factor");
  await ada.answerTwoFactor(codeOf(uri), { trust: true });
  await ada.greeted();
  return uri;
}

/** A device that nobody trusts has to give a code, which may be used once. */
export async function askElsewhere(ada, uri) {
  const other = await ada.elsewhere();
  await other.signIn();
  await other.answerTwoFactor(codeOf(uri, 1));
  await other.greeted();
  return other;
}

export const STORIES = {
  "sign up, write, sign out, sign in": signUpAndOut,
  "a reload keeps the session": reload,
  "a wrong password is refused": wrongPassword,
  "messages appear live for others": liveMessages,
};
