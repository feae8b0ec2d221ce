// A Redis of its own, from Debian's package, without files.
import net from "node:net";
import path from "node:path";
import { eventually, start, temporaryFolder } from "./process.mjs";

const READY_TIMEOUT = 30_000;

/** Whether the server says PONG. */
const answers = (socket) =>
  new Promise((resolve) => {
    const connection = net.connect(socket, () => connection.write("PING\r\n"));
    connection.on("data", (data) => resolve(data.toString().startsWith("+PONG")));
    connection.on("data", () => connection.destroy());
    connection.on("error", () => resolve(false));
  });

/**
 * Starts a server that listens on a socket in a temporary folder.
 *
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
export async function startRedis() {
  const folder = temporaryFolder("redis");
  const socket = path.join(folder, "redis.sock");
  const settings = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"];
  const running = start("redis-server", settings, { cwd: folder });
  await eventually(() => answers(socket), {
    timeout: READY_TIMEOUT,
    onTimeout: () => new Error(`Redis does not start; is the package "redis-server" installed?\n${running.output()}`),
  });
  return { url: `unix://${socket}`, stop: running.stop };
}
