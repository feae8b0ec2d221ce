// Turns the output of Go benchmarks into figures.

/**
 * The figures that come from Go benchmarks. `of` computes one from a function that gives the nanoseconds of an operation
 * by package and benchmark; `goal`, where there is one, is an upper bound.
 *
 * @type {{name: string, unit: string, goal?: number, how: string, of: (ns: (folder: string, bench: string) => number) => number}[]}
 */
export const GO_FIGURES = [
  {
    name: "bench_boltstore_get_session",
    unit: "µs",
    how: "session and user read from one tenant's file",
    of: (ns) => ns("engine/store/boltstore", "BenchmarkStore/GetSession") / 1e3,
  },
  {
    name: "bench_boltstore_sign_up",
    unit: "µs",
    how: "durable commit of a user and a session, 200 callers at a time",
    of: (ns) => ns("engine/store/boltstore", "BenchmarkStore/SignUpParallel") / 1e3,
  },
  {
    name: "bench_sandbox_warm_call_go",
    unit: "µs",
    how: "a call of a standard-Go guest, without a reset",
    of: (ns) => ns("engine/sandbox", "BenchmarkWarmCall/go") / 1e3,
  },
  {
    name: "bench_sandbox_reset_go",
    unit: "µs",
    how: "what a reset adds to a call of a standard-Go guest",
    of: (ns) => (ns("engine/sandbox", "BenchmarkResetCall/go") - ns("engine/sandbox", "BenchmarkWarmCall/go")) / 1e3,
  },
  {
    name: "bench_sandbox_clone_go",
    unit: "µs",
    how: "making an instance of a standard-Go guest from its image, and freeing it",
    of: (ns) => ns("engine/sandbox", "BenchmarkClone/go") / 1e3,
  },
];

/** The nanoseconds of every benchmark in the output of `go test -bench`, by "package benchmark"; the median of repeated ones. */
export function parseBenchmarks(output) {
  const runs = new Map();
  let folder = "";
  for (const line of output.split("\n")) {
    folder = /^pkg: [^/]+\/[^/]+\/[^/]+\/(.*)$/.exec(line)?.[1] ?? folder;
    const [, name, value] = /^(Benchmark\S*?)(?:-\d+)?\s+\d+\s+([\d.e+]+) ns\/op/.exec(line) ?? [];
    if (!name) continue;
    const key = `${folder} ${name}`;
    runs.set(key, [...(runs.get(key) ?? []), Number(value)]);
  }
  return new Map([...runs].map(([key, list]) => [key, list.sort((a, b) => a - b)[Math.floor(list.length / 2)]]));
}

/** The figures of an output. A benchmark that it does not have is an error. */
export function goFigures(output, wanted = GO_FIGURES) {
  const found = parseBenchmarks(output);
  return wanted.map(({ name, unit, goal = null, how, of }) => {
    const used = [];
    const value = of((folder, bench) => {
      used.push(bench);
      const ns = found.get(`${folder} ${bench}`);
      if (ns === undefined) throw new Error(`no ${bench} of ${folder} among the Go benchmarks`);
      return ns;
    });
    return {
      name,
      value: Number(value.toPrecision(4)),
      unit,
      goal,
      holds: goal === null || value <= goal,
      how: `${how} (go test -bench: ${used.join(", ")})`,
    };
  });
}
