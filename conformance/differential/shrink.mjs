// Makes a failing sequence as short and plain as it can be while it still fails in the same way.

const BUDGET = 8_000; // ms for one failure

const paths = (failure) =>
  failure.differences
    .map(({ path }) => path)
    .sort()
    .join();

/** Plainer variants of a request, the plainest first. */
function plainer(step) {
  const request = step.request ?? step;
  const wrap = (change) => (step.request ? { ...step, request: { ...request, ...change } } : { ...step, ...change });
  const out = [];
  if (step.burst) out.push(step.request);
  if (Object.keys(request.headers).length) {
    out.push(wrap({ headers: {} }));
    for (const name of Object.keys(request.headers)) {
      const { [name]: _, ...headers } = request.headers;
      if (Object.keys(headers).length) out.push(wrap({ headers }));
    }
  }
  if (request.cookies.mode !== "none") out.push(wrap({ cookies: { mode: "none" } }));
  if (!["none", "jar"].includes(request.cookies.mode)) out.push(wrap({ cookies: { mode: "jar" } }));
  if (request.query.length)
    for (const i of request.query.keys()) out.push(wrap({ query: request.query.toSpliced(i, 1) }));
  for (const name of Object.keys(request.body?.json ?? {})) {
    const { [name]: _, ...json } = request.body.json;
    out.push(wrap({ body: { json } }));
  }
  return out;
}

/**
 * Shrinks.
 *
 * @param {object[]} steps a sequence that fails at its last step
 * @param {object} failure how
 * @param {(steps: object[]) => Promise<{failure?: object}>} play plays a sequence from its beginning
 * @returns {Promise<{steps: object[], failure: object}>}
 */
export async function shrink(steps, failure, play) {
  const end = Date.now() + BUDGET;
  let best = { steps, failure };
  const attempt = async (candidate) => {
    if (Date.now() > end || !candidate.length) return false;
    const { failure: found } = await play(candidate);
    if (!found || paths(found) !== paths(failure)) return false;
    best = { steps: candidate.slice(0, found.position + 1), failure: found };
    return true;
  };
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let at = best.steps.length - 1 - size; at > -size; at -= size) {
      const from = Math.max(at, 0);
      if (from >= best.steps.length - 1) continue;
      await attempt(best.steps.toSpliced(from, Math.min(size, best.steps.length - 1 - from)));
    }
  }
  for (let i = best.steps.length - 1; i >= 0; i--) {
    for (let again = true; again && i < best.steps.length;) {
      again = false;
      for (const variant of plainer(best.steps[i])) {
        if (await attempt(best.steps.toSpliced(i, 1, variant))) {
          again = true;
          break;
        }
      }
    }
  }
  return best;
}
