// @ts-check
// Which crates and functions a wasm file is made of, by its name section: what `twiggy top` tells, without the tool.

/** Id of the code section, and of the custom sections. */
const CODE = 10;
const CUSTOM = 0;

/** @param {Uint8Array} wasm with its name section @returns {string} Markdown, largest first */
export function report(wasm) {
  const { sizes, imported, names, data } = read(wasm);
  /** @type {Map<string, number>} */
  const crates = new Map();
  const functions = sizes.map((size, index) => ({ size, name: demangle(names.get(imported + index) ?? "(unnamed)") }));
  for (const { size, name } of functions) crates.set(crateOf(name), (crates.get(crateOf(name)) ?? 0) + size);
  const total = functions.reduce((sum, { size }) => sum + size, 0);
  const largest = [...crates].sort((a, b) => b[1] - a[1]).slice(0, 25);
  const row = (/** @type {string} */ name, /** @type {number} */ size) => `| ${name} | ${(size / 1000).toFixed(1)} | ${((100 * size) / total).toFixed(1)} % |`;
  return [
    `Code ${(total / 1000).toFixed(0)} kB in ${functions.length} functions, data ${(data / 1000).toFixed(0)} kB, before compression.`,
    "",
    "| crate | kB | of the code |",
    "|---|---:|---:|",
    ...largest.map(([name, size]) => row(name, size)),
    "",
    "| function | kB | of the code |",
    "|---|---:|---:|",
    ...functions.sort((a, b) => b.size - a.size).slice(0, 40).map(({ name, size }) => row(`\`${name.slice(0, 110)}\``, size)),
    "",
  ].join("\n");
}

/** @param {Uint8Array} wasm */
function read(wasm) {
  const reader = new Reader(wasm, 8, wasm.length);
  /** @type {number[]} */
  let sizes = [];
  let imported = 0;
  let data = 0;
  /** @type {Map<number, string>} */
  let names = new Map();
  while (!reader.atEnd()) {
    const id = reader.byte();
    const section = reader.sub(reader.number());
    if (id === 2) imported = importedFunctions(section);
    else if (id === CODE) sizes = Array.from({ length: section.number() }, () => section.sub(section.number()).length());
    else if (id === 11) data = section.length();
    else if (id === CUSTOM && section.text() === "name") names = functionNames(section);
  }
  return { sizes, imported, names, data };
}

/** @param {Reader} section */
function importedFunctions(section) {
  let functions = 0;
  for (let left = section.number(); left > 0; left--) {
    section.text();
    section.text();
    if (section.byte() !== 0) return functions;
    section.number();
    functions++;
  }
  return functions;
}

/** @param {Reader} section */
function functionNames(section) {
  while (!section.atEnd()) {
    const id = section.byte();
    const part = section.sub(section.number());
    if (id === 1) return new Map(Array.from({ length: part.number() }, () => [part.number(), part.text()]));
  }
  return new Map();
}

/** As wasm-bindgen wrote it, but for the hash; or legacy mangling: `_ZN` then length-prefixed segments, the last one a hash. @param {string} name */
function demangle(name) {
  if (!name.startsWith("_ZN")) return name.replace(/::h[0-9a-f]{16}$/, "");
  const segments = [];
  for (let at = 3; at < name.length; ) {
    const length = /^\d+/.exec(name.slice(at))?.[0];
    if (!length) break;
    segments.push(name.slice(at + length.length, at + length.length + Number(length)));
    at += length.length + Number(length);
  }
  const plain = segments.slice(0, -1).join("::");
  const marks = /** @type {Record<string, string>} */ ({ LT: "<", GT: ">", RF: "&", BP: "*", C: ",", u20: " ", u7b: "{", u7d: "}", LP: "(", RP: ")", u5b: "[", u5d: "]", u27: "'", u3b: ";" });
  return plain.replace(/\$(\w+)\$/g, (_, mark) => marks[mark] ?? mark).replace(/\.\./g, "::").replace(/^_</, "<");
}

/** The first crate a path names, be it `a::b` or `<a::b as c::d>::e`. @param {string} name */
function crateOf(name) {
  return /^[<&*[\s(]*(?:dyn |mut )*([a-z_0-9]+)::/.exec(name)?.[1] ?? "(other)";
}

/** LEB128 numbers and strings of a slice. */
class Reader {
  /** @param {Uint8Array} bytes @param {number} at @param {number} end */
  constructor(bytes, at, end) {
    this.bytes = bytes;
    this.at = at;
    this.start = at;
    this.end = end;
  }
  atEnd() {
    return this.at >= this.end;
  }
  length() {
    return this.end - this.start;
  }
  byte() {
    return this.bytes[this.at++];
  }
  number() {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }
  text() {
    const part = this.sub(this.number());
    return new TextDecoder().decode(this.bytes.subarray(part.at, part.end));
  }
  /** @param {number} size */
  sub(size) {
    const part = new Reader(this.bytes, this.at, this.at + size);
    this.at += size;
    return part;
  }
}
