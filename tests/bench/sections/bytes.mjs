// @ts-check
// What a page downloads: binaries, and the minified bundle of each remote client.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { firstLine } from "../compare.mjs";
import { BENCH, PEERS } from "../paths.mjs";

/** Each as its documentation imports it; `wasm`: what the bundle loads besides. */
const CLIENTS = [
  { name: "rerank-wasm/remote", code: 'export { RemoteReranker } from "./remote.js";', wasm: "remote.wasm" },
  { name: "cohere-ai", code: 'export { CohereClientV2 } from "cohere-ai";' },
  { name: "openai", code: 'import OpenAI from "openai"; export { OpenAI };' },
  { name: "voyageai", code: 'export { VoyageAIClient } from "voyageai";' },
  { name: "@mixedbread/sdk", code: 'import Mixedbread from "@mixedbread/sdk"; export { Mixedbread };' },
];

const BINARIES = [
  ["rerank-wasm", "local.relaxed.wasm"],
  ["rerank-wasm", "local.simd128.wasm"],
  ["onnxruntime-web", "dist/ort-wasm-simd-threaded.wasm"],
  ["@litertjs/core", "wasm/litert_wasm_internal.wasm"],
  ["@wllama/wllama", "esm/wasm/wllama.wasm"],
];

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureBytes({ pkg, run, log }) {
  log("bytes");
  const base = { ...run.part(), kind: "bytes" };
  for (const { name, code, wasm } of CLIENTS) {
    const cell = { ...base, engine: name, workload: "remote client" };
    try {
      const script = await bundle(code, wasm ? pkg : BENCH);
      yield { ...cell, status: "measured", values: sizes(script, ...(wasm ? [readFileSync(join(pkg, wasm))] : [])) };
    } catch (error) {
      yield { ...cell, status: "not run", reason: firstLine(error) };
    }
  }
  for (const [name, file] of BINARIES) {
    const path = name === "rerank-wasm" ? join(pkg, file) : join(PEERS, name, file);
    const cell = { ...base, engine: `${name}: ${file.split("/").at(-1)}`, workload: "binary" };
    if (existsSync(path)) yield { ...cell, status: "measured", values: sizes(readFileSync(path)) };
    else yield { ...cell, status: "not run", reason: `expected ${file} in ${name}, found none` };
  }
}

/** @param {string} contents @param {string} resolveDir */
async function bundle(contents, resolveDir) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
    // What Node has and a page lacks is not bundled; clients load it only there.
    external: ["node:*", "fs", "path", "crypto", "stream", "http", "https", "url", "util", "os", "child_process", "rerank-wasm-model", "@huggingface/transformers", "onnxruntime-*"],
  });
  return Buffer.from(outputFiles[0].contents);
}

/** @param {Buffer[]} files */
function sizes(...files) {
  const sum = (/** @type {(file: Buffer) => number} */ of) => files.reduce((total, file) => total + of(file), 0);
  return { raw: sum((file) => file.length), gzip: sum((file) => gzipSync(file, { level: 9 }).length) };
}
