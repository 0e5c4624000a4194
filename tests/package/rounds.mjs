// @ts-check
// Loads, ranks and disposes of a reranker fifty times and prints the memory of this process after each round, in bytes: what is
// resident, whatever holds it, wasm memories, workers, JavaScript or compiled code.
//
//   node --expose-gc tests/package/rounds.mjs MODEL WORKERS      MODEL: a path, or "default"

import { importInstalled } from "./installed.mjs";

const ROUNDS = 50;
/** For the system to take back what ended workers held. */
const SETTLE_MS = 50;
/** The first round ranks for so long: until then V8 compiles what is called often anew, and that code is kept for all rounds. */
const TIER_UP_MS = 3_000;

const { LocalReranker } = await importInstalled("rerank-wasm/local");
const [model, workers] = process.argv.slice(2);
const collect = /** @type {() => void} */ (globalThis.gc);
const request = { query: "Why is the window open?", documents: ["Open the windows.", "The invoice."] };

/** @type {number[]} */
const bytes = [];
for (let round = 0; round < ROUNDS; round++) {
  const reranker = await LocalReranker.load({ model, workers: Number(workers), cache: "none" });
  const until = performance.now() + (round === 0 ? TIER_UP_MS : 0);
  do await reranker.rerank(request);
  while (performance.now() < until);
  reranker.dispose();
  await new Promise((done) => setTimeout(done, SETTLE_MS));
  // What finalizers let go of in the first collection goes in the second.
  collect();
  await new Promise((done) => setTimeout(done, 0));
  collect();
  bytes.push(process.memoryUsage.rss());
}
console.log(JSON.stringify(bytes));
