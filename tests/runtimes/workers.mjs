// @ts-check
// Ranking on workers, as each runtime has them: the same scores as on the calling thread, with copies and with parts.

import { LocalReranker } from "rerank-wasm/local";

const request = {
  query: "Why is the window open?",
  documents: ["Open the windows in the morning.", "The invoice must be paid.", "The weather was sunny. ".repeat(60), "A window was left open."],
};

/** @param {string} models folder of the small models @returns {Promise<string>} what differs */
export async function rankOnWorkers(models) {
  const rank = async (/** @type {object} */ options) => {
    const reranker = await LocalReranker.load({ model: `${models}/tiny_int8.onnx`, tokenizer: `${models}/wordpiece/tokenizer.json`, ...options });
    const { results } = await reranker.rerank({ ...request, returnDocuments: false });
    reranker.dispose();
    return { scores: JSON.stringify(results), notes: reranker.plan.notes.join("; ") };
  };
  const here = await rank({ workers: 0 });
  const copies = await rank({ workers: 2 });
  const parts = await rank({ workers: 2, maxMemoryBytes: 1 });
  if (!/in 2 workers/.test(copies.notes)) return `no workers: ${copies.notes}`;
  if (!/split over 2 workers/.test(parts.notes)) return `not split: ${parts.notes}`;
  return [copies, parts].every(({ scores }) => scores === here.scores) ? "the same scores" : `${here.scores}, ${copies.scores}, ${parts.scores}`;
}
