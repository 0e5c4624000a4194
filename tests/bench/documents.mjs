// @ts-check
// A workload → a query, distinct documents of exactly the tokens it asks for, and the ids of each pair.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { MODELS } from "./models.mjs";
import { PEERS } from "./paths.mjs";
import { random } from "./random.mjs";

/**
 * @typedef {object} Request
 * @property {string} query
 * @property {string[]} documents
 * @property {{ ids: number[], types: number[] }[]} rows the pairs, for engines that take ids
 */

/** Tokens of a query; where the shortest pair has no room for as many, half of its room. */
const QUERY_TOKENS = 8;
/** Tokens of the pairs whose scores are compared. */
const COMPARED = [24, 24, 48, 48, 80, 80, 128, 128];
/** Words to draw from; more make no difference. */
const MOST_WORDS = 4_000;

/** Tokenizers of the peers: what transformers.js itself uses. @type {Map<string, Promise<Writer>>} */
const writers = new Map();

/** @param {string} model @param {readonly number[]} tokens of each pair @param {number} [seed] @returns {Promise<Request>} */
export async function makeRequest(model, tokens, seed = 1) {
  if (!writers.has(model)) writers.set(model, openWriter(model));
  return /** @type {Promise<Writer>} */ (writers.get(model)).then((writer) => writer.request(tokens, seed));
}

/** Pairs to compare engines by, each in a request of its own. @param {string} model @returns {Promise<Request[]>} */
export async function pairsOf(model) {
  const { query, documents, rows } = await makeRequest(model, COMPARED, 2);
  return rows.map((row, index) => ({ query, documents: [documents[index]], rows: [row] }));
}

/** @param {string} model @param {string} query @param {string[]} documents of any length @returns {Promise<Request>} pairs cut to 512 tokens as transformers.js cuts them */
export async function requestOf(model, query, documents) {
  if (!writers.has(model)) writers.set(model, openWriter(model));
  const writer = await /** @type {Promise<Writer>} */ (writers.get(model));
  const cut = (/** @type {{ ids: number[], types: number[] }} */ { ids, types }) => ({ ids: ids.slice(0, 512), types: types.slice(0, 512) });
  return { query, documents, rows: documents.map((document) => cut(writer.pair(query, document))) };
}

/** Writes texts whose token counts are known, from words that are one token each. */
class Writer {
  /** @param {any} tokenizer @param {string[]} words */
  constructor(tokenizer, words) {
    this.tokenizer = tokenizer;
    this.words = words;
    this.separators = this.pair(words[0], words[1]).ids.length - 2;
  }

  /** @param {string} query @param {string} document */
  pair(query, document) {
    // This tokenizer takes an empty second text for none: one of a word, without that word.
    if (document === "") {
      const { ids, types } = this.pair(query, this.words[0]);
      const [word] = this.tokenizer.encode(this.words[0], { add_special_tokens: false }).ids;
      const at = ids.lastIndexOf(word);
      return { ids: ids.toSpliced(at, 1), types: types.toSpliced(at, 1) };
    }
    const { ids, token_type_ids: types } = this.tokenizer.encode(query, { text_pair: document, return_token_type_ids: true });
    return { ids, types };
  }

  /** @param {readonly number[]} tokens @param {number} seed @returns {Request} */
  request(tokens, seed) {
    const draw = random(seed);
    const text = (/** @type {number} */ count) => Array.from({ length: count }, () => this.words[Math.floor(draw() * this.words.length)]).join(" ");
    const queryTokens = Math.min(QUERY_TOKENS, Math.floor((Math.min(...tokens) - this.separators) / 2));
    if (queryTokens < 1) throw new Error(`expected pairs of at least ${this.separators + 2} tokens, found ${Math.min(...tokens)}`);
    const query = text(queryTokens);
    const documents = tokens.map((count) => text(count - queryTokens - this.separators));
    const rows = documents.map((document) => this.pair(query, document));
    const wrong = rows.findIndex(({ ids }, index) => ids.length !== tokens[index]);
    if (wrong >= 0) throw new Error(`document ${wrong}: expected a pair of ${tokens[wrong]} tokens, found ${rows[wrong].ids.length}`);
    if (new Set(documents).size !== documents.length) throw new Error("documents: expected distinct ones, found two alike");
    return { query, documents, rows };
  }
}

/** @param {string} model */
async function openWriter(model) {
  const { Tokenizer } = await import(pathToFileURL(join(PEERS, "@huggingface", "tokenizers", "dist", "tokenizers.mjs")).href);
  const read = (/** @type {string} */ file) => JSON.parse(readFileSync(join(MODELS, model, file), "utf8"));
  const json = read("tokenizer.json");
  const tokenizer = new Tokenizer(json, read("tokenizer_config.json"));
  const { type, vocab } = json.model;
  const pieces = type === "Unigram" ? vocab.map((/** @type {[string, number]} */ [piece]) => piece) : Object.keys(vocab);
  const whole = type === "Unigram" ? /^▁([a-z]{3,10})$/ : /^([a-z]{2,10})$/;
  const alone = (/** @type {string} */ word) => tokenizer.encode(word, { add_special_tokens: false }).ids.length === 1;
  const words = pieces.map((/** @type {string} */ piece) => whole.exec(piece)?.[1]).filter((/** @type {string | undefined} */ word) => word && alone(word));
  if (words.length < 100) throw new Error(`${model}: expected at least 100 words of one token, found ${words.length}`);
  return new Writer(tokenizer, words.slice(0, MOST_WORDS));
}
