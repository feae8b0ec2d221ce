// Options of recorded servers, read so that none is lost silently.

/** A profile asks for something that authhost or this translation does not have yet. */
export class UnsupportedProfile extends Error {}

/** Reads options and remembers which were read, so that none is lost silently. */
export class Options {
  #rest;

  constructor(options) {
    this.#rest = structuredClone(options);
  }

  take(path) {
    const value = this.#remove(path);
    if (value?.$callback) throw new UnsupportedProfile(`${path} is a function: ${value.$callback}`);
    return value;
  }

  /** True where the application gave a function, else undefined: what authhost sends mail for. */
  takeCallback(path) {
    return this.#remove(path) !== undefined || undefined;
  }

  /** What the function at a path did, in words; undefined where there is none. It is not taken. */
  functionAt(path) {
    return path.split(".").reduce((at, key) => at?.[key], this.#rest)?.$callback;
  }

  /** What a function of the application did, in words. */
  takeFunction(path) {
    return this.#remove(path)?.$callback;
  }

  #remove(path) {
    const keys = path.split(".");
    const last = keys.pop();
    let at = this.#rest;
    for (const key of keys) at = at?.[key];
    const value = at?.[last];
    if (at) delete at[last];
    return value;
  }

  /** The paths of all values that nobody took. */
  rest(value = this.#rest, path = "") {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return [path];
    return Object.entries(value).flatMap(([key, item]) => this.rest(item, path ? `${path}.${key}` : key));
  }
}

export function withoutUndefined(object) {
  const empty = (value) => value === undefined || (value?.constructor === Object && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !empty(value)));
}
