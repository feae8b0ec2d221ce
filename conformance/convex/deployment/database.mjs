// The tables of a deployment: documents in memory, with mutations that happen whole or not at all.
import { randomBytes } from "node:crypto";

/** Documents by table. A mutation works on a copy that takes the tables' place when it has ended well. */
export class Database {
  #tables = new Map();
  #created = 0;

  /** What a query function may do: read. */
  reader() {
    return reading(this.#tables);
  }

  /**
   * Runs a mutation. What it wrote is there when it returns, and nothing of it when it throws.
   *
   * @param {(db: object) => Promise<unknown>} work gets what a mutation function may do
   */
  async transaction(work) {
    const tables = new Map([...this.#tables].map(([name, documents]) => [name, new Map(documents)]));
    const result = await work({ ...reading(tables), ...this.#writing(tables) });
    this.#tables = tables;
    return result;
  }

  #writing(tables) {
    const change = (id, make) => {
      const documents = tableOf(tables, id);
      documents.set(id, stripUndefined(make(documents.get(id))));
    };
    return {
      insert: async (table, fields) => {
        if (!tables.has(table)) tables.set(table, new Map());
        const _id = `${table}_${randomBytes(12).toString("hex")}`;
        const _creationTime = Date.now() + (this.#created++ % 1000) / 1000; // In order, as in a deployment.
        tables.get(table).set(_id, stripUndefined({ ...fields, _id, _creationTime }));
        return _id;
      },
      // All of these may name the table before the id.
      patch: async (...args) => change(args.at(-2), (document) => ({ ...document, ...args.at(-1) })),
      replace: async (...args) =>
        change(args.at(-2), ({ _id, _creationTime }) => ({ ...args.at(-1), _id, _creationTime })),
      delete: async (...args) => void tableOf(tables, args.at(-1)).delete(args.at(-1)),
    };
  }
}

function tableOf(tables, id) {
  for (const documents of tables.values()) if (documents.has(id)) return documents;
  throw new Error(`there is no document ${id}`);
}

const stripUndefined = (document) => Object.fromEntries(Object.entries(document).filter(([, v]) => v !== undefined));

function reading(tables) {
  return {
    get: async (...args) => {
      for (const documents of tables.values()) if (documents.has(args.at(-1))) return documents.get(args.at(-1));
      return null;
    },
    normalizeId: (table, id) => (tables.get(table)?.has(id) ? id : null),
    query: (table) => new Query([...(tables.get(table)?.values() ?? [])]),
  };
}

/** A query over documents in the order of their creation. Indexes narrow what is read, and do not sort. */
class Query {
  #documents;

  constructor(documents) {
    this.#documents = documents;
  }

  withIndex(_name, range = (q) => q) {
    const q = {};
    const tests = [];
    for (const [name, test] of Object.entries(COMPARISONS)) {
      q[name] = (field, value) => {
        tests.push((document) => test(document[field], value));
        return q;
      };
    }
    range(q);
    return new Query(this.#documents.filter((document) => tests.every((test) => test(document))));
  }

  order(direction) {
    return direction === "desc" ? new Query(this.#documents.toReversed()) : this;
  }

  async collect() {
    return this.#documents;
  }

  async take(count) {
    return this.#documents.slice(0, count);
  }

  async first() {
    return this.#documents[0] ?? null;
  }

  async unique() {
    if (this.#documents.length > 1) throw new Error("unique() query returned more than one result");
    return this.first();
  }
}

const COMPARISONS = {
  eq: (a, b) => a === b,
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};
