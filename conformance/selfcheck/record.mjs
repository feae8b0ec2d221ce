// Writes into the recordings which members the official server answers as null and which it leaves out, on the SQL
// database that it runs on here. The recordings were made with the in-memory adapter, which leaves out what is not set.
//
//   node selfcheck/record.mjs                      the scenarios of all profiles that are built here
//   node selfcheck/record.mjs account twofactor    those of some profiles
import { writeFileSync } from "node:fs";
import { recordedScenarios, transcript, transcriptFile } from "../replay/lists.mjs";
import { replayAll } from "../replay/suite.mjs";
import { buildable, NO_DEVIATIONS, withOfficial } from "./scenarios.mjs";
import { takeNulls } from "./nulls.mjs";

const wanted = process.argv.slice(2);
const names = recordedScenarios().filter((name) => {
  const profile = name.split("/")[0];
  return wanted.length ? wanted.includes(profile) : buildable(profile);
});
const results = await withOfficial(names, (targetOf) =>
  replayAll({ names, targetOf, deviations: NO_DEVIATIONS(), skipExchanges: [] }),
);
for (const { name, answers } of results) {
  const scenario = transcript(name);
  const before = JSON.stringify(scenario);
  for (const { position, got } of answers) takeNulls(scenario.exchanges[position].response, got?.response);
  if (JSON.stringify(scenario) === before) continue;
  writeFileSync(transcriptFile(name), `${JSON.stringify(scenario, null, 2)}\n`);
  console.log(name);
}
