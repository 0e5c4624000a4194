// @ts-check
// The Worker of www/edge/ as it is, and one address more that tells how much memory its wasm takes.

import { wasmBytes } from "./memory.mjs";

import worker from "../../../www/edge/worker.js";

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === "/test/wasm-bytes") return Response.json(wasmBytes());
    return worker.fetch(request, env, context);
  },
};
