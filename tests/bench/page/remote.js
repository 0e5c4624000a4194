// @ts-check
// Requests to a rerank API, by bare fetch and by this package's client: what the client adds.

/** What a caller without a client writes. @param {string} url @param {object} body */
async function bareFetch(url, body) {
  const reply = await fetch(`${url}/v1/rerank`, {
    method: "POST",
    headers: { authorization: "Bearer sk-0", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return (await reply.json()).results;
}

/** @param {string} url @returns {Promise<(request: { query: string, documents: string[] }) => Promise<any[]>>} */
async function caller(url, /** @type {string} */ how) {
  if (how === "fetch") return ({ query, documents }) => bareFetch(url, { model: "m", query, documents, return_documents: false });
  const { RemoteReranker } = await import("rerank-wasm/remote");
  const reranker = new RemoteReranker({ provider: "dmxapi", apiKey: "sk-0", authScheme: "bearer", model: "m", baseUrl: url, dangerouslyAllowBrowser: true });
  return async (request) => (await reranker.rerank({ ...request, returnDocuments: false })).results;
}

/** @type {Map<string, Promise<(request: any) => Promise<any[]>>>} */
const callers = new Map();

/**
 * Sends `count` requests, `concurrency` at a time.
 * @param {{ url: string, how: "fetch" | "ours", request: { query: string, documents: string[] }, count: number, concurrency: number }} what
 * @returns {Promise<{ ms: number, each: number[] }>} of all, and of each
 */
export async function sendRequests({ url, how, request, count, concurrency }) {
  if (!callers.has(how)) callers.set(how, caller(url, how));
  const send = await /** @type {Promise<(request: any) => Promise<any[]>>} */ (callers.get(how));
  /** @type {number[]} */
  const each = [];
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      const start = performance.now();
      const results = await send(request);
      each.push(performance.now() - start);
      if (results.length !== request.documents.length) throw new Error(`expected ${request.documents.length} results, found ${results.length}`);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { ms: performance.now() - start, each };
}
