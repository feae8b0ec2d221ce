import assert from "node:assert/strict";
import { test } from "node:test";
import { goFigures, parseBenchmarks, table } from "./go.mjs";

const OUTPUT = `goos: linux
pkg: example.com/a/b/engine/x
BenchmarkOne/go-2 	    1227	    101683 ns/op
BenchmarkOne/go-2 	    1227	    100000 ns/op
BenchmarkOne/go-2 	    1227	    300000 ns/op	 2 B/op
PASS
pkg: example.com/a/b/engine/y
BenchmarkTwo 	    3	    1.5e+06 ns/op
BenchmarkThree/a-2 	    3	    -0.5 ms-late	 7 ns/op
BenchmarkThree/b-2 	    3	    2.5 ms-late
`;

test("lines belong to their package; repeated ones give the median", () => {
  assert.deepEqual(
    [...parseBenchmarks(OUTPUT)],
    [
      ["engine/x BenchmarkOne/go ns/op", 101683],
      ["engine/x BenchmarkOne/go B/op", 2],
      ["engine/y BenchmarkTwo ns/op", 1.5e6],
      ["engine/y BenchmarkThree/a ms-late", -0.5],
      ["engine/y BenchmarkThree/a ns/op", 7],
      ["engine/y BenchmarkThree/b ms-late", 2.5],
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
  const atLeast = goFigures(OUTPUT, [
    { name: "n", unit: "x", goal: 3, atLeast: true, how: "h", of: (m) => m("engine/y", "BenchmarkThree/*", "ms-late") },
  ]);
  assert.deepEqual([atLeast[0].value, atLeast[0].holds], [2.5, false]);
  assert.match(table(atLeast)[0], /^  n +2\.5 x +goal 3 +NOT MET$/);
  assert.throws(() => figure(1, "BenchmarkNone"), /BenchmarkNone of engine\/y/);
});
