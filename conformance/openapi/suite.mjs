// The description that a tenant gives of itself: whether it is valid, complete, and true of the answers.
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import { betterAuth } from "better-auth";
import { openAPI } from "better-auth/plugins";
import { startAuthhost } from "../lib/authhost.mjs";
import { Browser } from "../import/browser.mjs";

const TENANT = "described";
const PASSWORD = "correct-horse-1";

/** Additional fields of users, as both servers take them. */
const FIELDS = {
  plan: { type: "string" },
  hidden: { type: "string", returned: false },
  rank: { type: "string", required: true, defaultValue: "low" },
  age: { type: "number", required: true },
  born: { type: "date" },
  role: { type: "string", input: false, defaultValue: "user" },
};

const tenant = (listen) => ({
  id: TENANT,
  listen: listen(TENANT),
  baseURL: `http://${listen(TENANT)}`,
  secret: "described-Zt5Rw8Yq1Pm4Xn7Lb0Kc3Vd6Jf9Hg2Sx",
  disabledPaths: ["/change-password"],
  user: {
    additionalFields: Object.entries(FIELDS).map(([name, { defaultValue, ...field }]) => ({
      name,
      ...field,
      ...(defaultValue && { default: defaultValue }),
    })),
  },
  plugins: [
    ...["email-password", "account", "two-factor", "bearer", "jwt", "multi-session", "one-time-token"].map((id) => ({
      id,
    })),
    { id: "convex", config: { issuer: "https://happy-animal-1.convex.site" } },
    { id: "open-api" },
  ],
});

/** Endpoints that take the additional fields of users. */
const BODIES = ["/sign-up/email", "/update-user"];

/** What is called, and must be as described. */
const CALLS = [
  ["POST", "/sign-up/email", { name: "Ada", email: "ada@example.com", password: PASSWORD, plan: "pro", age: 36 }],
  ["POST", "/sign-up/email", { name: "Ada", email: "ada@example.com", password: PASSWORD, age: 36 }],
  ["POST", "/sign-up/email", { name: "Ada" }],
  ["GET", "/get-session"],
  ["GET", "/ok"],
  ["GET", "/list-sessions"],
  ["GET", "/list-accounts"],
  ["POST", "/update-user", { name: "Ada L." }],
  ["GET", "/token"],
  ["GET", "/jwks"],
  ["GET", "/convex/token"],
  ["GET", "/convex/jwks"],
  ["GET", "/multi-session/list-device-sessions"],
  ["GET", "/one-time-token/generate"],
  ["POST", "/two-factor/enable", { password: PASSWORD }],
  ["POST", "/two-factor/get-totp-uri", { password: "wrong" }],
  ["POST", "/verify-password", { password: PASSWORD }],
  ["POST", "/revoke-other-sessions"],
  ["POST", "/sign-out"],
  ["GET", "/get-session"],
  ["GET", "/list-sessions"],
  ["POST", "/sign-in/email", { email: "ada@example.com", password: "wrong-horse-1" }],
  ["POST", "/sign-in/email", { email: "ada@example.com", password: PASSWORD }],
];

/** The routes that the server says it has and the document lacks, and the other way round. */
function compareRoutes(document, routes) {
  const described = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => key !== "servers")
      .map((method) => `${method.toUpperCase()} ${item.servers ? path : `/api/auth${path}`}`),
  );
  const served = routes
    .filter(({ path }) => path !== "/api/auth/change-password")
    .map(({ method, path }) => `${method} ${path}`);
  return [
    ...served.filter((route) => !described.includes(route)).map((route) => `${route} is served and not described`),
    ...described.filter((route) => !served.includes(route)).map((route) => `${route} is described and not served`),
  ];
}

/** Calls endpoints and lists the answers that are not as described. */
async function compareAnswers(document, browser) {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(document, "api");
  const faults = [];
  for (const [method, path, body] of CALLS) {
    const answer = method === "GET" ? await browser.get(path) : await browser.post(path, body);
    const at = `#/paths/${path.replaceAll("/", "~1")}/${method.toLowerCase()}/responses/${answer.status}`;
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
    if (!described?.content) {
      faults.push(`${method} ${path}: the answer ${answer.status} is not described`);
      continue;
    }
    const validate = ajv.getSchema(`api${at}/content/application~1json/schema`);
    const value = answer.body === "null" ? null : answer.body;
    if (!validate(value))
      faults.push(
        `${method} ${path}, ${answer.status}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`,
      );
  }
  return faults;
}

/** What a document says of the additional fields in a body: type, format, default, and whether one must be sent. */
function described(document, path) {
  const { schema } = document.paths[path].post.requestBody.content["application/json"];
  const { properties, required = [] } = schema.allOf?.find((part) => part.properties) ?? schema;
  return Object.keys(FIELDS)
    .filter((name) => properties[name])
    .map((name) => {
      const { type, format, default: preset } = properties[name];
      return JSON.stringify({ name, type, format, preset, required: required.includes(name) });
    });
}

/** Bodies whose additional fields are not described as the official server describes them. */
async function compareFields(document) {
  const official = await betterAuth({
    secret: PASSWORD.repeat(4),
    baseURL: "http://127.0.0.1",
    logger: { disabled: true },
    emailAndPassword: { enabled: true },
    user: { additionalFields: FIELDS },
    plugins: [openAPI()],
  }).api.generateOpenAPISchema();
  return BODIES.map((path) => [path, described(document, path), described(official, path)])
    .filter(([, ours, theirs]) => JSON.stringify(ours) !== JSON.stringify(theirs))
    .map(([path, ours, theirs]) => `${path} describes ${ours.join()}, the official server ${theirs.join()}`);
}

/** @returns {Promise<{passed: number, total: number, failures: string[]}>} */
export async function runOpenAPI(store, suffix) {
  const server = await startAuthhost({
    name: `openapi${suffix}`,
    ids: [TENANT],
    tenants: (listen) => [tenant(listen)],
    store,
  });
  try {
    const browser = new Browser(server.url(TENANT));
    const document = await browser.must("GET", "/open-api/generate-schema");
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    const user = document.components.schemas.User.properties;
    const failures = [
      ...(valid ? [] : [`the document is not valid: ${JSON.stringify(errors)}`]),
      ...(user.plan && !user.hidden ? [] : ["the document does not have the user's fields as clients see them"]),
      ...compareRoutes(document, await server.admin.routes(TENANT)),
      ...(await compareFields(document)),
      ...(await compareAnswers(document, browser)),
    ];
    const total = 2 + BODIES.length + Object.keys(document.paths).length + CALLS.length;
    return {
      passed: Math.max(total - failures.length, 0),
      total,
      failures: failures.map((failure) => `✗ openapi: ${failure}`),
    };
  } finally {
    await server.stop();
  }
}
