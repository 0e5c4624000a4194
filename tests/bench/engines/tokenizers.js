// @ts-check
// Tokenizers alone: ours, and the one of transformers.js.

import { wasmBytes } from "../page/memories.js";
import { openMicro } from "./layers.js";

/** Held, so that what it holds can be seen from outside. @type {((text: string) => number) | undefined} */
let kept;

/**
 * Reads the tokenizer of a model from bytes in memory, then `texts`, again and again.
 * @param {{ kind: "ours" | "tjs", model: string, texts: string[], repeats: number }} what
 */
export async function measureTokenizer({ kind, model, texts, repeats }) {
  const json = new Uint8Array(await (await fetch(`/models/${model}/tokenizer.json`)).arrayBuffer());
  const config = await (await fetch(`/models/${model}/tokenizer_config.json`)).json();
  const open = await opener(kind);
  const before = wasmBytes();
  const start = performance.now();
  const count = open(json, config);
  const readyMs = performance.now() - start;
  const tokens = texts.reduce((sum, text) => sum + count(text), 0);
  const began = performance.now();
  for (let round = 0; round < repeats; round++) for (const text of texts) count(text);
  const ms = performance.now() - began;
  kept = count;
  return { readyMs, tokens, tokensPerSecond: (tokens * repeats * 1_000) / ms, ...(kind === "ours" ? held() : {}) };

  /** A memory never shrinks: it has grown by what reading took at its worst, the JSON among it. A second one beside the first makes it grow by what the first holds. */
  function held() {
    const peakBytes = wasmBytes() - before;
    open(json, config);
    return { peakBytes, residentBytes: wasmBytes() - before - peakBytes, jsonBytes: json.length };
  }
}

/** @param {"ours" | "tjs"} kind @returns {Promise<(json: Uint8Array, config: object) => (text: string) => number>} */
async function opener(kind) {
  if (kind === "ours") {
    const { Reader } = await openMicro("simd128");
    return (json) => {
      const reader = new Reader(json);
      return (text) => reader.count(text);
    };
  }
  const { Tokenizer } = await import("@huggingface/tokenizers");
  return (json, config) => {
    const tokenizer = new Tokenizer(JSON.parse(new TextDecoder().decode(json)), config);
    return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.length;
  };
}
