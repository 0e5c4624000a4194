// @ts-check
// What a model means: the logits of its int8 file with activations in float, by native onnxruntime. Engines that quantize
// activations each in its own way lie around them, and only one that runs another model lies far off.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { fields } from "../models/wire.mjs";
import { openSession } from "./engines/onnxruntime-node.mjs";
import { MODELS } from "./models.mjs";
import { FLOAT, concat, message, node, number, tensor, text } from "./onnx-fields.mjs";

/** Of ModelProto, GraphProto and NodeProto. */
const [GRAPH, NODE, INPUT, OUTPUT, OP_TYPE] = [7, 1, 1, 2, 4];
/** Raised when what is kept would mean something else. */
const VERSION = 1;

/** @param {string} model @param {readonly import("./documents.mjs").Request[]} pairs each alone @returns {Promise<number[]>} a logit each */
export async function fp32Logits(model, pairs) {
  const folder = join(MODELS, model);
  const file = join(folder, "onnx", "model_quantized.onnx");
  const { size, mtimeMs } = statSync(file);
  const key = createHash("sha256").update(JSON.stringify([VERSION, size, mtimeMs, pairs])).digest("hex");
  const kept = join(folder, "fp32.json");
  const found = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : undefined;
  if (found?.key === key) return found.logits;
  const session = await openSession(toFloat(readFileSync(file)));
  const logits = [];
  for (const pair of pairs) logits.push(...(await session.score(pair)));
  await session.close();
  writeFileSync(kept, JSON.stringify({ key, logits }));
  return logits;
}

/** Activations stay as they are, and weights are multiplied as floats. @param {Uint8Array} bytes an ONNX file of int8 products @returns {Uint8Array} */
export function toFloat(bytes) {
  const graphOf = (/** @type {import("../models/wire.mjs").Field} */ { body, end }) => [...fields(bytes, body, end)].flatMap((field) => (field.number === NODE ? floatNode(bytes, field) : [bytes.subarray(field.start, field.end)]));
  return concat([...fields(bytes, 0, bytes.length)].map((field) => (field.number === GRAPH ? message(GRAPH, graphOf(field)) : bytes.subarray(field.start, field.end))));
}

/** @param {Uint8Array} bytes @param {import("../models/wire.mjs").Field} field @returns {Uint8Array[]} fields of the graph */
function floatNode(bytes, field) {
  const all = [...fields(bytes, field.body, field.end)];
  const texts = (/** @type {number} */ place) => all.filter((it) => it.number === place).map(({ body, end }) => new TextDecoder().decode(bytes.subarray(body, end)));
  const [inputs, outputs, [type]] = [texts(INPUT), texts(OUTPUT), texts(OP_TYPE)];
  if (type === "DynamicQuantizeLinear") return [node("Identity", inputs, [outputs[0]]), tensor(outputs[1], FLOAT, [], new Uint8Array(Float32Array.of(1).buffer))];
  if (type !== "MatMulInteger") return [bytes.subarray(field.start, field.end)];
  const [x, weights, , zeroPoint] = inputs;
  const [y] = outputs;
  const toFloat = (/** @type {string} */ from, /** @type {string} */ to) => node("Cast", [from], [to], message(5, [text(1, "to"), number(3, FLOAT), number(20, 2)]));
  if (!zeroPoint) return [toFloat(weights, `${y}/weights`), node("MatMul", [x, `${y}/weights`], [y])];
  return [toFloat(weights, `${y}/stored`), toFloat(zeroPoint, `${y}/zero`), node("Sub", [`${y}/stored`, `${y}/zero`], [`${y}/weights`]), node("MatMul", [x, `${y}/weights`], [y])];
}
