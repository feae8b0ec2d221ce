import assert from "node:assert/strict";
import { test } from "node:test";
import { goFigures, parseBenchmarks } from "./go.mjs";

const OUTPUT = `goos: linux
pkg: example.com/a/b/engine/x
BenchmarkOne/go-2 	    1227	    101683 ns/op
BenchmarkOne/go-2 	    1227	    100000 ns/op
BenchmarkOne/go-2 	    1227	    300000 ns/op	 2 B/op
PASS
pkg: example.com/a/b/engine/y
BenchmarkTwo 	    3	    1.5e+06 ns/op
`;

test("lines belong to their package; repeated ones give the median", () => {
  assert.deepEqual(
    [...parseBenchmarks(OUTPUT)],
    [
      ["engine/x BenchmarkOne/go", 101683],
      ["engine/y BenchmarkTwo", 1.5e6],
    ],
  );
});

test("figures, with and without goal", () => {
  const figure = (goal, bench = "BenchmarkTwo") =>
    goFigures(OUTPUT, [{ name: "n", unit: "ms", goal, how: "h", of: (ns) => ns("engine/y", bench) / 1e6 }])[0];
  assert.deepEqual(figure(undefined), {
    name: "n",
    value: 1.5,
    unit: "ms",
    goal: null,
    holds: true,
    how: "h (go test -bench: BenchmarkTwo)",
  });
  assert.equal(figure(1.5).holds, true);
  assert.equal(figure(1).holds, false);
  assert.throws(() => figure(1, "BenchmarkNone"), /BenchmarkNone of engine\/y/);
});
