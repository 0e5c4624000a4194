// @ts-check
// The worker of Node, Deno and Bun.

import { parentPort } from "node:worker_threads";

import { openAgain } from "../cache/reread-node.js";
import { createGlue } from "../local.glue.js";
import { compile } from "../wasm/compile-node.js";

import { serve } from "./serve.js";

if (parentPort) {
  const port = parentPort;
  const answer = serve({ createGlue, compile, openAgain }, (message, transfer) => port.postMessage(message, transfer));
  port.on("message", answer);
}
