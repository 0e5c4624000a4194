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

/** Imports nobody needs: a sentence to throw, where every other fault is a trap; and a table of JavaScript values, of which none is held. */
const NEEDLESS = [{ import: "__wbg___wbindgen_throw_", traps: true }, { import: "__wbindgen_init_externref_table", traps: false }];

/**
 * @param {Uint8Array} wasm as wasm-bindgen leaves it, with names of functions
 * @param {string} glue
 * @returns {{ wasm: Uint8Array, glue: string }}
 */
export function shrink(wasm, glue) {
  const module = binaryen.readBinary(wasm);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, at) => module.getFunctionByIndex(at));
  let snipped = 0;
  /** @type {string[]} */
  const gone = [];
  /** @type {Map<string, string>} */
  const renamed = new Map();
  for (const { name, module: from, base, params, results, ref } of functions.map((ref) => ({ ...binaryen.getFunctionInfo(ref), ref }))) {
    if (base && from !== "./out_bg.js") throw new Error(`import ${from}.${base}: expected only ./out_bg.js; wasm-bindgen changed its output`);
    const needless = NEEDLESS.find(({ import: known }) => base.startsWith(known));
    if (needless) {
      gone.push(base);
      module.removeFunction(name);
      module.addFunction(name, params, results, [], needless.traps ? module.unreachable() : module.nop());
    } else if (base) {
      const short = `_${renamed.size.toString(36)}`;
      renamed.set(base, short);
      module.removeFunction(name);
      module.addFunctionImport(name, "a", short, params, results);
    } else if (PANICS.test(plain(name))) {
      snipped += 1;
      new binaryen.Function(ref).body = module.unreachable();
    }
  }
  if (snipped < 10) throw new Error(`expected the names of Rust's panics, found ${snipped}; rustc changed its names`);
  if (gone.length !== NEEDLESS.length) throw new Error(`imports: expected those that are not needed, found ${gone}; wasm-bindgen changed its output`);
  module.removeExport("__wbindgen_externrefs");
  const smaller = module.emitBinary();
  module.dispose();
  for (const segment of segmentsOf(smaller)) forgetPlaces(segment);
  return { wasm: smaller, glue: trimmed(renameImports(withoutImports(glue, gone), renamed)) };
}

/** What only snipped functions read: digits in pairs, for numbers in text. */
const DIGITS = Array.from({ length: 100 }, (_, n) => `${n}`.padStart(2, "0")).join("");

/**
 * Blanks the places in source files that panics tell: file, line and column, and the names of the files.
 * @param {{ address: number, bytes: Buffer }} segment of the memory, in place
 */
function forgetPlaces({ address, bytes }) {
  const held = Buffer.from(bytes);
  for (let at = (4 - (address % 4)) % 4; at + 16 <= held.length; at += 4) {
    const [file, length] = [held.readUInt32LE(at) - address, held.readUInt32LE(at + 4)];
    if (file < 0 || length > 200 || !/^[\w/.+-]+\.rs$/.test(held.toString("latin1", file, file + length))) continue;
    bytes.fill(0, at, at + 16);
    bytes.fill(0, file, file + length);
  }
  const digits = held.indexOf(DIGITS);
  if (digits >= 0) bytes.fill(0, digits, digits + DIGITS.length);
}

/** Views of what the memory begins with. @param {Uint8Array} wasm @returns {{ address: number, bytes: Buffer }[]} */
function segmentsOf(wasm) {
  const bytes = Buffer.from(wasm.buffer, wasm.byteOffset, wasm.length);
  let at = 8;
  const number = () => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte < 128) return value;
    }
  };
  const DATA = 11;
  for (let id = bytes[at++], size = number(); id !== DATA; id = bytes[at++], size = number()) at += size;
  return Array.from({ length: number() }, () => {
    // Active, at a constant: `0, i32.const address, end`.
    if (bytes[at] !== 0 || bytes[at + 1] !== 0x41) throw new Error("data: expected segments at constant addresses; wasm-bindgen changed its output");
    at += 2;
    const address = number();
    at += 1;
    const length = number();
    at += length;
    return { address, bytes: bytes.subarray(at - length, at) };
  });
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

/** @param {string} glue @param {string[]} names */
function withoutImports(glue, names) {
  return names.reduce((rest, name) => replaced(rest, new RegExp(`^ {8}${name}: function\\([^]*?^ {8}\\},\\n`, "m"), ""), glue);
}

/** The facade compiles by itself and starts with `initSync`: the ways to fetch and to warn are never taken, and no string is read. @param {string} glue */
function trimmed(glue) {
  const start = "function initSync({ module }) {\n    return __wbg_finalize_init(new WebAssembly.Instance(module, __wbg_get_imports()), module);\n}\n\n";
  const started = replaced(glue, /^async function __wbg_load\([^]*(?=^export \{)/m, `${start}const __wbg_init = initSync;\n\n`);
  return replaced(replaced(started, /^function getStringFromWasm0\([^]*?^\}\n/m, ""), /^let cachedTextDecoder = [^]*?(?=^let WASM_VECTOR_LEN)/m, "");
}

/** @param {string} glue @param {RegExp} piece @param {string} by */
function replaced(glue, piece, by) {
  if (!piece.test(glue)) throw new Error(`glue: expected ${piece}; wasm-bindgen changed its output`);
  return glue.replace(piece, by);
}
