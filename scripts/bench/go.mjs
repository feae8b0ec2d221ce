// Runs Go benchmarks and turns their lines into figures.
import { execFileSync } from "node:child_process";

/**
 * The benchmarks that become figures: `bench` is the benchmark's full name, `metric` the unit in its line ("ns/op", or one
 * that it reports itself), `name`, `goal` and `how` are the figure's. A goal is an upper bound.
 */
export const GO_BENCHMARKS = [
  {
    package: "./engine/store/boltstore", bench: "BenchmarkStore/SignUp", metric: "ns/op", name: "bench_boltstore_sign_up",
    how: "one durable commit of a user and a session after the other, in one tenant",
  },
];

/** The metrics of every benchmark in the output of `go test -bench`: name → unit → value. */
export function parseBenchmarks(output) {
  const out = new Map();
  for (const line of output.split("\n")) {
    const [, name, rest] = /^(Benchmark\S+?)(?:-\d+)?\s+\d+\s+(.*)$/.exec(line) ?? [];
    if (!name) continue;
    out.set(name, Object.fromEntries([...rest.matchAll(/([\d.e+]+)\s+(\S+)/g)].map(([, value, unit]) => [unit, Number(value)])));
  }
  return out;
}

/** Runs the benchmarks and gives their figures. A benchmark that prints no such metric is an error. */
export function goFigures(root, wanted = GO_BENCHMARKS) {
  return [...new Set(wanted.map((entry) => entry.package))].flatMap((folder) => {
    const mine = wanted.filter((entry) => entry.package === folder);
    const pattern = `^(${[...new Set(mine.map(({ bench }) => bench.split("/")[0]))].join("|")})$`;
    const output = execFileSync("go", ["test", "-run", "^$", "-bench", pattern, "-benchtime", "200ms", folder], { cwd: root, encoding: "utf8" });
    const found = parseBenchmarks(output);
    return mine.map(({ bench, metric, name, goal, how }) => {
      const value = found.get(bench)?.[metric];
      if (value === undefined) throw new Error(`${folder}: ${bench} gives no ${metric}:\n${output}`);
      return { name, value, unit: metric, goal: goal ?? null, holds: goal === undefined || value <= goal, how: `${bench} in ${folder}: ${how}` };
    });
  });
}
