// @ts-check
// What makes remote.wasm and its glue smaller than wasm-bindgen and wasm-opt leave them.

import binaryen from "binaryen";

/**
 * Where a panic ends up in Rust's libraries, and what would word it for a standard error that is not there: our own sentences
 * do without `core::fmt` (src/text.rs). A trap takes their place, and the facade makes the same `internal` error of it.
 */
const PANICS = new RegExp(
  [
    /\bcore(\[\w+\])?::(panicking|fmt|cell::panic_)/, /\bcore(\[\w+\])?::(option|result)::\w+_failed/, /::slice::index::slice_\w*fail/, /::str::slice_error_fail/,
    /\bstd(\[\w+\])?::(panicking|alloc|sys::backtrace)::/, /::raw_vec::(handle_error|capacity_overflow)/, /::alloc::handle_alloc_error/, /::assert_failed$/,
    /^__rustc(\[\w+\])?::(rust_begin_unwind|rust_panic|__rust_start_panic|__rust_abort|__rdl_oom|__rg_oom)$/,
  ].map(({ source }) => source).join("|"),
);

/**
 * @param {Uint8Array} wasm as wasm-bindgen leaves it, with names of functions
 * @param {string} glue
 * @returns {{ wasm: Uint8Array, glue: string }}
 */
export function shrink(wasm, glue) {
  const module = binaryen.readBinary(wasm);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, at) => module.getFunctionByIndex(at));
  let snipped = 0;
  /** @type {Map<string, string>} */
  const renamed = new Map();
  for (const { name, module: from, base, params, results, ref } of functions.map((ref) => ({ ...binaryen.getFunctionInfo(ref), ref }))) {
    if (base) {
      const short = `_${renamed.size.toString(36)}`;
      renamed.set(base, short);
      module.removeFunction(name);
      module.addFunctionImport(name, "a", short, params, results);
      if (from !== "./out_bg.js") throw new Error(`import ${from}.${base}: expected only ./out_bg.js; wasm-bindgen changed its output`);
    } else if (PANICS.test(plain(name))) {
      snipped += 1;
      new binaryen.Function(ref).body = module.unreachable();
    }
  }
  if (snipped < 10) throw new Error(`expected the names of Rust's panics, found ${snipped}; rustc changed its names`);
  const smaller = module.emitBinary();
  module.dispose();
  return { wasm: smaller, glue: trimmed(renameImports(glue, renamed)) };
}

/** Binaryen writes all but letters, digits and a few signs as `\xx`. @param {string} name */
const plain = (name) => name.replace(/\\(\w\w)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

/** Each import's name carries a hash, once in the wasm and once here. @param {string} glue @param {Map<string, string>} renamed */
function renameImports(glue, renamed) {
  const names = glue.replace(/^( {8})(\w+)(?=: function\(| ?: )/gm, (whole, margin, name) => (renamed.has(name) ? margin + renamed.get(name) : whole));
  const missing = [...renamed.values()].find((short) => !names.includes(`        ${short}:`));
  if (missing || !names.includes('"./out_bg.js": import0')) throw new Error(`glue: expected an import for ${missing}; wasm-bindgen changed its output`);
  return names.replace('"./out_bg.js": import0', "a: import0");
}

/** The facade compiles by itself and starts with `initSync`: the ways to fetch and to warn are never taken. @param {string} glue */
function trimmed(glue) {
  const loaders = /^async function __wbg_load\([^]*(?=^export \{)/m;
  if (!loaders.test(glue)) throw new Error("glue: expected __wbg_load; wasm-bindgen changed its output");
  return glue.replace(
    loaders,
    "function initSync({ module }) {\n    return __wbg_finalize_init(new WebAssembly.Instance(module, __wbg_get_imports()), module);\n}\n\nconst __wbg_init = initSync;\n\n",
  );
}
