// @ts-check
// A Worker that is nothing but a proxy: Qianfan by OAuth, its tokens in KV.

import { createProxy } from "rerank-wasm/proxy";

/** @type {ReturnType<typeof createProxy> | undefined} */
let proxy;

export default {
  /**
   * @param {Request} request
   * @param {{ TOKENS: any, API_KEY: string, SECRET_KEY: string, SERVICE: string, TOKEN_URL: string }} env
   */
  fetch(request, env) {
    proxy ??= createProxy({
      provider: "qianfan",
      baseUrl: env.SERVICE,
      auth: {
        type: "oauth",
        apiKey: env.API_KEY,
        secretKey: env.SECRET_KEY,
        tokenUrl: env.TOKEN_URL,
        tokenStore: { get: (key) => env.TOKENS.get(key), set: (key, value, ttl) => env.TOKENS.put(key, value, { expirationTtl: ttl }) },
      },
      allowOrigins: ["https://shop.example"],
      authorize: (asked) => asked.headers.get("x-session") === "visitor",
    });
    return proxy(request);
  },
};
