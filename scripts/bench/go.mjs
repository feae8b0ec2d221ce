// Turns the output of Go benchmarks into figures.

/**
 * The figures that come from Go benchmarks. `of` computes one from a function that gives what a benchmark of a package
 * measured, by default the nanoseconds of an operation. `goal` is an upper bound, or a lower one with `atLeast`.
 *
 * @typedef {(folder: string, bench: string, unit?: string) => number} Measured
 * @type {{name: string, unit: string, goal?: number, atLeast?: boolean, how: string, of: (m: Measured) => number}[]}
 */
export const GO_FIGURES = [
  {
    name: "bench_sign_in_overhead",
    unit: "µs",
    how: "processor time of a sign-in by e-mail and password without the password's hash: plugin, host, and durable commits, 32 requests at a time",
    of: (m) => m("engine", "BenchmarkSignIn", "cpu-µs/op"),
  },
  {
    name: "bench_get_session_convex_overhead",
    unit: "µs",
    how: "the same of a get-session with the convex plugin, of one session again and again, without a socket",
    of: (m) => m("engine", "BenchmarkGetSession/convex", "cpu-µs/op"),
  },
  {
    name: "bench_boltstore_get_session",
    unit: "µs",
    how: "session and user read from one tenant's file",
    of: (m) => m("engine/store/boltstore", "BenchmarkStore/GetSession") / 1e3,
  },
  {
    name: "bench_boltstore_sign_up",
    unit: "µs",
    how: "durable commit of a user and a session, 200 callers at a time",
    of: (m) => m("engine/store/boltstore", "BenchmarkStore/SignUpParallel") / 1e3,
  },
  ...["go", "small"].flatMap(sandboxFigures),
  {
    name: "bench_sandbox_metering_go_json",
    unit: "% more than unmetered",
    goal: 15,
    how: "fuel and depth, on a standard-Go guest that decodes and encodes JSON; below 0 where the rewriting saves more than it costs",
    of: metering("go-json", "overhead-%"),
  },
  {
    name: "bench_sandbox_metering_c_sha256",
    unit: "% more than unmetered",
    goal: 15,
    how: "the same, on SHA-256 over 1 MiB in C",
    of: metering("c-sha256", "overhead-%"),
  },
  {
    name: "bench_sandbox_context_go_json",
    unit: "times faster than WithCloseOnContextDone",
    goal: 3,
    atLeast: true,
    how: "the same guest, metered, beside wazero's own way to stop guests",
    of: metering("go-json", "x-faster-than-context"),
  },
  {
    name: "bench_sandbox_context_c_sha256",
    unit: "times faster than WithCloseOnContextDone",
    goal: 3,
    atLeast: true,
    how: "the same, on SHA-256",
    of: metering("c-sha256", "x-faster-than-context"),
  },
  {
    name: "bench_sandbox_metering_tight_loop",
    unit: "% more than unmetered",
    how: "the smallest loop: it counts to a million, in three instructions a round",
    of: metering("tight-loop", "overhead-%"),
  },
  {
    name: "bench_sandbox_metering_float_loop",
    unit: "% more than unmetered",
    how: "a loop over two floats, each of which waits for the other",
    of: metering("float-loop", "overhead-%"),
  },
  {
    name: "bench_sandbox_metering_recursion",
    unit: "% more than unmetered",
    how: "the worst of calls: Fibonacci numbers by recursion",
    of: metering("recursion", "overhead-%"),
  },
  {
    name: "bench_sandbox_runaway",
    unit: "ms late",
    goal: 5,
    how: "from the end of its time until a guest was stopped, the worst of all shapes of runaway",
    of: (m) => m("engine/sandbox", "BenchmarkRunaway/*", "ms-late"),
  },
  {
    name: "bench_sandbox_idle_tenants",
    unit: "MiB",
    goal: 300,
    how: "resident memory of 1,000 idle tenants with 4 plugins each, that all were called before",
    of: (m) => m("engine/sandbox", "BenchmarkIdleTenants", "MiB"),
  },
];

/** The figures of one guest: standard Go of 3 MB, or C with wasi-libc of 26 KB. */
function sandboxFigures(guest) {
  const measured = (bench, unit) => (m) => m("engine/sandbox", bench, unit);
  const what = { go: "a standard-Go guest that decodes and encodes JSON", small: "a small C guest" }[guest];
  const memory = (m, kind) => m("engine/sandbox", `BenchmarkIdleMemory/${guest}/${kind}`, "KiB/instance");
  const microseconds = (bench, unit) => (m) => measured(bench, unit)(m) / 1e3;
  return [
    {
      name: `bench_sandbox_warm_call_${guest}`,
      unit: "µs",
      how: `a call of ${what}, without a reset`,
      of: microseconds(`BenchmarkCall/${guest}`, "ns-warm"),
    },
    {
      name: `bench_sandbox_reset_${guest}`,
      unit: "µs",
      goal: { go: 150, small: 10 }[guest],
      how: "what a reset adds to that call, page faults of the next one included",
      of: microseconds(`BenchmarkCall/${guest}`, "ns-reset"),
    },
    {
      name: `bench_sandbox_reset_waited_${guest}`,
      unit: "µs",
      how: "the part of that for which the client waits: the reset itself follows the answer",
      of: microseconds(`BenchmarkCall/${guest}`, "ns-waited"),
    },
    {
      name: `bench_sandbox_clone_${guest}`,
      unit: "times faster than a fresh instance",
      goal: 10,
      atLeast: true,
      how: "what a request waits for where no clone is idle: one made ahead, in the background",
      of: measured(`BenchmarkInstance/${guest}`, "x-ready"),
    },
    {
      name: `bench_sandbox_clone_made_${guest}`,
      unit: "times faster than a fresh instance",
      how: "making that clone of the image, which a request waits for only if several come at once",
      of: measured(`BenchmarkInstance/${guest}`, "x-made"),
    },
    {
      name: `bench_sandbox_pooled_${guest}`,
      unit: "times faster than a fresh instance",
      how: "taking a clone from the pool and resetting it after a call, as requests do",
      of: measured(`BenchmarkInstance/${guest}`, "x-pooled"),
    },
    {
      name: `bench_sandbox_fresh_memory_${guest}`,
      unit: "KiB",
      how: "resident memory of a fresh instance that served a call",
      of: (m) => memory(m, "fresh"),
    },
    {
      name: `bench_sandbox_idle_memory_${guest}`,
      unit: "times smaller than a fresh instance",
      goal: 20,
      atLeast: true,
      how: "resident memory of a clone that served a call and is idle",
      of: (m) => memory(m, "fresh") / memory(m, "clone"),
    },
  ];
}

function metering(guest, unit) {
  return (m) => m("engine/sandbox/internal/wasmbin", `BenchmarkMetering/${guest}`, unit);
}

/** What every benchmark in the output of `go test -bench` measured, by "package benchmark unit"; the median of repeated ones. */
export function parseBenchmarks(output) {
  const runs = new Map();
  let folder = "";
  for (const line of output.split("\n")) {
    folder = /^pkg: [^/]+\/[^/]+\/[^/]+\/(.*)$/.exec(line)?.[1] ?? folder;
    const [, name, rest] = /^(Benchmark\S*?)(?:-\d+)?\s+\d+\s+(.*)$/.exec(line) ?? [];
    if (!name) continue;
    for (const [, value, unit] of rest.matchAll(/(-?[\d.e+-]+) (\S+)/g)) {
      const key = `${folder} ${name} ${unit}`;
      runs.set(key, [...(runs.get(key) ?? []), Number(value)]);
    }
  }
  return new Map([...runs].map(([key, list]) => [key, list.sort((a, b) => a - b)[Math.floor(list.length / 2)]]));
}

/** The figures of an output. A benchmark that it does not have is an error; one that ends in * is the largest of all that match. */
export function goFigures(output, wanted = GO_FIGURES) {
  const found = parseBenchmarks(output);
  const measured = (folder, bench, unit) => {
    if (!bench.endsWith("*")) return found.get(`${folder} ${bench} ${unit}`);
    const start = `${folder} ${bench.slice(0, -1)}`;
    const all = [...found]
      .filter(([key]) => key.startsWith(start) && key.endsWith(` ${unit}`))
      .map(([, value]) => value);
    return all.length > 0 ? Math.max(...all) : undefined;
  };
  return wanted.map(({ name, unit, goal = null, atLeast = false, how, of }) => {
    const used = new Set();
    const value = of((folder, bench, what = "ns/op") => {
      used.add(bench);
      const result = measured(folder, bench, what);
      if (result === undefined) throw new Error(`no ${bench} of ${folder} among the Go benchmarks`);
      return result;
    });
    return {
      name,
      value: Number(value.toPrecision(4)),
      unit,
      goal,
      holds: goal === null || (atLeast ? value >= goal : value <= goal),
      how: `${how} (go test -bench: ${[...used].join(", ")})`,
    };
  });
}

/** A table of figures: goal, what was measured, and whether it holds. */
export function table(figures) {
  return figures.map(({ name, value, unit, goal, holds }) => {
    const bound = goal === null ? "" : `goal ${goal}`;
    const verdict = goal === null ? "" : holds ? "ok" : "NOT MET";
    return `  ${name.padEnd(34)} ${String(value).padStart(9)} ${unit.padEnd(42)} ${bound.padEnd(10)} ${verdict}`.trimEnd();
  });
}
