// The tables of an official server in PostgreSQL, made by its own migrations. What a column that was never written reads
// as is part of the protocol: an SQL database gives null, where the in-memory adapter gives nothing.
import pg from "pg";

const CONNECTIONS = 4; // of one server; there are many servers, and PostgreSQL takes a hundred connections

/**
 * Makes the tables of one server, in a schema of their own.
 *
 * @param {{url: string, name: string, options: object, getAdapter: Function, getMigrations: Function}} options `options`
 *   are those of betterAuth, without a database; the two functions are those of the same better-auth
 * @returns {Promise<{adapter: object, reset: () => Promise<void>, close: () => Promise<void>}>} `reset` deletes all rows
 */
export async function sqlTables({ url, name, options, getAdapter, getMigrations }) {
  const schema = pg.escapeIdentifier(name);
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, options: `-c search_path=${schema}` });
  pool.on("error", () => {}); // PostgreSQL stops while connections are idle
  await pool.query(`create schema ${schema}`);
  const complete = { ...options, database: pool };
  await (await getMigrations(complete)).runMigrations();
  const { rows } = await pool.query("select tablename from pg_tables where schemaname = $1", [name]);
  const tables = rows.map(({ tablename }) => pg.escapeIdentifier(tablename)).join(", ");
  return {
    adapter: await getAdapter(complete),
    reset: async () => void (await pool.query(`truncate ${tables}`)),
    close: () => pool.end(),
  };
}
