// The table of both servers' results in docs/security.md.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../lib/authhost.mjs";
import { HOLE, NOT_RUN, WITHSTOOD } from "./suite.mjs";

const PAGE = path.join(ROOT, "docs", "security.md");
const BEGIN = "<!-- made: attacks -->\n";
const END = "<!-- end -->";
const WORDS = { [WITHSTOOD]: "yes", [HOLE]: "**no**", [NOT_RUN]: "–" };

/** One row for each test. */
export function tableOf(ours, official) {
  const rows = ours.map(({ test, outcome }, i) => {
    const cell = (result) => WORDS[result] ?? result;
    return `| ${test.attack} | ${test.group}: ${test.name.replaceAll("|", "\\|")} | ${cell(outcome)} | ${cell(official[i].outcome)} |`;
  });
  return ["| attack | test | authhost | better-auth 1.6.34 |", "|---|---|---|---|", ...rows.sort(), ""].join("\n");
}

function parts() {
  const text = readFileSync(PAGE, "utf8");
  const [head, rest] = text.split(BEGIN);
  if (rest === undefined) throw new Error(`${PAGE} has no "${BEGIN.trim()}"`);
  const end = rest.indexOf(END);
  return { head, table: rest.slice(0, end), tail: rest.slice(end) };
}

/** Writes the table into the page. */
export function updateTable(table) {
  const { head, tail } = parts();
  writeFileSync(PAGE, head + BEGIN + table + tail);
}

/** The rows that the page has and a run does not give, or the other way round. Results of races are not compared. */
export function staleRows(table, racy) {
  const comparable = (text) =>
    text
      .split("\n")
      .map((row) => (racy.some((name) => row.includes(`: ${name} |`)) ? row.replace(/\| [^|]* \|$/, "| |") : row))
      .filter(Boolean);
  const [have, want] = [comparable(parts().table), comparable(table)];
  return [
    ...want.filter((row) => !have.includes(row)).map((row) => `+ ${row}`),
    ...have.filter((row) => !want.includes(row)).map((row) => `- ${row}`),
  ];
}
