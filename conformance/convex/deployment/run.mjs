// Serves a `convex` folder in place of `npx convex dev`:
//
//   node run.mjs --functions DIR [--port 3210] [--site-port 3211] [--env NAME=VALUE]...
//
// and tells which token was refused and why.
import path from "node:path";
import { parseArgs } from "node:util";
import { startDeployment } from "./server.mjs";

const { values: flags } = parseArgs({
  options: {
    functions: { type: "string", default: "convex" },
    port: { type: "string", default: "3210" },
    "site-port": { type: "string", default: "3211" },
    env: { type: "string", multiple: true, default: [] },
  },
});
const env = Object.fromEntries(
  flags.env.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
);
const started = await startDeployment({
  functions: path.resolve(flags.functions),
  port: Number(flags.port),
  sitePort: Number(flags["site-port"]),
  env,
});
console.log(`functions at ${started.url}, HTTP actions at ${started.siteUrl}`);
const { refused } = started.deployment.identities;
let told = 0;
setInterval(() => {
  for (; told < refused.length; told++) console.log(`refused a token: ${refused[told].reason}`);
}, 200);
