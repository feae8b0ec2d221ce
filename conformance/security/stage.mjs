// The stage of a conformance run that attacks both servers.
import { authhostSites, officialSites } from "./sites.mjs";
import { attack, BROKEN, HOLE, WITHSTOOD } from "./suite.mjs";
import { staleRows, tableOf, updateTable } from "./table.mjs";

const label = ({ test, outcome, detail }) => `✗ ${test.group}: ${test.name}: ${outcome}: ${detail}`;

async function attacked(server) {
  return attack(server).finally(() => server.stop());
}

/** Attacks authhost, then the official server, and compares the table in docs/security.md with the results. */
export async function security(report, { store, update = false }) {
  const ours = await attacked(await authhostSites(store));
  const withstood = ours.filter(({ outcome }) => outcome === WITHSTOOD);
  report.add({
    name: "conformance_security_attacks_withstood",
    title: "attacks withstood",
    value: withstood.length,
    goal: ours.length,
    unit: "attacks",
    how: "black-box tests of attack classes against the running binary",
    failures: ours.filter(({ outcome }) => outcome !== WITHSTOOD).map(label),
  });
  const official = await attacked(await officialSites());
  const broken = official.filter(({ outcome }) => outcome === BROKEN);
  const holes = official.filter(({ outcome }) => outcome === HOLE);
  console.log(`  better-auth 1.6.34 does not withstand ${holes.length} of them`);
  const table = tableOf(ours, official);
  if (update) updateTable(table);
  const stale = staleRows(
    table,
    ours.filter(({ test }) => test.racy).map(({ test }) => test.name),
  );
  report.add({
    name: "conformance_security_table",
    title: "table of both servers' results is current",
    value: stale.length || broken.length ? 0 : 1,
    goal: 1,
    unit: "tables",
    how: "the same attacks on better-auth 1.6.34; the results are those in docs/security.md",
    failures: [
      ...broken.map(label),
      ...stale.map((row) => `✗ docs/security.md, after node run.mjs --only security --update: ${row}`),
    ],
  });
}
