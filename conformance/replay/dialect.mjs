// The dialect 1.7: what better-auth 1.7.7 answers differently to the recorded requests, from reference/versions. A tenant
// of that dialect must differ from the recordings of 1.6.34 in exactly these places.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const FILE = path.join(path.dirname(fileURLToPath(import.meta.url)), "../reference/versions/better-auth-1.7.7.txt");

/** Differences that mean nothing here: numbers of placeholders, how a state is called, and what it is sealed with. */
const OPAQUE = /oauth_state\.value$/;
const unnumbered = (value) => JSON.stringify(value)?.replace(/<(?:state|token):32#\d+>/g, "<token:32>").replace(/#\d+>/g, ">");

const parse = (text) => (text === "(absent)" ? undefined : JSON.parse(text));

/** A list of requests to the identity provider that is not there is an empty one here. */
const noneUpstream = (entry) =>
  entry.path === "upstream" && entry.got === undefined ? { ...entry, path: "upstream.length", want: entry.want.length, got: 0 } : entry;

/**
 * The differences by scenario.
 *
 * @returns {Map<string, {position: number, exchange: string, path: string, want: any, got: any}[]>}
 */
export function differencesOf17(text = readFileSync(FILE, "utf8")) {
  const out = new Map();
  let list, entry;
  for (const line of text.split("\n")) {
    const scenario = /^DIFF +(\S+)$/.exec(line);
    const place = /^ +#(\d+) \((.*)\) (\S+)$/.exec(line);
    const side = /^ +(want|got) +(.*)$/.exec(line);
    if (scenario) out.set(scenario[1], (list = []));
    else if (place) list.push((entry = { position: Number(place[1]), exchange: place[2], path: place[3] }));
    else if (side && entry) entry[side[1]] = parse(side[2]);
  }
  for (const [name, entries] of out) {
    const told = entries.map(noneUpstream).filter(({ path, want, got }) => !OPAQUE.test(path) && unnumbered(want) !== unnumbered(got));
    if (told.length) out.set(name, told);
    else out.delete(name);
  }
  return out;
}

/**
 * Judges a replay on a tenant of the dialect 1.7.
 *
 * @param {{name: string, failures: {position: number, name: string, differences: object[]}[]}} result of replayAll
 * @param {object[]} expected entries of differencesOf17
 * @param {{allow: Function}} [deviations] where the answer is meant to stay that of 1.6; their scenario is "1.7/NAME"
 * @returns {string[]} what is wrong
 */
export function judge17({ name, failures }, expected, deviations) {
  const open = new Set(expected);
  const out = [];
  for (const { position, name: exchange, differences } of failures) {
    for (const { path, want, got } of differences) {
      const same = (e) => e.position === position && e.path === path && unnumbered(e.got) === unnumbered(got);
      const entry = [...open].find(same);
      if (entry) open.delete(entry);
      else if (!OPAQUE.test(path))
        out.push(`✗ ${name}, exchange ${position} (${exchange}), ${path}: ${JSON.stringify(got)} is neither of 1.6, ${JSON.stringify(want)}, nor of 1.7`);
    }
  }
  const meant = ({ exchange, path, want, got }) => deviations?.allow(`1.7/${name}`, exchange, { path, want: got, got: want });
  for (const { position, exchange, path, got } of [...open].filter((entry) => !meant(entry)))
    out.push(`✗ ${name}, exchange ${position} (${exchange}), ${path}: not ${JSON.stringify(got)}, as in 1.7`);
  return out;
}
