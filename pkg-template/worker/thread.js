// @ts-check
// The worker of Node, Deno and Bun.

import { parentPort } from "node:worker_threads";

import { createGlue } from "../local.glue.js";

import { serve } from "./serve.js";

if (parentPort) {
  const port = parentPort;
  const answer = serve(createGlue, (message) => port.postMessage(message));
  port.on("message", answer);
}
