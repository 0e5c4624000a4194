// @ts-check
// Tokenization alone: how long until the tokenizer is ready, what it holds, how fast it reads.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { openAlone } from "../browsers/tab.mjs";
import { firstLine } from "../compare.mjs";
import { buildMicro } from "../micro.mjs";
import { prepareModel } from "../models.mjs";
import { ROOT } from "../paths.mjs";

const MODELS = ["default", "minilm", "bce"];
const REPEATS = 20;

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureTokenizers({ options, url, browser, run, log }) {
  log("tokenizers: building");
  buildMicro(options.build);
  const texts = documentsOfPairs();
  for (const model of MODELS.filter((id) => options.models.includes(id))) {
    const { tokenizer } = prepareModel(model);
    const cell = { ...run.part(), kind: "tokenizer", model, browser: browser.name };
    /** @type {number | undefined} */
    let expected;
    for (const kind of ["ours", "tjs"]) {
      log(`tokenizers: ${model}, ${kind}`);
      const tab = await openAlone(browser, `${url}/isolated/`);
      try {
        const before = await tab.heapBytes?.();
        const values = await tab.call("measureTokenizer", { kind, model, texts, repeats: REPEATS });
        const after = await tab.heapBytes?.();
        // One of JavaScript has no wasm memory.
        if (values.residentBytes === undefined && before && after) values.residentBytes = after - before;
        // Another number of tokens would be other work.
        if (expected !== undefined && values.tokens !== expected) throw new Error(`expected ${expected} tokens as ours, found ${values.tokens}`);
        expected = values.tokens;
        yield { ...cell, engine: kind, status: "measured", values: { ...values, tokenizer } };
      } catch (error) {
        yield { ...cell, engine: kind, status: "not run", reason: firstLine(error) };
      } finally {
        await tab.close();
      }
    }
  }
}

/** Real text of several languages. */
function documentsOfPairs() {
  const lines = readFileSync(join(ROOT, "tests", "golden", "pairs.jsonl"), "utf8").trim().split("\n");
  return [...new Set(lines.map((line) => JSON.parse(line).document))];
}
