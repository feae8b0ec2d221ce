// Shows sequences to people: as commands that curl would take, with what each server answered.

const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
const QUIET = new Set(["host", "user-agent"]);
const SHOWN = 400;

function short(value) {
  const text = value === undefined ? "(absent)" : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** A request as a curl command, with the values that a world has for it. */
function command(world, step) {
  const { method, path, headers, body } = world.wire(step.request ?? step);
  const options = Object.entries(headers)
    .filter(([name]) => !QUIET.has(name))
    .map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  if (body !== undefined) options.push(`--data-raw ${quote(body)}`);
  return `curl -X ${method} ${quote(world.target.baseUrl + path)} ${options.join(" ")}${step.burst ? `  # ${step.burst} at once` : ""}`;
}

/** A reference as people read it: <mail reset-password>. */
const named = (value) =>
  JSON.stringify(value, (_, item) => {
    if (item?.$ === undefined) return item;
    const { $, ...rest } = item;
    return `<${[$, ...Object.values(rest).map((part) => (typeof part === "object" ? named(part) : part))].join(" ")}>`;
  });

/** One step of a sequence in one line, with its references. */
export function line(step) {
  const { jar, cookies, method, path, params, query, headers, type, body } = step.request ?? step;
  const parts = [`${method} ${path}`];
  if (params) parts.push(named(params));
  if (query.length) parts.push(`?${named(query)}`);
  parts.push(`jar=${jar ?? "-"}${cookies.mode === "jar" ? "" : ` cookies=${JSON.stringify(cookies)}`}`);
  if (Object.keys(headers).length) parts.push(named(headers));
  if (type !== undefined && type !== "application/json") parts.push(`type=${type}`);
  if (body) parts.push(named(body.json ?? body.form ?? body.raw));
  return (step.burst ? `${step.burst} at once: ` : "") + parts.join(" ").slice(0, SHOWN);
}

/** A failing sequence: its steps, its last request in full, and the differences. */
export function explain({ set, seed, index, steps, failure }) {
  const last = steps[failure.position];
  return [
    `✗ ${set}: seed ${seed}, sequence ${index}; again: node run.mjs --only differential --seed ${seed} --sets ${set} --sequence ${index}`,
    ...steps.slice(0, failure.position + 1).map((step, i) => `    ${i + 1}. ${line(step)}`),
    `    the last one, at authhost: ${command(failure.worlds.ours, last)}`,
    ...failure.differences.map(
      ({ path, want, got }) => `      ${path}\n        official ${short(want)}\n        authhost ${short(got)}`,
    ),
  ].join("\n");
}

/** What makes two failures the same one. */
export const signature = ({ steps, failure }) => {
  const { method, path } = steps[failure.position].request ?? steps[failure.position];
  return `${method} ${path.toLowerCase()}: ${failure.differences
    .map((d) => d.path)
    .sort()
    .join(", ")}`;
};
