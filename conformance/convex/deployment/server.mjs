// Serves a deployment: the sync protocol and the HTTP API at one address, HTTP actions at another.
import http from "node:http";
import { Readable } from "node:stream";
import { WebSocketServer } from "ws";
import { Deployment, FunctionError } from "./deployment.mjs";
import { encodeVersion, SyncSession } from "./sync.mjs";

const SYNC = /^\/api\/[^/]+\/sync$/;
const CALL = /^\/api\/(query|mutation|action|query_at_ts)$/;
const FUNCTION_FAILED = 560; // A status of Convex's own.
const MAX_BODY = 1 << 20;

/**
 * Starts a deployment.
 *
 * @param {{functions: string, port?: number, sitePort?: number, env?: Record<string, string>}} options `functions` is the
 *   app's `convex` folder; ports are of the loopback interface, 0 for any; `env` are the deployment's variables, to which
 *   CONVEX_CLOUD_URL and CONVEX_SITE_URL are added
 * @returns {Promise<{url: string, siteUrl: string, deployment: Deployment, close: () => Promise<void>}>}
 */
export async function startDeployment({ functions, port = 0, sitePort = 0, env = {} }) {
  let deployment;
  const api = http.createServer((request, response) => answer(response, () => callFunction(deployment, request)));
  const site = http.createServer((request, response) => answer(response, () => runHttpAction(deployment, request)));
  const sockets = new WebSocketServer({ noServer: true });
  api.on("upgrade", (request, socket, head) => {
    if (!SYNC.test(new URL(request.url, "http://x").pathname)) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (client) => new SyncSession(client, deployment));
  });
  const url = await listen(api, port);
  const siteUrl = await listen(site, sitePort);
  deployment = await Deployment.load(functions, { ...env, CONVEX_CLOUD_URL: url, CONVEX_SITE_URL: siteUrl });
  const close = async () => {
    for (const client of sockets.clients) client.terminate();
    await Promise.all([api, site].map((server) => closeServer(server)));
  };
  return { url, siteUrl, deployment, close };
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}

function closeServer(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

async function answer(response, work) {
  let result;
  try {
    result = await work();
  } catch (error) {
    result = { status: 500, body: { code: "InternalServerError", message: String(error) } };
  }
  const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
  if (result instanceof Response) {
    response.writeHead(result.status, Object.fromEntries(result.headers));
    return response.end(Buffer.from(await result.arrayBuffer()));
  }
  response.writeHead(result.status, { "content-type": "application/json", ...cors });
  response.end(JSON.stringify(result.body));
}

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function callFunction(deployment, request) {
  if (request.method === "OPTIONS") return { status: 200, body: {} };
  if (request.url === "/api/query_ts") return { status: 200, body: { ts: encodeVersion(deployment.version) } };
  const [, called] = CALL.exec(request.url) ?? [];
  const kind = called === "query_at_ts" ? "query" : called; // At what is now: old versions are not kept.
  if (request.method !== "POST" || !kind) return { status: 404, body: { code: "NotFound", message: request.url } };
  let identity = null;
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
  try {
    if (token) ({ identity } = await deployment.identities.of(token));
  } catch (error) {
    return { status: 401, body: { code: "Unauthenticated", message: error.message } };
  }
  const { path, args } = await bodyOf(request);
  try {
    const value = await deployment.run(kind, path, Array.isArray(args) ? args[0] : args, identity);
    return { status: 200, body: { status: "success", value, logLines: [] } };
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    const body = { status: "error", errorMessage: error.message, errorData: error.data, logLines: [] };
    return { status: FUNCTION_FAILED, body };
  }
}

async function runHttpAction(deployment, request) {
  const withBody = !["GET", "HEAD"].includes(request.method);
  const asked = new Request(new URL(request.url, `http://${request.headers.host}`), {
    method: request.method,
    headers: Object.entries(request.headers).flatMap(([name, value]) => [value].flat().map((v) => [name, v])),
    ...(withBody ? { body: Readable.toWeb(request), duplex: "half" } : {}),
  });
  const response = await deployment.httpAction(asked);
  return response ?? new Response("No matching routes found", { status: 404 });
}
