// Recorded scenarios at the official server.
import { withProviders } from "../lib/oidc.mjs";
import { Deviations, profiles } from "../replay/lists.mjs";
import { byProfile } from "../replay/suite.mjs";
import { startOfficial } from "./official.mjs";

/**
 * Profiles that are not built here whole: what answers is in front of Better Auth, a package is not installed, or the
 * server has no database.
 */
const LEFT_OUT = new Set(["apikey", "spa", "spa2fa", "stateless"]);

/** Whether the official server of a profile answers as the recorded one did. */
export const buildable = (profile) => !LEFT_OUT.has(profile);

export const NO_DEVIATIONS = () => new Deviations([]);

/** Runs `work` with the official servers of the scenarios' profiles; it gets a function that gives the target of each. */
export async function withOfficial(names, work) {
  const definitions = profiles();
  const served = Object.fromEntries([...byProfile(names).keys()].map((name) => [name, definitions[name]]));
  const { definitions: complete, providers, stopProviders } = await withProviders(served);
  const server = await startOfficial(complete);
  const targetOf = (name) => ({ ...server.target(name), oidc: providers.get(name) });
  return work(targetOf).finally(() => Promise.all([server.stop(), stopProviders()]));
}
