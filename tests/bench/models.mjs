// @ts-check
// The models that are measured, each in a folder as the hub lays it out: config.json, tokenizer.json, onnx/model_quantized.onnx.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { calm } from "../models/calm.mjs";
import { fillSkeleton } from "../models/fill.mjs";
import { convert } from "./gguf/convert.mjs";
import { KEPT, ROOT } from "./paths.mjs";

/** Where folders of models are made, to be kept. */
export const MODELS = join(KEPT, "models");
/** What the engines read of a pair unless a workload says otherwise; transformers.js takes it from here. */
const MOST_TOKENS = 512;
/** Of the random weights. */
const SEED = 0;

/**
 * @typedef {object} Kind
 * @property {string} title
 * @property {{ layers: number, hidden: number, inner: number }} shape
 * @property {string} [skeleton] to be filled with random weights; without it, the default model's own file
 * @property {readonly string[]} tokenizers below the checkout, the first that is there
 * @property {string} tokenizerClass decides whether transformers.js makes token types
 * @property {number} [heads] given where a GGUF file is made too
 * @property {object} config what else transformers.js wants to know
 */

const WORDPIECE = ["../shared/data/wordpiece/tokenizer.json", "tests/models/wordpiece/tokenizer.json"];
const XLMR = ["../shared/data/xlmr/tokenizer.json.gz", "model/tokenizer.json"];

/** @type {Record<string, Kind>} */
export const KINDS = {
  default: {
    title: "default model",
    shape: { layers: 12, hidden: 384, inner: 1536 },
    tokenizers: ["model/tokenizer.json"],
    // Its tokens are XLM-R's, but without types its two sides are one.
    tokenizerClass: "BertTokenizer",
    config: { model_type: "bert", num_labels: 1 },
  },
  minilm: {
    title: "MiniLM-L6",
    shape: { layers: 6, hidden: 384, inner: 1536 },
    skeleton: "minilm-l6_int8",
    tokenizers: WORDPIECE,
    tokenizerClass: "BertTokenizer",
    config: { model_type: "bert", num_labels: 1 },
  },
  bce: {
    title: "bce-reranker-base",
    shape: { layers: 12, hidden: 768, inner: 3072 },
    skeleton: "bce-reranker-base_int8",
    heads: 12,
    tokenizers: XLMR,
    tokenizerClass: "XLMRobertaTokenizer",
    config: { model_type: "xlm-roberta", num_labels: 1 },
  },
  bge: {
    title: "bge-reranker-v2-m3",
    shape: { layers: 24, hidden: 1024, inner: 4096 },
    skeleton: "bge-reranker-v2-m3_int8",
    tokenizers: XLMR,
    tokenizerClass: "XLMRobertaTokenizer",
    config: { model_type: "xlm-roberta", num_labels: 1 },
  },
};

/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} title
 * @property {boolean} random whether its weights are random
 * @property {string} tokenizer where it comes from
 * @property {number} modelBytes
 * @property {number} tokenizerBytes
 * @property {{ layers: number, hidden: number, inner: number }} shape
 */

/** Multiplications and additions of a model's layers, two a pair of numbers, as if each pair ran alone. @param {string} id @param {readonly number[]} tokens of each pair */
export function operations(id, tokens) {
  const { layers, hidden, inner } = KINDS[id].shape;
  return tokens.reduce((sum, count) => sum + 2 * layers * count * (4 * hidden * hidden + 2 * hidden * inner + 2 * count * hidden), 0);
}

/** Makes the folder of `id` unless it is there. @param {string} id @returns {Model} */
export function prepareModel(id) {
  const kind = KINDS[id];
  if (!kind) throw new Error(`model: expected one of ${Object.keys(KINDS).join(", ")}, found ${id}`);
  const folder = join(MODELS, id);
  mkdirSync(join(folder, "onnx"), { recursive: true });
  const file = join(folder, "onnx", "model_quantized.onnx");
  if (!kind.skeleton) cpSync(join(ROOT, "model", "model_int8.onnx"), file);
  else fill(folder, file, `${kind.skeleton}.skeleton.onnx`, kind.shape);
  const tokenizer = kind.tokenizers.find((path) => existsSync(join(ROOT, path)));
  if (!tokenizer) throw new Error(`${id}: expected one of ${kind.tokenizers.join(", ")}, found none`);
  const json = readFileSync(join(ROOT, tokenizer));
  writeWhole(join(folder, "tokenizer.json"), tokenizer.endsWith(".gz") ? gunzipSync(json) : json);
  if (kind.heads) writeGguf(folder, { ...kind.shape, heads: kind.heads });
  writeWhole(join(folder, "config.json"), JSON.stringify(kind.config));
  writeWhole(join(folder, "tokenizer_config.json"), JSON.stringify({ tokenizer_class: kind.tokenizerClass, model_max_length: MOST_TOKENS, ...special(folder) }));
  return {
    id,
    title: kind.title,
    random: kind.skeleton !== undefined,
    tokenizer,
    modelBytes: statSync(file).size,
    tokenizerBytes: statSync(join(folder, "tokenizer.json")).size,
    shape: kind.shape,
  };
}

/** Random weights, and nothing older that was made of others. @param {string} folder @param {string} file @param {string} skeleton @param {Kind["shape"]} shape */
function fill(folder, file, skeleton, shape) {
  const made = [skeleton, "fill.mjs", "calm.mjs"].map((name) => readFileSync(join(ROOT, "tests", "models", name)));
  const stamp = join(folder, "made-of");
  const digest = made.reduce((hash, content) => hash.update(content), createHash("sha256")).digest("hex");
  if (existsSync(file) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  for (const other of readdirSync(folder).filter((name) => /\.(gguf|tflite)$/.test(name))) rmSync(join(folder, other));
  writeWhole(file, calm(fillSkeleton(made[0], SEED), shape));
  writeWhole(stamp, digest);
}

/** For wllama, unless it is there. @param {string} folder @param {Kind["shape"] & { heads: number }} shape */
function writeGguf(folder, shape) {
  const path = join(folder, "model.gguf");
  if (existsSync(path)) return;
  convert(`${path}.${process.pid}`, readFileSync(join(folder, "onnx", "model_quantized.onnx")), tokenizerOf(folder), shape);
  renameSync(`${path}.${process.pid}`, path);
}

/** The padding token, which transformers.js reads here and nowhere else. @param {string} folder */
function special(folder) {
  const { added_tokens: tokens } = tokenizerOf(folder);
  const pad = tokens.find((/** @type {{ content: string }} */ { content }) => /^(<pad>|\[PAD\])$/.test(content));
  return { pad_token: pad.content };
}

/** @param {string} folder @returns {any} */
const tokenizerOf = (folder) => JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));

/** Never half a file, also when this process ends in the middle. @param {string} path @param {string | Uint8Array} content */
function writeWhole(path, content) {
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}
