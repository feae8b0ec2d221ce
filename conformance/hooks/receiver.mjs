// A receiver of signed requests, which verifies them with the package of the specification.
import http from "node:http";
import { Webhook } from "standardwebhooks";
import { freePorts } from "../lib/process.mjs";

/**
 * An HTTP server that can be down for a while. It keeps what it was sent: {id, event, at}, and what could not be verified.
 */
export class Receiver {
  /** @param {{secret: string, answer?: (event: object) => {status: number, body?: object}}} options */
  constructor({ secret, answer = () => ({ status: 204 }) }) {
    this.webhook = new Webhook(secret);
    this.answer = answer;
    this.received = [];
    this.unverified = [];
    this.status = undefined; // instead of the answer
  }

  async up() {
    this.port ??= (await freePorts(1))[0];
    this.server = http.createServer((request, response) => this.#take(request, response));
    await new Promise((resolve, reject) => {
      this.server.on("error", reject);
      this.server.listen(this.port, "127.0.0.1", resolve);
    });
    return this;
  }

  async down() {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve()));
  }

  get url() {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** What arrived first of each id, in the order of arrival. */
  events() {
    const seen = new Set();
    return this.received.filter(({ id }) => !seen.has(id) && seen.add(id)).map(({ event }) => event);
  }

  async #take(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    let event;
    try {
      event = this.webhook.verify(body, request.headers);
    } catch (error) {
      this.unverified.push(`${error.message}: ${body}`);
      response.writeHead(401).end();
      return;
    }
    if (this.status) {
      response.writeHead(this.status).end();
      return;
    }
    this.received.push({ id: request.headers["webhook-id"], event, at: Date.now() });
    const answer = this.answer(event);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(answer.body && JSON.stringify(answer.body));
  }
}
