// @ts-check
// How each bundler builds app/<entry>.js for a page: as its documentation has it, and what rerank-wasm needs beside that.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const HERE = import.meta.dirname;
const MODULES = join(HERE, "node_modules");

/** @typedef {(entry: "local" | "remote", to: string) => Promise<void>} Builder makes `to`/<entry>.html and what it needs */

/** Nothing beside the entry. @type {Builder} */
export async function webpack(entry, to) {
  const { default: pack } = await import("webpack");
  const compiler = pack({
    mode: "production",
    context: HERE,
    entry: `./app/${entry}.js`,
    output: { path: to, filename: "main.js", publicPath: "auto" },
    performance: false,
  });
  await new Promise((done, fail) =>
    compiler?.run((error, stats) => (error || stats?.hasErrors() ? fail(error ?? new Error(stats?.toString())) : compiler.close(done))),
  );
  page(entry, to, "main.js");
}

/** Two plugins: one finds packages, the other copies what `new URL(…, import.meta.url)` names. @type {Builder} */
export async function rollup(entry, to) {
  const [{ rollup: bundle }, { nodeResolve }, { importMetaAssets }] = await Promise.all([
    import("rollup"),
    import("@rollup/plugin-node-resolve"),
    import("@web/rollup-plugin-import-meta-assets"),
  ]);
  const built = await bundle({ input: join(HERE, "app", `${entry}.js`), plugins: [nodeResolve({ browser: true }), importMetaAssets()] });
  await built.write({ dir: to, format: "es" });
  page(entry, to, `${entry}.js`);
}

/**
 * esbuild copies no files that `new URL(…, import.meta.url)` names. Two lines: the bundle goes into a folder of its own, and
 * the files where it looks for them, which is one folder up for the engine and beside it for the model and the worker.
 * @type {Builder}
 */
export async function esbuild(entry, to) {
  const { build } = await import("esbuild");
  const js = join(to, "js");
  const entryPoints = [join(HERE, "app", `${entry}.js`), ...(entry === "local" ? [join(MODULES, "rerank-wasm", "worker", "worker.js")] : [])];
  await build({ entryPoints, bundle: true, format: "esm", splitting: true, outdir: js, entryNames: "[name]", target: "es2022", logLevel: "error" });
  const files = entry === "local" ? ["local.relaxed.wasm", "local.simd128.wasm"] : ["remote.wasm"];
  for (const file of files) cpSync(join(MODULES, "rerank-wasm", file), join(to, file));
  if (entry === "local") for (const file of ["model_int8.onnx", "tokenizer.json"]) cpSync(join(MODULES, "rerank-wasm-model", file), join(js, file));
  page(entry, to, `js/${entry}.js`);
}

/**
 * One line in the app's package.json, "@parcel/resolver-default": { "packageExports": true }, and one in .parcelrc: a JSON file
 * that is named by `new URL` would else become a script. @type {Builder}
 */
export async function parcel(entry, to) {
  const run = [join(MODULES, "parcel", "lib", "bin.js"), "build", join(HERE, "app", `${entry}.html`), "--dist-dir", to, "--no-source-maps", "--no-cache", "--log-level", "error"];
  execFileSync(process.execPath, run, { cwd: HERE, stdio: ["ignore", "inherit", "inherit"] });
}

/** Nothing beside the entry, which is the page. @type {Builder} */
export async function vite(entry, to) {
  const { build } = await import("vite");
  await build({ root: join(HERE, "app"), logLevel: "error", configFile: false, build: { outDir: to, emptyOutDir: true, target: "es2022", rollupOptions: { input: join(HERE, "app", `${entry}.html`) } } });
}

/** Vite's development server, which bundles dependencies in a way of its own. */
export async function viteDev() {
  const { createServer } = await import("vite");
  const server = await createServer({
    root: join(HERE, "app"),
    configFile: false,
    logLevel: "error",
    cacheDir: join(HERE, "dist", "vite-dev"),
    server: { host: "127.0.0.1", port: 0 },
  });
  await server.listen();
  return { url: String(server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0]), close: () => server.close() };
}

/** @param {string} entry @param {string} to @param {string} script */
function page(entry, to, script) {
  writeFileSync(join(to, `${entry}.html`), `<!doctype html>\n<meta charset="utf-8">\n<title>${entry}</title>\n<link rel="icon" href="data:,">\n<output></output>\n<script type="module" src="${script}"></script>\n`);
}

/** @param {string} to */
export function emptied(to) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  return to;
}
