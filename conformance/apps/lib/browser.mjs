// A person with a browser: what the stories do and look for on a page.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { ROOT } from "../../lib/authhost.mjs";

export const SCREENSHOTS = path.join(ROOT, "build", "screenshots");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const PATIENCE = 20_000; // milliseconds; the machine may be busy
const PASSWORD = "correct-horse-battery-1";

/** Starts Chromium. */
export function openBrowser() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  });
}

/** Where loopback is the only network, browsers say that they are offline, and clients then wait for better times. */
function beOnline() {
  Object.defineProperty(Navigator.prototype, "onLine", { get: () => true });
}

/** What a page shows of the app's states, noted from its first paint on. */
function watchStates() {
  globalThis.__states = new Set();
  const note = () => {
    const greeting = document.querySelector('[data-testid="greeting"]')?.textContent;
    if (greeting !== undefined) globalThis.__states.add(greeting);
    if (document.querySelector('[data-testid="sign-in"]')) globalThis.__states.add("signed out");
    if (document.body?.textContent.includes("Loading…")) globalThis.__states.add("loading");
    requestAnimationFrame(note);
  };
  note();
}

/** A browser profile of its own with one page in an app. */
export class Person {
  /** @param {{browser: object, url: string, app: string, name?: string}} options `name` is what the person is called */
  static async open({ browser, url, app, name = "Ada" }) {
    const context = await browser.newContext({ viewport: { width: 900, height: 700 } });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(beOnline);
    await context.addInitScript(watchStates);
    const person = new Person();
    const email = `${name.toLowerCase()}-${Math.random().toString(36).slice(2, 10)}@example.com`;
    Object.assign(person, { browser, url, app, name, email, context, page: await context.newPage(), log: [] });
    person.page.on("console", (message) => person.log.push(`${message.type()}: ${message.text()}`));
    person.page.on("pageerror", (error) => person.log.push(`uncaught: ${error.stack ?? error}`));
    await person.page.goto(url);
    return person;
  }

  /** The same person in another browser. */
  async elsewhere() {
    const other = await Person.open(this);
    other.email = this.email;
    return other;
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  async signUp() {
    await this.button("No account yet? Sign up").click();
    await this.page.getByLabel("Name").fill(this.name);
    await this.#credentials(PASSWORD);
    await this.button("Create an account").click();
    await this.greeted();
  }

  /** Fills in the form and sends it; what comes next is the caller's to see. */
  async signIn(password = PASSWORD) {
    await this.#credentials(password);
    await this.button("Sign in").click();
  }

  async #credentials(password) {
    await this.page.getByLabel("E-mail").fill(this.email);
    await this.page.getByLabel("Password").fill(password);
  }

  async signOut() {
    await this.button("Sign out").click();
    await this.signedOut();
  }

  /** Waits for the greeting, and for what the page shows when its scripts run and Convex knows the user. */
  async greeted() {
    await this.page.getByText(`Hello ${this.name}`, { exact: true }).waitFor();
    await this.at("messages").waitFor();
  }

  signedOut() {
    return this.at("sign-in").waitFor();
  }

  async says(text) {
    await this.page.getByLabel("Message").fill(text);
    await this.button("Send").click();
  }

  reads(text) {
    return this.at("messages").getByText(text).waitFor();
  }

  /** Turns the second factor on, with the code of the period before. @returns {Promise<string>} the otpauth: URI */
  async enableTwoFactor(codeOf) {
    await this.page.getByLabel("Your password").fill(PASSWORD);
    await this.button("Set up a second factor").click();
    const uri = await this.at("totp-uri").textContent();
    await this.page.getByLabel("Code", { exact: true }).fill(codeOf(uri, -1));
    await this.screenshot("second-factor-setup");
    await this.button("Turn on").click();
    await this.page.getByText("Your second factor is on.").waitFor();
    return uri;
  }

  async answerTwoFactor(code, { trust = false } = {}) {
    await this.page.getByLabel("Code of your authenticator app").fill(code);
    await this.page.getByLabel("Trust this device").setChecked(trust);
    await this.button("Confirm").click();
  }

  alert(text) {
    return this.page.getByRole("alert").filter({ hasText: text }).waitFor();
  }

  /** Comes back to the tab after a while: the client then looks whether the session is still there. */
  async comesBack() {
    await this.page.waitForTimeout(5_100); // The client asks at most every five seconds.
    await this.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  }

  /** The states of the app that the page has shown since it was loaded, or since forgetStates. */
  states() {
    return this.page.evaluate(() => [...globalThis.__states]);
  }

  forgetStates() {
    return this.page.evaluate(() => globalThis.__states.clear());
  }

  async screenshot(name) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `${this.app}-${name}.png`) });
  }
}
