// @ts-check
// A Worker's modules as wrangler would upload them: one bundle, the wasm beside it compiled, the model beside it as data.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";

import { build } from "esbuild";

import { app } from "./installed.mjs";

/**
 * @param {string} entry
 * @param {{ withModel: boolean }} options whether the default model is part of the Worker
 * @returns {Promise<{ type: "ESModule" | "CompiledWasm" | "Data", path: string, contents: string | Uint8Array }[]>} the first one is the entry
 */
export async function bundleWorker(entry, { withModel }) {
  /** Files that stay files. @type {Map<string, string>} */
  const beside = new Map();
  const { resolve: fromApp } = createRequire(join(app, "package.json"));
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    nodePaths: [join(app, "node_modules")],
    logLevel: "error",
    plugins: [
      {
        name: "files-beside",
        setup({ onResolve }) {
          onResolve({ filter: /\.(wasm|onnx)$|\/tokenizer\.json$/ }, ({ path, importer }) => {
            const file = path.startsWith(".") ? resolve(dirname(importer), path) : fromApp(path);
            beside.set(basename(file), file);
            return { path: `./${basename(file)}`, external: true };
          });
          // A dynamic import, which fails only where it is run.
          if (!withModel) onResolve({ filter: /^rerank-wasm-model\/workerd$/ }, ({ path }) => ({ path, external: true }));
        },
      },
    ],
  });
  const files = [...beside].map(([name, file]) => ({
    type: name.endsWith(".wasm") ? /** @type {const} */ ("CompiledWasm") : /** @type {const} */ ("Data"),
    path: name,
    contents: new Uint8Array(readFileSync(file)),
  }));
  return [{ type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text }, ...files];
}
