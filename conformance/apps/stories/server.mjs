// The apps that render on a server, and pass /api/auth on to authhost.
import assert from "node:assert/strict";
import { askElsewhere, STORIES, trustDevice } from "./shared.mjs";

async function noFlash({ open, url }) {
  const ada = await open();
  await ada.signUp();
  const html = await (await ada.context.request.get(url)).text();
  assert.match(html, /Hello <!-- -->Ada|Hello Ada/, "the HTML does not greet the user");
  assert.doesNotMatch(html, /data-testid="sign-in"/, "the HTML has the sign-in form");
  await ada.page.goto(url);
  await ada.at("messages").waitFor();
  assert.deepEqual(await ada.states(), ["Hello Ada"], "the page showed another state before the user's");
  await ada.screenshot("rendered-on-the-server");
}

async function withoutScripts({ open, browser, url }) {
  const ada = await open();
  await ada.signUp();
  const context = await browser.newContext({
    javaScriptEnabled: false,
    storageState: await ada.context.storageState(),
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByText("Hello Ada", { exact: true }).waitFor();
  await context.clearCookies();
  await page.goto(url);
  await page.getByTestId("sign-in").waitFor();
  assert.match(page.url(), /\/sign-in$/);
  await context.close();
}

async function fromServer({ open }) {
  const ada = await open();
  await ada.signUp();
  await ada.button("Send a greeting from the server").click();
  await ada.reads("greetings from the server");
  await ada.page.reload();
  assert.ok(Number(await ada.at("count").textContent()) >= 1);
}

async function withProvider({ open }) {
  const alice = await open("Alice Oidc");
  await alice.button("Continue with Corp").click();
  await alice.greeted();
  await alice.page.reload();
  await alice.greeted();
}

async function trustedDevice({ open }) {
  const ada = await open();
  const uri = await trustDevice(ada);
  await ada.signOut();
  await ada.signIn();
  await ada.greeted();
  await askElsewhere(ada, uri);
}

async function revoked({ open }) {
  const ada = await open();
  await ada.signUp();
  const other = await ada.elsewhere();
  await other.signIn();
  await other.greeted();
  await other.button("Sign out everywhere else").click();
  await other.page.getByText("Your other sessions have ended.").waitFor();
  await ada.comesBack();
  await ada.signedOut();
  assert.match(ada.page.url(), /\/sign-in$/);
  const names = (await ada.context.cookies()).map(({ name }) => name);
  assert.ok(!names.some((name) => /convex_jwt/.test(name)), `a revoked session's token was left: ${names}`);
}

const SERVER = {
  ...STORIES,
  "the server's page shows the user without a flash": noFlash,
  "the page works without scripts": withoutScripts,
  "the server acts for the user": fromServer,
  "a provider's user signs in": withProvider,
  "a second factor, and a device that is trusted": trustedDevice,
};

async function loads(context, url, count) {
  for (let i = 0; i < count; i++) assert.match(await (await context.request.get(url)).text(), /Hello/);
}

async function cachedTokens({ open, url, requests }) {
  const ada = await open();
  await ada.signUp();
  await ada.page.goto("about:blank"); // The page asks for tokens of its own.
  const before = await requests("/convex/token");
  await loads(ada.context, url, 5);
  assert.equal(await requests("/convex/token"), before, "the token in the cookie was not used");
  await ada.context.clearCookies({ name: /convex_jwt/ }); // As the browser does when the token ends.
  await loads(ada.context, url, 1);
  assert.equal(await requests("/convex/token"), before + 1, "one request was to be made for the whole page");
}

export const NEXT = {
  ...SERVER,
  "tokens in cookies save requests": cachedTokens,
  "a session that is revoked leads to the sign-in page": revoked,
};

async function freshTokens({ open, url, requests }) {
  const ada = await open();
  await ada.signUp();
  await ada.page.goto("about:blank");
  const before = await requests("/convex/token");
  await loads(ada.context, url, 3);
  assert.ok((await requests("/convex/token")) >= before + 3, "without the cache, every page takes a request");
}

export const TANSTACK = { ...SERVER, "without the cache every page asks for a token": freshTokens };
