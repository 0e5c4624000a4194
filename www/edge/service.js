// @ts-check
// A service behind this Worker, where a secret of one is configured: DMXAPI or Qianfan through rerank-wasm's proxy, for callers
// who know ACCESS_TOKEN and nobody else.

import { createProxy } from "rerank-wasm/proxy";

/**
 * @typedef {object} ServiceEnv what `wrangler secret put NAME` and wrangler.jsonc give
 * @property {string} [DMXAPI_KEY]
 * @property {string} [QIANFAN_BEARER_KEY] of v2
 * @property {string} [QIANFAN_API_KEY] with the secret key: tokens are bought, and shared through TOKENS where that is bound
 * @property {string} [QIANFAN_SECRET_KEY]
 * @property {KvNamespace} [TOKENS]
 * @property {string} [ACCESS_TOKEN] what callers send as their key; without it every call is 403
 * @property {string} [SERVICE_URL] in place of the service's own address
 * @property {string} [TOKEN_URL] in place of Baidu's
 *
 * @typedef {{ get: (key: string) => Promise<string | null>, put: (key: string, value: string, options: { expirationTtl: number }) => Promise<void> }} KvNamespace
 */

/** @param {ServiceEnv} env @param {number} maxBodyBytes @returns {undefined | ((request: Request) => Promise<Response>)} */
export function serviceOf(env, maxBodyBytes) {
  const service = options(env);
  const authorize = (/** @type {Request} */ request) => knows(env.ACCESS_TOKEN, request);
  return service && createProxy({ ...service, baseUrl: env.SERVICE_URL, maxBodyBytes, authorize, onError: (error) => console.error(error) });
}

/** @param {ServiceEnv} env @returns {import("rerank-wasm/proxy").DmxapiOptions | import("rerank-wasm/proxy").QianfanOptions | undefined} */
function options(env) {
  if (env.DMXAPI_KEY) return { provider: "dmxapi", apiKey: env.DMXAPI_KEY };
  if (env.QIANFAN_BEARER_KEY) return { provider: "qianfan", auth: { type: "bearer", apiKey: env.QIANFAN_BEARER_KEY } };
  if (!env.QIANFAN_API_KEY || !env.QIANFAN_SECRET_KEY) return undefined;
  const tokenStore = env.TOKENS && inKv(env.TOKENS);
  return { provider: "qianfan", auth: { type: "oauth", apiKey: env.QIANFAN_API_KEY, secretKey: env.QIANFAN_SECRET_KEY, tokenUrl: env.TOKEN_URL, tokenStore } };
}

/** @param {KvNamespace} kv @returns {import("rerank-wasm/proxy").TokenStore} one token for all isolates */
const inKv = (kv) => ({
  get: (key) => kv.get(key),
  set: (key, value, ttlSeconds) => kv.put(key, value, { expirationTtl: ttlSeconds }),
});

/** Digests are compared, so that the time it takes tells nothing. @param {string | undefined} token @param {Request} request */
async function knows(token, request) {
  if (!token) return false;
  const given = (request.headers.get("authorization") ?? "").replace(/^Bearer /i, "");
  const [a, b] = await Promise.all([token, given].map(digest));
  return a === b;
}

/** @param {string} text */
async function digest(text) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return String(new Uint8Array(bytes));
}
