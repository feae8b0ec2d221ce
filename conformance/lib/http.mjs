// A raw HTTP client: no automatic headers, no redirects, header order and duplicates kept.
import http from "node:http";

/**
 * Sends one request on a connection of its own.
 *
 * @param {{baseUrl: string, method: string, path: string, headers?: Record<string, string>, body?: string|Buffer,
 *   timeout?: number}} request `path` goes on the wire as it is; `timeout` is in milliseconds (60 s by default).
 * @returns {Promise<{status: number, headers: [string, string][], body: Buffer}>} header names in lower case
 */
export function rawRequest({ baseUrl, method, path, headers = {}, body, timeout = 60_000 }) {
  const url = new URL(baseUrl);
  const length = body !== undefined ? Buffer.byteLength(body) : ["POST", "PUT", "PATCH"].includes(method) ? 0 : null;
  const all = length === null || "transfer-encoding" in headers ? headers : { ...headers, "content-length": length };
  return new Promise((resolve, reject) => {
    const options = {
      host: url.hostname,
      port: url.port,
      method,
      path,
      agent: false,
      setHost: false,
      timeout,
      headers: all,
    };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: pairs(response.rawHeaders), body: Buffer.concat(chunks) }),
      );
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeout} ms: ${method} ${path}`)));
    if (body !== undefined) request.write(body);
    request.end();
  });
}

/** The first value of a header of a raw response, or undefined. */
export const headerOf = (response, name) => response.headers.find(([key]) => key === name)?.[1];

/** All values of a header of a raw response, in order. */
export const headersOf = (response, name) => response.headers.filter(([key]) => key === name).map(([, value]) => value);

function pairs(rawHeaders) {
  const out = [];
  for (let i = 0; i < rawHeaders.length; i += 2) out.push([rawHeaders[i].toLowerCase(), rawHeaders[i + 1]]);
  return out;
}
