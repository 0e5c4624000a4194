// @ts-check
// Runs one case inside workerd: /local?name=… or /remote?name=…, `base` being where its fixtures or the contract server are.
// The default model is part of this Worker, as Data modules.

import * as api from "rerank-wasm";
import { createProxy } from "rerank-wasm/proxy";

import { makeContext } from "../context.mjs";
import { cases } from "../local-cases.mjs";
import { remoteAuth } from "../remote-auth.mjs";
import { remoteCases } from "../remote-cases.mjs";
import { remoteProxy } from "../remote-proxy.mjs";

/** @type {import("../context.mjs").Context | undefined} */
let context;

export default {
  /** @param {Request} request */
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const [name, base] = ["name", "base"].map((key) => searchParams.get(key) ?? "");
    const byName = (/** @type {{ name: string }} */ it) => it.name === name;
    try {
      if (pathname === "/remote") {
        const { RemoteReranker, isRerankError } = api;
        await [...remoteCases, ...remoteAuth, ...remoteProxy].find(byName)?.run({ RemoteReranker, createProxy, isRerankError, baseUrl: base });
        return Response.json({});
      }
      context ??= makeContext(api, { runtime: "workerd", base });
      return Response.json({ note: await cases.find(byName)?.run(context) });
    } catch (/** @type {any} */ error) {
      return Response.json({ error: error?.stack ?? String(error) });
    }
  },
};
