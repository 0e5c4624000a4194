// @ts-check
// @huggingface/transformers as its documentation shows rerankers, and as the npm package `rerankers` runs it: text pairs,
// all documents in one padded batch, sigmoid.

const { AutoModelForSequenceClassification, AutoTokenizer, env } = await import("@huggingface/transformers");

/** @param {import("../page/host.js").Files} files */
export async function openEngine(files) {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = "/models/";
  env.useBrowserCache = false;
  const wasmPaths = "/peers/@huggingface/transformers/node_modules/onnxruntime-web/dist/";
  Object.assign(env.backends.onnx.wasm ?? {}, { wasmPaths, numThreads: 1 });
  const [tokenizer, model] = await Promise.all([
    AutoTokenizer.from_pretrained(files.id),
    AutoModelForSequenceClassification.from_pretrained(files.id, { dtype: "q8", device: "wasm" }),
  ]);
  return {
    facts: { dtype: "q8", device: "wasm" },
    /** @param {import("../documents.mjs").Request} request */
    async score({ query, documents }) {
      const inputs = tokenizer(new Array(documents.length).fill(query), { text_pair: documents, padding: true, truncation: true });
      const { logits } = await model(inputs);
      // What a caller gets; the logits below are only for the comparison.
      logits.sigmoid();
      return Array.from(logits.data);
    },
    dispose: () => model.dispose(),
  };
}
