// @ts-check
/**
 * Fills a weightless ONNX export with seeded random weights.
 *
 *     node fill.mjs in.onnx out.onnx [--seed 0]
 *
 * Why: the benchmarks and the engine-against-engine checks need the real graphs of MiniLM-L6, bce-reranker-base and bge-reranker-v2-m3, but not
 * 24 to 570 MB of weights in the repository. A `*.skeleton.onnx` is a real export whose large initializers lost their bytes: name, type and dims
 * stand. This puts bytes back that keep the activations sane, so that the logits are finite and vary with the input. They mean nothing else:
 * use a filled file for loading, memory, speed and for one engine against another, never for quality.
 *
 * The same seed gives the same bytes on every machine: a 32-bit integer generator, sums of uniform integers in place of a normal distribution
 * (no log, no cos), one IEEE multiplication, and Math.fround. Everything that already has data is copied as it is, in its order.
 *
 * float32: sum of four 16-bit uniforms, mean 0, std 0.05 (at most 3.5 std). int8, uint8: sum of eight 8-bit uniforms, std 32, clipped, middle 0
 * or 128. No dependencies; runs in Node and in a browser (only the command line touches node:fs).
 */

import { fields, varints } from "./wire.mjs";

// Fields of onnx.proto. ModelProto: 7 graph; GraphProto: 5 initializer; TensorProto as below.
const GRAPH = 7;
const INITIALIZER = 5;
const [DIMS, DATA_TYPE, NAME, RAW_DATA] = [1, 2, 8, 9];
/** float_data, int32_data, string_data, int64_data, raw_data, double_data, uint64_data, external_data: where a tensor may keep its values. */
const DATA_FIELDS = new Set([4, 5, 6, 7, RAW_DATA, 10, 11, 13]);
const [FLOAT, UINT8, INT8] = [1, 2, 3];

/**
 * @typedef {import("./wire.mjs").Field} Field
 * A stretch of the output: bytes copied from the input, a varint, or random weights.
 * @typedef {{ from: number, to: number } | { varint: number } | { weights: number, type: number }} Piece
 */

/** @param {number} value */
function varintLength(value) {
  let length = 1;
  for (; value >= 128; value = Math.floor(value / 128)) length++;
  return length;
}

/** @param {Piece} piece */
function pieceLength(piece) {
  if ("varint" in piece) return varintLength(piece.varint);
  if ("weights" in piece) return piece.weights * (piece.type === FLOAT ? 4 : 1);
  return piece.to - piece.from;
}

/** @param {Piece[]} pieces */
const totalLength = (pieces) => pieces.reduce((sum, piece) => sum + pieceLength(piece), 0);

/**
 * A tensor that has its data stays one piece; one that has none gets random raw_data at its end.
 * @param {Uint8Array} bytes @param {Field} tensor @returns {Piece[]}
 */
function tensorPieces(bytes, tensor) {
  let count = 1;
  let type = 0;
  let name = "";
  let hasData = false;
  /** @type {Piece[]} */
  const kept = [];
  for (const field of fields(bytes, tensor.body, tensor.end)) {
    if (field.number === DATA_TYPE) type = field.value;
    if (field.number === NAME) name = new TextDecoder().decode(bytes.subarray(field.body, field.end));
    if (field.number === DIMS) for (const dim of varints(bytes, field)) count *= dim;
    const empty = field.wire === 2 && field.body === field.end;
    if (DATA_FIELDS.has(field.number) && !empty) hasData = true;
    if (!(field.number === RAW_DATA && empty)) kept.push({ from: field.start, to: field.end });
  }
  if (hasData || count === 0) return [{ from: tensor.body, to: tensor.end }];
  if (type !== FLOAT && type !== UINT8 && type !== INT8) throw new Error(`fill: ${name} has no data and is of type ${type}`);
  const weights = { weights: count, type };
  return [...kept, { varint: RAW_DATA * 8 + 2 }, { varint: pieceLength(weights) }, weights];
}

/**
 * The message with its inner messages numbered `inner` replaced, each with its new length before it.
 * @param {Uint8Array} bytes @param {number} start @param {number} end @param {number} inner
 * @param {(field: Field) => Piece[]} replace @returns {Piece[]}
 */
function messagePieces(bytes, start, end, inner, replace) {
  /** @type {Piece[]} */
  const pieces = [];
  for (const field of fields(bytes, start, end)) {
    if (field.number !== inner) {
      pieces.push({ from: field.start, to: field.end });
      continue;
    }
    const content = replace(field);
    pieces.push({ varint: inner * 8 + 2 }, { varint: totalLength(content) }, ...content);
  }
  return pieces;
}

/**
 * Marsaglia's xorshift32, two draws a weight.
 * @param {Uint8Array} out @param {number} type @param {number} state @returns {number} the generator's next state
 */
function writeWeights(out, type, state) {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const middle = type === UINT8 ? 128 : 0;
  // Sum of eight bytes (0..2040, mean 1020, variance 8 (256² - 1) / 12) to its weight.
  const ints = Uint8Array.from({ length: 2041 }, (_, sum) => {
    const rounded = Math.round((sum - 1020) * (32 / Math.sqrt((8 * 65535) / 12)));
    return Math.min(Math.max(rounded, -128), 127) + middle;
  });
  const scale = 0.05 / Math.sqrt((4 * 4294967295) / 12); // sum of four 16-bit numbers: mean 131070, variance 4 (65536² - 1) / 12
  const step = type === FLOAT ? 4 : 1;
  for (let at = 0; at < out.length; at += step) {
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    const a = state;
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    if (type === FLOAT) {
      const sum = (a & 0xffff) + (a >>> 16) + (state & 0xffff) + (state >>> 16);
      view.setFloat32(at, Math.fround((sum - 131070) * scale), true);
    } else {
      const pairs = (a & 0xff00ff) + ((a >>> 8) & 0xff00ff) + (state & 0xff00ff) + ((state >>> 8) & 0xff00ff);
      out[at] = ints[(pairs & 0xffff) + (pairs >>> 16)];
    }
  }
  return state;
}

/**
 * @param {Uint8Array} bytes an ONNX file, some of whose initializers have no data
 * @param {number} [seed]
 * @returns {Uint8Array} the same file with every such initializer filled
 */
export function fillSkeleton(bytes, seed = 0) {
  return written(bytes, seed, (tensor) => tensorPieces(bytes, tensor));
}

/**
 * @param {Uint8Array} bytes an ONNX file
 * @param {string} name of an int8 or uint8 table `[any, width]`, or a part of it
 * @param {number} rows
 * @returns {Uint8Array} the same file with so many random rows in that table
 */
export function resizeTable(bytes, name, rows) {
  return written(bytes, 0, (tensor) => {
    const all = [...fields(bytes, tensor.body, tensor.end)];
    const isTable = all.some((it) => it.number === NAME && new TextDecoder().decode(bytes.subarray(it.body, it.end)).includes(name));
    const dims = all.filter((it) => it.number === DIMS && it.wire === 0).map(({ value }) => value);
    if (!isTable || dims.length !== 2) return [{ from: tensor.body, to: tensor.end }];
    const kept = all.filter((it) => it.number !== DIMS && it.number !== RAW_DATA).map(({ start, end }) => ({ from: start, to: end }));
    const type = all.find((it) => it.number === DATA_TYPE)?.value ?? 0;
    const weights = rows * dims[1];
    const shape = [rows, dims[1]].flatMap((dim) => [{ varint: DIMS * 8 }, { varint: dim }]);
    return [...shape, ...kept, { varint: RAW_DATA * 8 + 2 }, { varint: weights }, { weights, type }];
  });
}

/** @param {Uint8Array} bytes @param {number} seed @param {(tensor: Field) => Piece[]} replace @returns {Uint8Array} */
function written(bytes, seed, replace) {
  const pieces = messagePieces(bytes, 0, bytes.length, GRAPH, (graph) => messagePieces(bytes, graph.body, graph.end, INITIALIZER, replace));
  const out = new Uint8Array(totalLength(pieces));
  let at = 0;
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) || 1; // zero is the one state that xorshift never leaves
  for (const piece of pieces) {
    const end = at + pieceLength(piece);
    if ("from" in piece) out.set(bytes.subarray(piece.from, piece.to), at);
    else if ("weights" in piece) state = writeWeights(out.subarray(at, end), piece.type, state);
    else {
      let rest = piece.varint;
      for (let i = at; i < end; i++, rest = Math.floor(rest / 128)) out[i] = (rest % 128) + (i + 1 < end ? 128 : 0);
    }
    at = end;
  }
  return out;
}

// The command line. Nothing below runs when the function is imported.
if (typeof process !== "undefined" && process.argv[1] && import.meta.url.startsWith("file:")) {
  const { pathToFileURL } = await import("node:url");
  const { realpathSync } = await import("node:fs");
  if (import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
    const { parseArgs } = await import("node:util");
    const { readFileSync, writeFileSync } = await import("node:fs");
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { seed: { type: "string", default: "0" } } });
    const seed = Number(values.seed);
    if (positionals.length !== 2 || !Number.isInteger(seed)) {
      console.error("usage: node fill.mjs in.onnx out.onnx [--seed 0]");
      process.exit(2);
    }
    writeFileSync(positionals[1], fillSkeleton(readFileSync(positionals[0]), seed));
  }
}
