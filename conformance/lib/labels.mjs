// Placeholders for volatile values: equal values get equal placeholders within one scenario.

const DAY_MINUTES = 1440;

/** A time relative to `now` (both in milliseconds): "now" within 45 s, else rounded: "+7d", "-1h", "+10m". */
export function relativeTime(time, now) {
  const seconds = (time - now) / 1000;
  if (Math.abs(seconds) < 45) return "now";
  const sign = seconds < 0 ? "-" : "+";
  const minutes = Math.round(Math.abs(seconds) / 60);
  if (minutes % DAY_MINUTES === 0) return `${sign}${minutes / DAY_MINUTES}d`;
  return minutes % 60 === 0 ? `${sign}${minutes / 60}h` : `${sign}${minutes}m`;
}

/** Numbers values per kind in the order of their first appearance: `<token:32#1>`. */
export class Labels {
  #byValue = new Map();
  #counts = new Map();

  of(kind, value) {
    const known = this.#byValue.get(value);
    if (known) return known;
    const number = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, number);
    const label = `<${kind}#${number}>`;
    this.#byValue.set(value, label);
    return label;
  }

  get(value) {
    return this.#byValue.get(value);
  }

  /** The label of a known value whose lower-cased form is `text`, marked as such; or undefined. */
  lowered(text) {
    for (const [value, label] of this.#byValue) {
      if (value !== text && value.toLowerCase() === text) return `<lower:${label.slice(1)}`;
    }
    return undefined;
  }
}
