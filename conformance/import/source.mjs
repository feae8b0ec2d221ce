// The server that is moved away from: Better Auth from npm, with the tables that its own migrations make in PostgreSQL.
import http from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { jwt, twoFactor } from "better-auth/plugins";
import pg from "pg";
import { freePorts } from "../lib/process.mjs";

export const SECRET = "import-Zt5Rw8Yq1Pm4Xn7Lb0Kc3Vd6Jf9Hg2Sx";

/** Ways in which applications set their database up, and what the import has to be told of it; and what users have more afterwards. */
export const VARIANTS = [
  {
    name: "defaults",
    options: { plugins: [twoFactor(), jwt()] },
    flags: [],
    keys: { id: "jwt", jwks: "/jwks" },
    added: {},
  },
  {
    name: "snake case and plurals",
    options: {
      user: {
        modelName: "users",
        fields: { emailVerified: "email_verified", createdAt: "created_at", updatedAt: "updated_at" },
      },
      session: {
        modelName: "auth_sessions",
        fields: { userId: "user_id", expiresAt: "expires_at", ipAddress: "ip_address" },
      },
      account: {
        modelName: "accounts",
        fields: { userId: "user_id", providerId: "provider", accountId: "account_id" },
      },
      plugins: [twoFactor({ twoFactorTable: "two_factors" }), jwt({ jwks: { keyPairConfig: { alg: "RS256" } } })],
    },
    flags: ["--table", "session=auth_sessions", "--column", "account.providerId=provider"],
    // Tokens for Convex are those of the jwt plugin with RS256.
    keys: { id: "convex", jwks: "/convex/jwks", config: { issuer: "https://happy-animal-1.convex.site" } },
    added: { userId: null }, // to users, by the plugin convex
  },
];

// The plugin two-factor hands out one schema object, and Better Auth writes names of tables into it: without these the
// next application of the process would refer to tables of the one before.
const { schema: sharedSchema } = twoFactor();
const unwritten = structuredClone(sharedSchema);

/** A database of a PostgreSQL server, and the application on it. One at a time. */
export class Application {
  /** @param {{url: string, name: string, variant: object}} options `url` names the PostgreSQL server, `name` the database */
  static async start({ url, name, variant }) {
    const admin = new pg.Client(url);
    await admin.connect();
    await admin.query(`CREATE DATABASE "${name}"`);
    await admin.end();
    const app = new Application();
    app.database = url.replace("/postgres?", `/${name}?`);
    app.pool = new pg.Pool({ connectionString: app.database });
    const [port] = await freePorts(1);
    app.baseURL = `http://127.0.0.1:${port}`;
    app.mails = {};
    Object.assign(sharedSchema, structuredClone(unwritten));
    const options = app.options(variant);
    await (await getMigrations(options)).runMigrations();
    app.server = http.createServer(toNodeHandler(betterAuth(options)));
    await new Promise((resolve) => app.server.listen(port, "127.0.0.1", resolve));
    return app;
  }

  options(variant) {
    const { user, ...rest } = variant.options;
    return {
      baseURL: this.baseURL,
      secret: SECRET,
      database: this.pool,
      logger: { disabled: true },
      telemetry: { enabled: false },
      rateLimit: { enabled: false },
      emailAndPassword: {
        enabled: true,
        sendResetPassword: async (data) => {
          this.mails.reset = data;
        },
      },
      emailVerification: {
        sendVerificationEmail: async (data) => {
          this.mails.verification = data;
        },
      },
      user: {
        ...user,
        additionalFields: { plan: { type: "string", required: false }, seats: { type: "number", required: false } },
      },
      ...rest,
    };
  }

  query(text) {
    return this.pool.query(text);
  }

  async stop() {
    await new Promise((resolve) => this.server.close(resolve));
    await this.pool.end();
  }
}
