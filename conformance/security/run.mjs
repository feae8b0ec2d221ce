// Attacks a server that runs already, or one that is started for it.
//
//   node security/run.mjs                          authhost, started for it
//   node security/run.mjs --official               better-auth from npm
//   node security/run.mjs --url http://127.0.0.1:8080 [--admin http://127.0.0.1:8081]
//                                                  another one. It gets users and mails: never one with real users
//   node security/run.mjs --only csrf,tokens       some groups; --test TEXT those whose name has the text
import { parseArgs } from "node:util";
import { Admin } from "../lib/admin.mjs";
import { authhostSites, officialSites, sitesAt } from "./sites.mjs";
import { attack, HOLE, BROKEN } from "./suite.mjs";

const { values: flags } = parseArgs({
  options: {
    url: { type: "string" },
    admin: { type: "string" },
    official: { type: "boolean", default: false },
    only: { type: "string" },
    test: { type: "string" },
  },
});

async function server() {
  if (flags.url) return sitesAt(flags.url, { admin: flags.admin ? new Admin(flags.admin) : undefined });
  return flags.official ? officialSites() : authhostSites({ driver: "bolt" });
}

const groups = flags.only?.split(",");
const filter = ({ group, name }) => (groups?.includes(group) ?? true) && (!flags.test || name.includes(flags.test));
const target = await server();
const onResult = ({ test, outcome, detail, ms }) =>
  console.log(`${outcome}\t${test.group}: ${test.attack}: ${test.name} (${ms} ms)${detail ? `\n\t${detail}` : ""}`);
const results = await attack(target, { filter, onResult }).finally(() => target.stop());
const bad = results.filter(({ outcome }) => outcome === HOLE || outcome === BROKEN);
console.log(`${results.length - bad.length} of ${results.length} without a hole at ${target.name}`);
process.exitCode = bad.length ? 1 : 0;
