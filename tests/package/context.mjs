// @ts-check
// What a case needs of the runtime it is run in.

/**
 * @typedef {object} Context
 * @property {"node" | "chromium" | "firefox" | "workerd"} runtime
 * @property {string} faulty where faulty-server.mjs serves, if it does
 * @property {() => Promise<any[]>} listCached
 * @property {(url?: string | URL) => Promise<number>} deleteCached
 * @property {any} LocalReranker
 * @property {any} RerankError
 * @property {(error: unknown) => boolean} isRerankError
 * @property {() => { local: boolean, reason?: string }} isSupported
 * @property {any} withFallback
 * @property {boolean} full all of what is usually sampled
 * @property {(options?: object) => Promise<any>} load `LocalReranker.load` with the binary under test
 * @property {(name: "tiny_fp32" | "tiny_int8" | "minilm-l6_fp32" | "minilm-l6_int8", options?: object) => Promise<any>} loadFrom by URL
 * @property {(scores: "sigmoid" | "raw") => Promise<any>} loadDefault one for all cases; not to be disposed of
 * @property {(path: string) => string} url of `models/…`, `golden/…`, `shared/…`, `pkg/…`, `pkg-model/…`
 * @property {(path: string) => Promise<Uint8Array<ArrayBuffer>>} bytes
 * @property {(path: string) => Promise<string>} text
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {(context: Context) => Promise<string | void>} run resolves to what is worth printing
 * @property {readonly Context["runtime"][]} [not] where it cannot run, or says nothing
 * @property {boolean} [once] slow: one Node is enough
 * @property {boolean} [numbers] worth a second run with the other binary
 */

/**
 * @param {any} api what "rerank-wasm" exports
 * @param {{ runtime: Context["runtime"], base: string, faulty?: string, wasm?: string, full?: boolean, defaultModel?: () => object }} options
 *   `base`: where fixtures.mjs serves; `wasm`: the binary under test; `defaultModel`: how to load it where that takes options
 * @returns {Context}
 */
export function makeContext(api, { runtime, base, faulty = "", wasm, full = false, defaultModel = () => ({}) }) {
  // No cache but where a case asks for one: each is on its own.
  const load = (options = {}) => api.LocalReranker.load({ cache: "none", ...(wasm === undefined ? {} : { wasm }), ...options });
  const url = (/** @type {string} */ path) => `${base}/${path}`;
  const get = async (/** @type {string} */ path) => {
    const reply = await fetch(url(path));
    if (!reply.ok) throw new Error(`fixture ${path}: ${reply.status}`);
    return reply;
  };
  /** @type {Record<string, Promise<any>>} */
  const defaults = {};
  return {
    ...api,
    runtime,
    faulty,
    full,
    load,
    loadFrom: (name, options) => load({ model: url(`models/${name}.onnx`), ...options }),
    loadDefault: (scores) => (defaults[scores] ??= load({ ...defaultModel(), scores, longDocuments: scores === "raw" ? "truncate" : "windows" })),
    url,
    bytes: async (path) => new Uint8Array(await (await get(path)).arrayBuffer()),
    text: async (path) => (await get(path)).text(),
  };
}
