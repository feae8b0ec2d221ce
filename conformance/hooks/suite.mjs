// What an app decides and what it is told: plugins that refuse, the plugin webhooks, and an app that uses it.
import { example } from "./example.mjs";
import { veto } from "./veto.mjs";
import { webhooks } from "./webhooks.mjs";

/**
 * Runs the tests. Steps rely on those before them, so each part ends with its first failure.
 *
 * @returns {Promise<{passed: number, total: number, failures: string[]}>}
 */
export async function runHooks(store, suffix) {
  const result = { passed: 0, total: 0, failures: [] };
  for (const part of [veto, webhooks, example]) {
    let broken = false;
    const step = async (name, check) => {
      result.total++;
      if (broken) return;
      try {
        await check();
        result.passed++;
      } catch (error) {
        broken = true;
        result.failures.push(`✗ ${name}: ${error.stack}`);
      }
    };
    await part(store, suffix, step).catch((error) => {
      result.total++;
      result.failures.push(`✗ ${part.name}: ${error.stack}`);
    });
  }
  return result;
}
