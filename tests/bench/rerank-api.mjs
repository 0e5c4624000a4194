// @ts-check
// A rerank API on this machine that answers at once: what is left is the client's time and the loopback's.

import { createServer } from "node:http";

const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "*, authorization", "access-control-max-age": "7200" };
/** Pages of the bench embed only what says it may be. */
const HEADERS = { ...CORS, "cross-origin-resource-policy": "cross-origin", "content-type": "application/json" };

/** @returns {Promise<{ url: string, close: () => Promise<void> }>} */
export async function serveRerankApi() {
  const server = createServer(async (request, response) => {
    if (request.method === "OPTIONS") return void response.writeHead(204, CORS).end();
    let body = "";
    for await (const chunk of request) body += chunk;
    const { documents, model } = JSON.parse(body);
    const results = documents.map((/** @type {string} */ _, /** @type {number} */ index) => ({ index, relevance_score: 1 / (index + 1) }));
    response.writeHead(200, HEADERS).end(JSON.stringify({ model, results, usage: { prompt_tokens: 100, total_tokens: 100 } }));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
