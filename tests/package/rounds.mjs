// @ts-check
// Loads, ranks and disposes of a reranker fifty times and prints the memory of this process after each round, in bytes.
//
//   node --expose-gc tests/package/rounds.mjs MODEL WORKERS

import { importInstalled } from "./installed.mjs";

const ROUNDS = 50;
/** For the system to take back what ended workers held. */
const SETTLE_MS = 50;

const { LocalReranker } = await importInstalled("rerank-wasm/local");
const [model, workers] = process.argv.slice(2);
const collect = /** @type {() => void} */ (globalThis.gc);

/** @type {number[]} */
const bytes = [];
for (let round = 0; round < ROUNDS; round++) {
  const reranker = await LocalReranker.load({ model, workers: Number(workers) });
  await reranker.rerank({ query: "Why is the window open?", documents: ["Open the windows.", "The invoice."] });
  reranker.dispose();
  await new Promise((done) => setTimeout(done, SETTLE_MS));
  // What finalizers let go of in the first collection goes in the second.
  collect();
  await new Promise((done) => setTimeout(done, 0));
  collect();
  bytes.push(process.memoryUsage.rss());
}
console.log(JSON.stringify(bytes));
