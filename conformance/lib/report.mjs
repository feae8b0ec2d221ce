// Collects what the stages found: a summary for people, and figures for machines.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * A figure: `value` must reach `goal`. `how` says in a sentence how it was got; `failures` are texts for people.
 *
 * @typedef {{name: string, title: string, value: number, goal: number, unit: string, how: string, failures?: string[],
 *   counted?: boolean}} Figure
 *   `counted` is false for a figure whose items another figure counts already
 */

const SHOWN = 40;
const REPEATED = 5;

/** The result of a run. */
export class Report {
  #figures = [];

  /** Adds a figure and prints it, failures first. @param {Figure} figure */
  add(figure) {
    this.#figures.push(figure);
    const failures = figure.failures ?? [];
    for (const failure of failures.slice(0, SHOWN)) console.log(failure);
    if (failures.length > SHOWN) console.log(`… and ${failures.length - SHOWN} more`);
    console.log(
      `${figure.value === figure.goal ? "✓" : "✗"} ${figure.title}: ${figure.value} of ${figure.goal} ${figure.unit}`,
    );
  }

  /** {passed, failed} over all figures that count. */
  totals() {
    const counted = this.#figures.filter(({ counted = true }) => counted);
    const passed = counted.reduce((sum, { value }) => sum + value, 0);
    const failed = counted.reduce((sum, { value, goal }) => sum + goal - value, 0);
    return { passed, failed };
  }

  /** Prints the failures of all figures once more: a long run has scrolled them away. */
  repeatFailures() {
    for (const { title, failures = [] } of this.#figures) {
      if (!failures.length) continue;
      console.log(`✗ ${title}`);
      for (const failure of failures.slice(0, REPEATED)) console.log(failure);
    }
  }

  /** Writes the figures as a JSON list of {name, value, unit, goal, holds, how}. */
  write(file) {
    const list = this.#figures.map(({ name, value, unit, goal, how }) => ({
      name,
      value,
      unit,
      goal,
      holds: value >= goal,
      how,
    }));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(list, null, 2)}\n`);
  }
}
