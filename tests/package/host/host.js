// @ts-check
// Runs a case in this page, by its name.

import * as api from "rerank-wasm";

import { makeContext } from "/tests/context.mjs";
import { cases } from "/tests/local-cases.mjs";

/** By the binary under test. @type {Map<string | undefined, import("../context.mjs").Context>} */
const contexts = new Map();

Object.assign(globalThis, {
  api,
  /** @param {string} name @param {{ wasm?: string, faulty?: string, runtime?: "chromium" | "firefox" }} [options] */
  async runCase(name, { wasm, faulty, runtime = "chromium" } = {}) {
    if (!contexts.has(wasm)) contexts.set(wasm, makeContext(api, { runtime, base: location.origin, faulty, wasm }));
    const found = cases.find((it) => it.name === name);
    return found?.run(/** @type {any} */ (contexts.get(wasm)));
  },
});
