// @ts-check
// Memory, on a page of its own that is isolated, which is what the browser wants before it counts.

import { openAlone, wanted } from "../browsers/tab.mjs";
import { firstLine, reasonOf } from "../compare.mjs";
import { makeRequest } from "../documents.mjs";
import { prepareModel } from "../models.mjs";

const ENGINES = { quick: ["ours", "ort"], full: ["ours", "ours-simd128", "ours-workers", "ort", "tjs"] };
/** Large models in a worker that reads the rows of their word table from the cache: what the package says it takes. */
const TABLE_IN_CACHE = { id: "ours-cached", models: ["bce", "bge"], adapter: "rerank-wasm.js", options: { workers: 1, cache: "auto", streams: true } };
/** What is ranked before the second look: 8 documents of 256 tokens, as in a Worker isolate. */
const RANKED = Array.from({ length: 8 }, () => 256);

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureMemory({ options, url, browser, run, log }) {
  for (const id of options.models) {
    if (options.quick && id !== "default") continue;
    const missing = reasonOf(() => prepareModel(id));
    if (missing) yield { ...run.part(), kind: "memory", engine: "ours", model: id, browser: browser.name, status: "not run", reason: missing };
    if (missing) continue;
    const { modelBytes } = prepareModel(id);
    const request = await makeRequest(id, RANKED);
    for (const engine of (options.quick ? ENGINES.quick : ENGINES.full).filter((it) => options.engines.includes(it))) {
      log(`${id}: memory of ${engine}`);
      const cell = { ...run.part(), kind: "memory", model: id, engine, browser: browser.name };
      const tab = await openAlone(browser, `${url}/isolated/`);
      try {
        const { wasmBytes } = await tab.call("start", { ...wanted(engine, id), request: { ...request, documents: request.documents.slice(0, 1), rows: request.rows.slice(0, 1) } });
        if (engine === "ours-workers" && tab.workers() === 0) throw new Error("this version of the package starts no workers");
        await tab.call("score", { request, repeats: 1 });
        const after = await tab.call("memory");
        // Memories in workers are out of sight: each is as large as one on the page.
        const workers = tab.workers();
        const wasm = workers > 0 && wasmBytes === 0 ? { workers } : { loadedWasmBytes: wasmBytes, rankedWasmBytes: after.wasmBytes };
        yield { ...cell, status: "measured", values: { modelBytes, ...wasm, otherBytes: after.otherBytes } };
      } catch (error) {
        yield { ...cell, status: "not run", reason: firstLine(error) };
      } finally {
        await tab.close();
      }
    }
    if (TABLE_IN_CACHE.models.includes(id) && options.engines.includes("ours")) yield* tableInCache(id, modelBytes, request);
  }
  /** @param {string} model @param {number} modelBytes @param {import("../documents.mjs").Request} request @returns {AsyncGenerator<import("../results.mjs").Cell>} */
  async function* tableInCache(model, modelBytes, request) {
    const { id: engine, adapter, options: how } = TABLE_IN_CACHE;
    log(`${model}: memory of ${engine}`);
    const cell = { ...run.part(), kind: "memory", model, engine, browser: browser.name };
    const tab = await openAlone(browser, `${url}/`);
    try {
      const { facts } = await tab.call("start", { adapter, options: how, model, request });
      const note = /** @type {string[]} */ (facts.notes).find((it) => it.startsWith("memory: "));
      const megabytes = /([\d.]+) MB of wasm memory$/.exec(note ?? "")?.[1];
      if (megabytes === undefined) throw new Error(`expected a note of the memory of one worker, found ${note}`);
      yield { ...cell, status: "measured", values: { modelBytes, loadedWasmBytes: Number(megabytes) * 1e6 } };
    } catch (error) {
      yield { ...cell, status: "not run", reason: firstLine(error) };
    } finally {
      await tab.close();
    }
  }
}
