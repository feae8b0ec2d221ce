// Serves official servers, one listener per profile, with the development interface of authhost's admin listener.
//
//   NODE_ENV=production node selfcheck/serve.mjs \
//     '{"admin": 4000, "postgres": "postgres://…", "servers": {"base": {"port": 4001, "profile": {…}}}}'
import http from "node:http";
import { officialServer } from "./profiles.mjs";

const { admin, postgres, servers: definitions } = JSON.parse(process.argv[2]);
const servers = new Map();

const listen = (handler, port) =>
  new Promise((resolve) => http.createServer(handler).listen(port, "127.0.0.1", resolve));

for (const [name, { port, profile }] of Object.entries(definitions)) {
  const server = await officialServer(profile, { url: postgres, name });
  servers.set(name, server);
  await listen(server.handler, port);
}

await listen(async (request, response) => {
  const url = new URL(request.url, "http://admin");
  const server = servers.get(url.searchParams.get("tenant"));
  const json = (value) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  if (url.pathname === "/readyz") return json({});
  if (url.pathname === "/dev/outbox") return json(server.outbox);
  if (url.pathname === "/dev/reset") return json((await server.reset()) ?? {});
  response.writeHead(404);
  return response.end();
}, admin);
