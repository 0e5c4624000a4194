// @ts-check
// An int8 export of an XLM-RoBERTa cross-encoder and its tokenizer → a GGUF file that llama.cpp reranks with.
//
// What llama.cpp's own converter makes of the checkpoint in PyTorch; here the eight-bit weights of the export stay as they are.

import { f32, float32, floats, bool, bytes, int32s, q8, string, strings, uint32, writeGguf } from "./container.mjs";
import { onnxTensors } from "./onnx-tensors.mjs";

/** TensorProto.DataType */
const INT8 = 3;
/** llama.cpp's kinds of tokens. */
const [NORMAL, UNKNOWN, CONTROL, UNUSED] = [1, 2, 3, 5];
/** llama.cpp's pooling: the first token, through the classifier. */
const RANK = 4;
/** XLM-RoBERTa's. */
const EPSILON = 1e-5;
/** Positions count from the padding token's id and one. */
const FIRST_POSITION = 2;
/** Of each layer, in the order of the export. */
const LINEAR = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"];

/**
 * @param {string} path of the GGUF file
 * @param {Uint8Array} model an export whose biases and norms are shared, as those of `../shared/models/exports` are
 * @param {any} tokenizer of tokenizer.json
 * @param {{ layers: number, hidden: number, inner: number, heads: number }} shape
 */
export function convert(path, model, tokenizer, { layers, hidden, inner, heads }) {
  const source = new Export(onnxTensors(model));
  const embeddings = "m.roberta.embeddings.";
  const words = source.int8(`${embeddings}word_embeddings.weight`);
  const positions = source.float(`${embeddings}position_embeddings.weight`).subarray(FIRST_POSITION * hidden);
  const [bias, innerBias] = [source.f32("m.classifier.dense.bias"), source.f32("m.roberta.encoder.layer.0.intermediate.dense.bias")];
  const norm = source.f32(`${embeddings}LayerNorm.weight`);
  const normal = (/** @type {string} */ name) => [f32(`${name}.weight`, [hidden], norm), f32(`${name}.bias`, [hidden], bias)];
  const linear = (/** @type {string} */ name, /** @type {string} */ weights, /** @type {Float32Array} */ bias) => {
    const { numbers, scale, dims } = source.int8(weights);
    const [inputs, outputs] = dims;
    return [q8(`${name}.weight`, [inputs, outputs], transposed(numbers, inputs, outputs), scale), f32(`${name}.bias`, [outputs], bias)];
  };
  const layerWeights = source.layerWeights();
  if (layerWeights.length !== layers * LINEAR.length) throw new Error(`expected ${layers * LINEAR.length} matrices, found ${layerWeights.length}`);
  const tensors = [
    q8("token_embd.weight", [hidden, words.dims[0]], words.numbers, words.scale),
    f32("position_embd.weight", [hidden, positions.length / hidden], positions),
    f32("token_types.weight", [hidden, 1], source.float(`${embeddings}token_type_embeddings.weight`)),
    ...normal("token_embd_norm"),
    ...Array.from({ length: layers }, (_, layer) => [
      ...LINEAR.flatMap((name, at) => linear(`blk.${layer}.${name}`, layerWeights[layer * LINEAR.length + at], name === "ffn_up" ? innerBias : bias)),
      ...normal(`blk.${layer}.attn_output_norm`),
      ...normal(`blk.${layer}.layer_output_norm`),
    ]).flat(),
    ...linear("cls", "m.classifier.dense.weight", bias),
    ...linear("cls.output", "m.classifier.out_proj.weight", source.f32("m.classifier.out_proj.bias")),
  ];
  const values = {
    "general.architecture": string("bert"),
    "general.name": string("bench"),
    "bert.block_count": uint32(layers),
    "bert.context_length": uint32(positions.length / hidden),
    "bert.embedding_length": uint32(hidden),
    "bert.feed_forward_length": uint32(inner),
    "bert.attention.head_count": uint32(heads),
    "bert.attention.layer_norm_epsilon": float32(EPSILON),
    "bert.attention.causal": bool(false),
    "bert.pooling_type": uint32(RANK),
    ...vocabulary(tokenizer, words.dims[0]),
  };
  writeGguf(path, values, tensors);
}

/** SentencePiece's Unigram as llama.cpp knows it, under the name "t5". @param {any} tokenizer @param {number} size */
function vocabulary({ model, normalizer, added_tokens: added }, size) {
  const unused = Array.from({ length: size - model.vocab.length }, (_, at) => [`[PAD${at}]`, -1_000]);
  /** @type {[string, number][]} */
  const pieces = [...model.vocab, ...unused];
  const controls = new Set(added.map((/** @type {{ id: number }} */ { id }) => id));
  const kindOf = (/** @type {number} */ id) => (id === model.unk_id ? UNKNOWN : controls.has(id) ? CONTROL : id < model.vocab.length ? NORMAL : UNUSED);
  const [bos, padding, eos] = ["<s>", "<pad>", "</s>"].map((content) => added.find((/** @type {{ content: string }} */ it) => it.content === content).id);
  return {
    "tokenizer.ggml.model": string("t5"),
    "tokenizer.ggml.pre": string("default"),
    "tokenizer.ggml.tokens": strings(pieces.map(([piece]) => piece)),
    "tokenizer.ggml.scores": floats(pieces.map(([, score]) => score)),
    "tokenizer.ggml.token_type": int32s(pieces.map((_, id) => kindOf(id))),
    "tokenizer.ggml.token_type_count": uint32(1),
    "tokenizer.ggml.add_space_prefix": bool(true),
    "tokenizer.ggml.remove_extra_whitespaces": bool(true),
    "tokenizer.ggml.precompiled_charsmap": bytes(Buffer.from(normalizer.precompiled_charsmap, "base64")),
    "tokenizer.ggml.bos_token_id": uint32(bos),
    "tokenizer.ggml.eos_token_id": uint32(eos),
    "tokenizer.ggml.seperator_token_id": uint32(eos),
    "tokenizer.ggml.unknown_token_id": uint32(model.unk_id),
    "tokenizer.ggml.padding_token_id": uint32(padding),
    "tokenizer.ggml.add_bos_token": bool(true),
    "tokenizer.ggml.add_eos_token": bool(true),
    "tokenizer.ggml.add_sep_token": bool(true),
  };
}

class Export {
  /** @param {Map<string, import("./onnx-tensors.mjs").Tensor>} tensors */
  constructor(tensors) {
    this.tensors = tensors;
  }

  /** @param {string} name */
  #get(name) {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new Error(`expected ${name} in the export, found none`);
    return tensor;
  }

  /** @param {string} name */
  f32(name) {
    const { bytes } = this.#get(name);
    return new Float32Array(bytes.slice().buffer);
  }

  /** Without a zero point. @param {string} name */
  int8(name) {
    const { bytes, dims, type } = this.#get(`${name}_quantized`);
    const numbers = type === INT8 ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
    const [zero = 0] = this.#get(`${name}_zero_point`).bytes;
    // 255 above a zero point of 127 is one more than eight bits hold: a weight in ten thousand is a step too small.
    const signed = numbers.map((it) => Math.min(it - zero, 127));
    return { numbers: new Int8Array(signed.buffer), scale: this.f32(`${name}_scale`)[0], dims };
  }

  /** @param {string} name */
  float(name) {
    const { numbers, scale } = this.int8(name);
    return Float32Array.from(numbers, (it) => it * scale);
  }

  /** Names of the layers' matrices, in order. */
  layerWeights() {
    const names = [...this.tensors.keys()].filter((name) => /^onnx::MatMul_\d+_quantized$/.test(name)).map((name) => name.replace("_quantized", ""));
    return names.sort((a, b) => Number(a.split("_")[1]) - Number(b.split("_")[1]));
  }
}

/** @param {Int8Array} numbers `[rows, columns]` @param {number} rows @param {number} columns */
function transposed(numbers, rows, columns) {
  const out = new Int8Array(numbers.length);
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) out[column * rows + row] = numbers[row * columns + column];
  return out;
}
