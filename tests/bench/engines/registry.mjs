// @ts-check
// Everything that ranks in a page: one adapter a peer, and the ways each is used. `openEngine` of an adapter gives
// `{ score(request) → logits in the order of the documents, dispose() }`.

/**
 * @typedef {object} EngineKind
 * @property {string} title
 * @property {string} package whose version is printed
 * @property {string} [adapter] below engines/
 * @property {object} [options] for the adapter
 * @property {boolean} [isolated] its page has COOP and COEP, which threads of shared memory need
 * @property {boolean} [inNode] runs in this process, not in a page
 * @property {string} [cannot] why it runs none of the models, or none but `only`
 * @property {readonly string[]} [only] models
 * @property {boolean} [text] takes text: its times hold tokenization
 */

/** In the order of their turns: what is compared most stands side by side. @type {Record<string, EngineKind>} */
export const ENGINES = {
  ours: { title: "rerank-wasm, relaxed SIMD", package: "rerank-wasm", adapter: "rerank-wasm.js", options: { wasm: "relaxed", workers: 0, streams: true }, text: true },
  ort: { title: "onnxruntime-web, 1 thread", package: "onnxruntime-web", adapter: "onnxruntime-web.js", options: { threads: 1 } },
  "ours-simd128": { title: "rerank-wasm, plain SIMD", package: "rerank-wasm", adapter: "rerank-wasm.js", options: { wasm: "simd128", workers: 0, streams: true }, text: true },
  "ours-workers": { title: "rerank-wasm, workers: auto", package: "rerank-wasm", adapter: "rerank-wasm.js", options: { workers: "auto", streams: true }, text: true },
  "ort-threads": { title: "onnxruntime-web, threads", package: "onnxruntime-web", adapter: "onnxruntime-web.js", options: { threads: "cores" }, isolated: true },
  "ort-node": { title: "onnxruntime-node, native, 1 thread", package: "onnxruntime-node", inNode: true },
  tjs: { title: "transformers.js, one padded batch", package: "@huggingface/transformers", adapter: "transformers.js", text: true },
  litert: {
    title: "LiteRT.js, 1 thread",
    package: "@litertjs/core",
    adapter: "litert.js",
    only: ["minilm"],
    cannot: "it runs .tflite files; tests/bench/litert/convert.py makes them of MiniLM's shape",
  },
  wllama: {
    title: "wllama, 1 thread",
    package: "@wllama/wllama",
    adapter: "wllama.js",
    only: ["bce"],
    cannot: "llama.cpp knows one type of token, where this model has two; the bench makes a GGUF file of bce's shape",
    text: true,
  },
};

/** Those of the README's table, in its order. */
export const SHOWN = ["ours", "ours-simd128", "ours-workers", "ort", "ort-threads", "tjs"];

/** The engine the others are compared with. */
export const OURS = "ours";
