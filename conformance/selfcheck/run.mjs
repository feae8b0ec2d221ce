// Checks the runner itself: the official server must match its own recordings, without any deviation or left-out exchange.
//
//   node selfcheck/run.mjs
import { Deviations, recordedScenarios } from "../replay/lists.mjs";
import { byProfile, explain, replayAll } from "../replay/suite.mjs";
import { startOfficial } from "./official.mjs";

/** The profiles that selfcheck/profiles.mjs can build. */
const PROFILES = new Set(["account", "base", "basepath", "convex", "defer", "disabled", "https", "noautosignin", "nocsrf",
  "nosignup", "shortsession", "shorttokens", "softverify", "verified"]);

const names = recordedScenarios().filter((name) => PROFILES.has(name.split("/")[0]));
const server = await startOfficial([...byProfile(names).keys()]);
const results = await replayAll({ names, targetOf: (profile) => server.target(profile), deviations: new Deviations([]), skipExchanges: [] });
await server.stop();

const failed = results.filter((result) => !result.matched);
for (const result of failed) console.log(explain(result));
const exchanges = results.reduce((sum, result) => sum + result.exchanges, 0);
console.log(`official server: ${results.length - failed.length} of ${results.length} scenarios, ${exchanges} exchanges`);
process.exitCode = failed.length ? 1 : 0;
