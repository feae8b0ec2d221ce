// Serves official servers, one listener per profile, with the development interface of authhost's admin listener.
//
//   NODE_ENV=production node selfcheck/serve.mjs '{"admin": 4000, "profiles": {"base": 4001}}'
import http from "node:http";
import { profiles } from "../replay/lists.mjs";
import { officialServer } from "./profiles.mjs";

const { admin, profiles: ports } = JSON.parse(process.argv[2]);
const definitions = profiles();
const servers = new Map();

const listen = (handler, port) => new Promise((resolve) => http.createServer(handler).listen(port, "127.0.0.1", resolve));

for (const [name, port] of Object.entries(ports)) {
  const server = await officialServer(definitions[name]);
  servers.set(name, server);
  await listen(server.handler, port);
}

await listen((request, response) => {
  const url = new URL(request.url, "http://admin");
  const server = servers.get(url.searchParams.get("tenant"));
  const json = (value) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  if (url.pathname === "/readyz") return json({});
  if (url.pathname === "/dev/outbox") return json(server.outbox);
  if (url.pathname === "/dev/reset") return json(server.reset() ?? {});
  response.writeHead(404);
  return response.end();
}, admin);
