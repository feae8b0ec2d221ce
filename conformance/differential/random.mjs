// Pseudo-random choices that a seed determines, so that a failing run can be repeated.
import { createHash } from "node:crypto";

/** A source of choices. The same seed, a text, gives the same choices on every machine. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  }

  /** A number in [0, 1): mulberry32. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer in [0, count). */
  below(count) {
    return Math.floor(this.next() * count);
  }

  /** True with the given probability. */
  chance(probability) {
    return this.next() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** A key of an object whose values are weights. */
  weighted(weights) {
    const entries = Object.entries(weights);
    let at = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      at -= weight;
      if (at < 0) return key;
    }
    return entries.at(-1)[0];
  }
}
