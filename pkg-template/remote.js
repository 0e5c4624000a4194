// @ts-check
// The facade of the remote client: a service ranks, over the host's fetch.

import { compile, createGlue } from "#wasm-remote";

import { disposable } from "./dispose.js";
import { Engine } from "./engine.js";
import { RerankError, invalidRequest } from "./error.js";
import { readHeaders, readOptions } from "./remote-options.js";
import { attachDocuments, readRequest, typeName } from "./request.js";

export { RerankError, isRerankError } from "./error.js";
export { estimateTokens } from "./estimate.js";

export class RemoteReranker {
  /** @type {Engine} */
  #engine;
  /** @type {Record<string, any>} */
  #options;

  /** @param {any} options copied here, once */
  constructor(options) {
    this.#options = readOptions(options);
    this.#engine = new Engine(() => openRemote(this.#options));
  }

  /** @param {any} request */
  async rerank(request) {
    const { plain, call, documents } = readRequest(request);
    const { timeoutMs, maxRetries, deadlineMs, debugBodies, headers } = this.#options;
    const wire = {
      ...plain,
      timeoutMs: call.timeoutMs ?? timeoutMs,
      maxRetries: call.maxRetries ?? maxRetries,
      debugBodies,
      deadline: deadlineMs === undefined ? undefined : Date.now() + deadlineMs,
      headers: [...headers, ...readHeaders(call.headers)],
    };
    const limit = deadlineMs === undefined ? {} : { timeoutMs: deadlineMs, timeoutName: "deadlineMs" };
    const { scored, ...rest } = await this.#engine.score(wire, { signal: call.signal, onProgress: call.onProgress, ...limit });
    return { results: attachDocuments(scored, documents, plain.returnDocuments, call), ...rest };
  }

  /** Ends calls under way with `disposed`, and every later one. */
  dispose() {
    this.#engine.dispose();
  }
}

disposable(RemoteReranker.prototype);

/** Modules hold no state, so all instances are made of one; compiled at the first call. @type {Promise<WebAssembly.Module> | undefined} */
let compiled;

/** @param {Record<string, any>} options @returns {Promise<import("./engine.js").Instance>} */
async function openRemote({ secrets, engine: engineOptions }) {
  compiled ??= compile();
  const module = await compiled.catch((error) => {
    compiled = undefined;
    throw error;
  });
  /** How to fail each promise of Rust's: after a trap it would never settle by itself. @type {Set<(error: unknown) => void>} */
  const waiting = new Set();
  const onTrap = (/** @type {unknown} */ error) => {
    for (const reject of waiting) reject(error);
  };
  const glue = start(module, onTrap);
  const engine = new glue.RemoteEngine(engineOptions);
  /** Calls whose secret is not here yet: Rust does not know them. @type {Set<number>} */
  const early = new Set();
  let freed = false;
  const abort = (/** @type {number} */ call) => {
    if (early.delete(call) || freed) return;
    try {
      engine.abort(call);
    } catch (error) {
      onTrap(error);
    }
  };
  return {
    async score(call, request, onProgress) {
      early.add(call);
      // [] ranks to [] without a call, and so without a key.
      const known = request.documents.length === 0 ? {} : await readSecrets(secrets);
      if (!early.delete(call)) throw new RerankError("aborted", "the call was aborted");
      return new Promise((resolve, reject) => {
        waiting.add(reject);
        const done = () => waiting.delete(reject);
        const progress = (/** @type {any} */ p) => {
          try {
            onProgress?.(p);
          } catch (error) {
            // The caller's: it ends the call, once Rust, which is on the stack here, is done.
            reject(error);
            queueMicrotask(() => abort(call));
          }
        };
        engine.score(call, { ...request, ...known }, progress).then(resolve, reject).finally(done);
      });
    },
    abort,
    free() {
      freed = true;
      engine.free();
    },
  };
}

/** @param {WebAssembly.Module} module @param {(error: unknown) => void} onTrap */
function start(module, onTrap) {
  const glue = createGlue(onTrap);
  try {
    glue.initSync({ module });
  } catch (cause) {
    throw new RerankError("wasm_unavailable", "remote.wasm and its glue do not fit together; install the package anew", { cause });
  }
  return glue;
}

/** @param {import("./remote-options.js").OptionSecret[]} secrets @returns {Promise<Record<string, string | undefined>>} by field */
async function readSecrets(secrets) {
  const entries = secrets.map(async ({ field, value, name }) => [field, await readSecret(value, name)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** @param {string | (() => string | Promise<string>) | undefined} secret @param {string} name */
async function readSecret(secret, name) {
  if (typeof secret !== "function") return secret;
  let value;
  try {
    value = await secret();
  } catch (cause) {
    // The caller's own error, given back to the caller.
    throw new RerankError("invalid_request", `${name}: the function that gives it failed; see cause`, { cause });
  }
  if (typeof value !== "string") throw invalidRequest(`${name}: expected a string from the function, found ${typeName(value)}`);
  return value;
}
