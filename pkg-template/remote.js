// @ts-check
// The facade of the remote client: a service ranks, over the host's fetch.

import { compile, createGlue } from "#wasm-remote";

import { disposable } from "./dispose.js";
import { Engine } from "./engine.js";
import { RerankError, invalidRequest } from "./error.js";
import { openRemote } from "./remote-instance.js";
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
    this.#engine = new Engine(() => open(this.#options));
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
async function open({ secrets, engine }) {
  compiled ??= compile();
  const module = await compiled.catch((error) => {
    compiled = undefined;
    throw error;
  });
  const instance = openRemote(start(module), engine);
  /** Calls whose secret is not here yet: Rust does not know them. @type {Set<number>} */
  const early = new Set();
  return {
    async score(call, request, onProgress) {
      early.add(call);
      // [] ranks to [] without a call, and so without a key.
      const known = request.documents.length === 0 ? {} : await readSecrets(secrets);
      if (!early.delete(call)) throw new RerankError("aborted", "the call was aborted");
      return instance.score(call, { ...request, ...known }, onProgress);
    },
    abort(call) {
      if (!early.delete(call)) instance.abort(call);
    },
    // Nobody holds it any more.
    free() {},
  };
}

/** @param {WebAssembly.Module} module */
function start(module) {
  const glue = createGlue();
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
