// @ts-check
// Models and goldens under one address, the same for every runtime. The filled MiniLM files are made once.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { serve } from "../../www/serve.mjs";
import { fillSkeleton, resizeTable } from "../models/fill.mjs";
import { ROOT, installed } from "./installed.mjs";

const MODELS = join(ROOT, "tests", "models");
const GOLDEN = join(ROOT, "tests", "golden");
const SHARED = join(ROOT, "..", "shared", "models", "default");

/** Every model with the WordPiece tokenizer beside it. */
const KEPT = join(ROOT, ".cache", "models");

/** Three parts of the cache in all. */
const PADDING_BYTES = 10_000_000;
/** Of a table that is left in the cache: tests/models/tiny_int8.onnx has 32 numbers a row. */
const MANY_ROWS = 1_600_000;

/** @returns {string} a folder with the tiny and the filled models and their tokenizer.json */
export function makeModels() {
  mkdirSync(KEPT, { recursive: true });
  for (const name of ["tiny_fp32", "tiny_int8"]) cpSync(join(MODELS, `${name}.onnx`), join(KEPT, `${name}.onnx`));
  cpSync(join(MODELS, "wordpiece", "tokenizer.json"), join(KEPT, "tokenizer.json"));
  writeFileSync(join(KEPT, "padded_int8.onnx"), padded(readFileSync(join(MODELS, "tiny_int8.onnx"))));
  makeTabled(join(KEPT, "tabled_int8.onnx"));
  const { seed, models } = JSON.parse(readFileSync(join(GOLDEN, "minilm.json"), "utf8"));
  for (const kind of /** @type {const} */ (["fp32", "int8"])) {
    const path = join(KEPT, `minilm-l6_${kind}.onnx`);
    if (existsSync(path) && sha256(readFileSync(path)) === models[kind].sha256) continue;
    const filled = fillSkeleton(readFileSync(join(MODELS, `minilm-l6_${kind}.skeleton.onnx`)), seed);
    if (sha256(filled) !== models[kind].sha256) throw new Error(`minilm-l6_${kind}.onnx: fill.mjs gives other bytes than those of tests/golden/minilm.json`);
    writeWhole(path, filled);
  }
  return KEPT;
}

/** The small model with a large word table, unless it was made of what is there now. @param {string} path */
function makeTabled(path) {
  const from = join(MODELS, "tiny_int8.onnx");
  const madeOf = sha256(Buffer.concat([from, join(MODELS, "fill.mjs")].map((file) => readFileSync(file)))) + MANY_ROWS;
  const stamp = `${path}.made-of`;
  if (existsSync(path) && existsSync(stamp) && readFileSync(stamp, "utf8") === madeOf) return;
  writeWhole(path, resizeTable(readFileSync(from), "word_embeddings", MANY_ROWS));
  writeWhole(stamp, madeOf);
}

/** Two runtimes may be at it at once. @param {string} path @param {Uint8Array | string} bytes */
function writeWhole(path, bytes) {
  writeFileSync(`${path}.${process.pid}`, bytes);
  renameSync(`${path}.${process.pid}`, path);
}

/**
 * Serves all a case asks for, the installed package and `mounts`, on one origin.
 * @param {{ mounts?: Record<string, string>, headers?: (path: string) => Record<string, string> }} [options]
 */
export function serveFixtures({ mounts = {}, headers = () => ({}) } = {}) {
  return serve({
    mounts: {
      "/models/": makeModels(),
      "/golden/": GOLDEN,
      "/shared/": SHARED,
      "/pkg/": installed.pkg,
      "/pkg-model/": installed.model,
      // wasm that cannot start: of a wrong type, and a text that says it is wasm.
      "/wrong-type/": installed.pkg,
      "/garbage/": join(ROOT, "tests", "package", "garbage"),
      ...mounts,
    },
    headers: (path) => ({
      "access-control-allow-origin": "*",
      ...(path.startsWith("/wrong-type/") ? { "content-type": "text/html" } : {}),
      ...headers(path),
    }),
  });
}

/** The model with a long ModelProto.doc_string (field 6): large to fetch, as fast as ever to build. @param {Buffer} model */
function padded(model) {
  const text = Buffer.alloc(PADDING_BYTES, "The weather was sunny. ");
  const length = [0, 7, 14, 21].map((shift, at) => ((PADDING_BYTES >> shift) & 127) | (at < 3 ? 128 : 0));
  return Buffer.concat([model, Buffer.from([0x32, ...length]), text]);
}

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
