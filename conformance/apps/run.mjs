// Builds the apps and lets people use them, in Chromium, against build/authhost.
//
//   node run.mjs                     every app
//   node run.mjs --app next          one of react, react-short, next, tanstack
//   node run.mjs --story 'reload'    the stories whose name matches
//   node run.mjs --build             builds only
//   node run.mjs --serve             starts everything and keeps it running
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../lib/authhost.mjs";
import { buildApp } from "./lib/build.mjs";
import { openBrowser, Person, SCREENSHOTS } from "./lib/browser.mjs";
import { ADDRESSES, startWorld } from "./lib/world.mjs";
import { REACT, REACT_SHORT } from "./stories/react.mjs";
import { NEXT, TANSTACK } from "./stories/server.mjs";

const STORIES = { react: REACT, "react-short": REACT_SHORT, next: NEXT, tanstack: TANSTACK };
const LOGS = path.join(ROOT, "build", "apps", "logs");

const { values: flags } = parseArgs({
  options: {
    app: { type: "string", multiple: true },
    story: { type: "string", default: "" },
    build: { type: "boolean", default: false },
    serve: { type: "boolean", default: false },
  },
});

const seconds = (begin) => `${((Date.now() - begin) / 1000).toFixed(1)} s`;

/** How many requests a tenant's endpoint has answered so far. */
async function countRequests(admin, tenant, route) {
  const lines = (await admin.metrics()).split("\n");
  const counted = lines.filter(
    (line) =>
      line.startsWith("authhost_http_requests_total{") &&
      line.includes(`tenant="${tenant}"`) &&
      line.includes(`route="${route}"`),
  );
  return counted.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Runs one story. @returns {Promise<boolean>} whether it went well */
async function tell({ app, name, story, world, browser }) {
  const begin = Date.now();
  const people = [];
  const url = ADDRESSES[app].app;
  const remember = (person) => people[people.push(person) - 1];
  const open = async (called) => {
    const person = await Person.open({ browser, url, app, name: called });
    const elsewhere = person.elsewhere.bind(person);
    person.elsewhere = async () => remember(await elsewhere());
    return remember(person);
  };
  const { deployment } = world.deployments[app];
  const refused = deployment.identities.refused.length;
  try {
    await story({ open, browser, url, deployment, requests: (route) => countRequests(world.admin, app, route) });
    const [bad] = deployment.identities.refused.slice(refused);
    if (bad) throw new Error(`the deployment refused a token: ${bad.reason}`);
    console.log(`✓ ${app}: ${name} (${seconds(begin)})`);
    return true;
  } catch (error) {
    console.log(`✗ ${app}: ${name} (${seconds(begin)})\n${error.stack}`);
    for (const [i, person] of people.entries()) {
      await person.screenshot(`failed-${i}`).catch(() => {});
      console.log(`  ${person.name} at ${person.page.url()}:\n    ${person.log.slice(-15).join("\n    ")}`);
    }
    return false;
  } finally {
    for (const person of people) await person.context.close();
  }
}

async function tellAll(names, world) {
  const browser = await openBrowser();
  const results = await Promise.all(
    names.map(async (app) => {
      const told = [];
      for (const [name, story] of Object.entries(STORIES[app])) {
        if (new RegExp(flags.story).test(name)) told.push(await tell({ app, name, story, world, browser }));
      }
      return told;
    }),
  );
  await browser.close();
  return results.flat();
}

const names = flags.app ?? Object.keys(STORIES);
const unknown = names.filter((name) => !STORIES[name]);
if (unknown.length) throw new Error(`unknown: ${unknown.join(", ")}; apps are ${Object.keys(STORIES).join(", ")}`);

for (const name of names) {
  const begin = Date.now();
  console.log(`${name}: ${(await buildApp(name)) ? `built in ${seconds(begin)}` : "built already"}`);
}
if (flags.build) process.exit();

rmSync(SCREENSHOTS, { recursive: true, force: true });
const world = await startWorld(names);
if (flags.serve) {
  for (const name of names) console.log(`${name}: ${ADDRESSES[name].app}`);
  await new Promise(() => {});
}
const results = await tellAll(names, world);
mkdirSync(LOGS, { recursive: true });
for (const name of names) writeFileSync(path.join(LOGS, `${name}.log`), world.output(name));
await world.stop();
const passed = results.filter(Boolean).length;
console.log(`${passed} passed, ${results.length - passed} failed`);
process.exitCode = passed === results.length && passed > 0 ? 0 : 1;
