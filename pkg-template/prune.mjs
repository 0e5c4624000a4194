// @ts-check
// What the linker keeps of tract in the local binaries although nothing can call it.
//
// tract-nnef registers a transform of models before main; it can read any NNEF file and therefore every operator tract has,
// with the reader, the convolutions and the Fourier transforms behind them: a third of the binary. Our register
// (src/local/onnx/operators) makes none of these operators, no optimisation of tract's does, and nobody asks for that transform.
// So their bodies become traps here, and what only they called goes. tests/package/local.test.mjs runs every export we know.

import binaryen from "binaryen";

/** Crates none of whose functions are called: another format, operators of others, set-up from files. */
const CRATES = ["tract_nnef", "tract_extra", "tract_onnx_opl", "rustfft", "figment2"];

/** Modules and types of tract that hold operators which nobody makes, and weights in four bits and less. */
const MODULES = [
  "tract_core::deploy", "tract_core::batchify", "tract_linalg::frame::block_quant",
  ...[
    "cnn", "fft", "scan", "gru_seq", "gru_cell", "lstm_cell", "nn::resize", "nn::grid_sample", "array::pad", "array::topk", "array::one_hot",
    "array::scatter_elements", "logic::Bit\\w+", "logic::Xor", "math::Shift\\w+",
  ].map((name) => `tract_core::ops::${name}`),
];

const THEIRS = `(?:${[...CRATES, ...MODULES].join("|")})\\b`;

/**
 * Their functions, and what is particular to them of the traits they implement. What merely derives, forwards, tells a name or drops a
 * value is left, as is all that is short: the compiler makes one function of several alike, under the name of any of them.
 */
const METHODS = [
  "\\w*eval\\w*", "declutter\\w*", "codegen", "output_facts", "axes_mapping", "change_axes", "set_symbols", "cost", "panel_bytes", "pack", "prepare_\\w+",
  "extract_\\w+", "\\w*quant_\\w+", "transform", "try_load", "process\\w*",
];
const UNCALLED = new RegExp(`^(?:${THEIRS}::(?!.*\\b__ctor)|<(?:dyn |&|mut )*${THEIRS}.*>::(?:${METHODS.join("|")})::)`);

/** Lines of text, an instruction each or nearly so, of a body that is short. */
const SHORT = 40;

/** Fewer than there have been, and more than a change of names would leave. */
const LEAST = 1_000;

/** @param {Uint8Array} wasm with names of functions @returns {Uint8Array} as large: what is no longer called is wasm-opt's to remove */
export function prune(wasm) {
  binaryen.setDebugInfo(true);
  const module = binaryen.readBinary(wasm);
  let pruned = 0;
  for (let at = 0; at < module.getNumFunctions(); at++) {
    const ref = module.getFunctionByIndex(at);
    const { name, base } = binaryen.getFunctionInfo(ref);
    if (base || !UNCALLED.test(plain(name))) continue;
    const body = new binaryen.Function(ref);
    if (binaryen.emitText(body.body).split("\n", SHORT).length < SHORT) continue;
    body.body = module.unreachable();
    pruned += 1;
  }
  if (pruned < LEAST) throw new Error(`expected at least ${LEAST} functions of tract that nothing calls, found ${pruned}; tract or rustc changed its names`);
  const smaller = module.emitBinary();
  module.dispose();
  return smaller;
}

/** Binaryen writes all but letters, digits and a few signs as `\xx`. @param {string} name */
const plain = (name) => name.replace(/\\(\w\w)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
