// @ts-check
// tokenizer_config.json → how many tokens of a pair the model was trained with.

import { RerankError } from "./error.js";
import { typeName } from "./request.js";
import { reader } from "./sources.js";

/** transformers writes 10³⁰ where it does not know. */
const MOST_KNOWN = 2 ** 31 - 1;

/** The least that `maxTokens` may be. */
const LEAST = 32;

/**
 * @param {any} source the option tokenizerConfig @param {import("./sources.js").Caching} caching
 * @returns {(signal: AbortSignal) => Promise<number | undefined>} reads it once, and again after a failure
 */
export function readTrainedTokens(source, caching) {
  if (source === undefined) return async () => undefined;
  const open = reader("tokenizerConfig", source, caching);
  /** @type {Promise<number | undefined> | undefined} */
  let known;
  return (signal) => {
    known ??= open(signal).then(({ chunks }) => read(chunks));
    known.catch(() => (known = undefined));
    return known;
  };
}

/** @param {AsyncIterable<Uint8Array>} chunks */
async function read(chunks) {
  const decoder = new TextDecoder();
  let json = "";
  for await (const chunk of chunks) json += decoder.decode(chunk, { stream: true });
  const config = parsed(json + decoder.decode());
  const most = config.model_max_length;
  return Number.isInteger(most) && most <= MOST_KNOWN ? Math.max(most, LEAST) : undefined;
}

/** @param {string} json @returns {any} */
function parsed(json) {
  let config;
  try {
    config = JSON.parse(json);
  } catch (cause) {
    throw new RerankError("bad_tokenizer", "tokenizerConfig: expected a tokenizer_config.json, found no JSON", { cause });
  }
  if (typeof config !== "object" || config === null) throw new RerankError("bad_tokenizer", `tokenizerConfig: expected an object, found ${typeName(config)}`);
  return config;
}
