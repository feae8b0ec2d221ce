// Checks the harness itself against the official server, which must pass every test that authhost has to pass: its own
// recordings without any deviation or left-out exchange, the story of the clients, and bad input beside a second one.
//
//   node selfcheck/run.mjs
import { runBadInput } from "../badinput/suite.mjs";
import { CLIENTS, plugins } from "../clients/official.mjs";
import { tell } from "../clients/story.mjs";
import { validatorFor } from "../convex/observer.mjs";
import { Report } from "../lib/report.mjs";
import { profiles, recordedScenarios } from "../replay/lists.mjs";
import { explain, replayAll } from "../replay/suite.mjs";
import { startOfficial } from "./official.mjs";
import { buildable, NO_DEVIATIONS, withOfficial } from "./scenarios.mjs";

const definitions = profiles();

async function transcripts(report) {
  const names = recordedScenarios().filter((name) => buildable(name.split("/")[0]));
  const results = await withOfficial(names, (targetOf) =>
    replayAll({ names, targetOf, deviations: NO_DEVIATIONS(), skipExchanges: [] }),
  );
  const failed = results.filter((result) => !result.matched);
  report.add({
    name: "scenarios",
    title: "recorded scenarios",
    value: results.length - failed.length,
    goal: results.length,
    unit: "scenarios",
    failures: failed.map(explain),
  });
}

async function clients(report) {
  const app = (url) => ({
    ...definitions.convex,
    base_url: url,
    options: {
      ...definitions.convex.options,
      emailVerification: {
        sendVerificationEmail: definitions.verified.options.emailVerification.sendVerificationEmail,
      },
    },
  });
  const server = await startOfficial({ app });
  const baseURL = server.url("app");
  const validator = validatorFor({
    issuer: definitions.convex.environment.CONVEX_SITE_URL,
    jwksPath: "/api/auth/convex/jwks",
    baseUrl: baseURL,
    host: new URL(baseURL).host,
  });
  for (const { version, framework, createAuthClient } of CLIENTS) {
    const { steps, passed, failure } = await tell({
      createAuthClient,
      plugins,
      baseURL,
      uniqueTokens: false,
      email: `alice.${version}.${framework}@example.com`,
      outbox: () => server.admin.outbox("app"),
      validate: (token) => validator.validate(token),
    });
    report.add({
      name: "steps",
      title: `client ${version} ${framework}`,
      value: passed,
      goal: steps,
      unit: "steps",
      failures: failure ? [`✗ ${failure.step}: ${failure.error.stack}`] : [],
    });
  }
  await server.stop();
}

async function badInput(report) {
  const [one, two] = await Promise.all([
    startOfficial({ base: definitions.base }),
    startOfficial({ base: definitions.base }),
  ]);
  const { total, matched, failures } = await runBadInput({
    ours: one.target("base"),
    official: two.target("base"),
    profile: definitions.base,
    deviations: NO_DEVIATIONS(),
  });
  await Promise.all([one.stop(), two.stop()]);
  report.add({
    name: "badinput",
    title: "bad input",
    value: matched,
    goal: total,
    unit: "requests",
    failures: failures.map(({ name }) => `✗ ${name}`),
  });
}

const report = new Report();
await transcripts(report);
await clients(report);
await badInput(report);
const { passed, failed } = report.totals();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
