// @ts-check
// How to run a cell in each runtime: from the packages in this folder's node_modules, without a bundler where the runtime
// needs none.

import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { serve } from "../../www/serve.mjs";
import { bundleWorker } from "../../tests/package/worker-bundle.mjs";
import { ROOT } from "../../tests/package/installed.mjs";

const HERE = import.meta.dirname;
const MODULES = join(HERE, "node_modules");
const COMPATIBILITY_DATE = "2026-06-01";

/**
 * @typedef {{ baseUrl: string, apiKey: string, models?: string }} Where `models`: folder of the small models, in a page "/models"
 * @typedef {{ run: (entry: string, where: Where) => Promise<{ answer?: string, error?: string }>, version: string, close?: () => Promise<unknown> }} Runner
 */

/** Node, Deno, Bun: a process. @param {string} command @param {string[]} args @returns {Promise<Runner>} */
export async function inProcess(command, args = []) {
  const { stdout } = await promisify(execFile)(command, ["--version"]);
  return {
    version: /\d+(\.\d+)*/.exec(stdout)?.[0] ?? "",
    async run(entry, { baseUrl, apiKey, models = "" }) {
      const { stdout } = await promisify(execFile)(command, [...args, "process.mjs", entry, baseUrl, apiKey, models], { cwd: HERE, timeout: 120_000 });
      return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    },
  };
}

export const deno = () => inProcess(join(MODULES, ".bin", "deno"), ["run", "-A", "--quiet", "--node-modules-dir=manual"]);
export const bun = () => inProcess(join(MODULES, ".bin", "bun"), ["run"]);

/** @returns {Promise<Runner>} */
export async function workerd() {
  const modules = await bundleWorker(join(HERE, "workerd.mjs"), { withModel: true });
  const isolate = new Miniflare({ compatibilityDate: COMPATIBILITY_DATE, modulesRoot: "/", modules });
  return {
    version: JSON.parse(readFileSync(join(ROOT, "node_modules", "workerd", "package.json"), "utf8")).version,
    run: async (entry, where) => /** @type {any} */ ((await isolate.dispatchFetch(`http://isolate/?${new URLSearchParams({ entry, ...where })}`)).json()),
    close: () => isolate.dispose(),
  };
}

/** Vercel's edge runtime, bundled as Next.js does: `import … from "x.wasm?module"` is a compiled module. @returns {Promise<Runner>} */
export async function edgeRuntime() {
  const { EdgeRuntime } = await import(join(MODULES, "edge-runtime", "dist", "index.js"));
  /** @type {Record<string, WebAssembly.Module>} */
  const modules = {};
  const { outputFiles } = await build({
    entryPoints: [join(HERE, "edge.mjs")],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    conditions: ["edge-light"],
    logLevel: "error",
    plugins: [
      {
        name: "wasm-modules",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => ({ path: join(resolveDir, path.replace("?module", "")), namespace: "wasm" }));
          onLoad({ filter: /.*/, namespace: "wasm" }, async ({ path }) => {
            const name = `wasm_${Object.keys(modules).length}`;
            modules[name] = await WebAssembly.compile(readFileSync(path));
            return { contents: `export default globalThis.${name}` };
          });
        },
      },
    ],
  });
  const runtime = new EdgeRuntime({ initialCode: outputFiles[0].text, extend: (/** @type {any} */ context) => Object.assign(context, modules) });
  return {
    version: JSON.parse(readFileSync(join(MODULES, "edge-runtime", "package.json"), "utf8")).version,
    run: async (entry, where) => (await runtime.dispatchFetch(`http://edge/?${new URLSearchParams({ entry, ...where })}`)).json(),
  };
}

/**
 * The example in a page, without a bundler: an import map stands for what package.json says.
 * @param {(url: string) => Promise<string>} visit a page's text, once it has some @param {string} version @param {() => Promise<unknown>} quit
 * @returns {Promise<Runner>}
 */
export async function inPage(visit, version, quit) {
  writeFileSync(join(HERE, "page.html"), `<!doctype html>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n<script type="importmap">${JSON.stringify({ imports: importMap() })}</script>\n<body></body>\n<script type="module" src="page.mjs"></script>\n`);
  const { url, close } = await serve({ mounts: { "/": HERE, "/models/": join(ROOT, "tests", "models") } });
  return {
    version,
    run: async (entry, where) => JSON.parse(await visit(`${url}/page.html?${new URLSearchParams({ entry, ...where })}`)),
    close: async () => void (await Promise.all([quit(), close()])),
  };
}

/** Both packages' exports and imports as a browser would resolve them. */
function importMap() {
  /** @type {Record<string, string>} */
  const map = {};
  for (const name of ["rerank-wasm", "rerank-wasm-model"]) {
    const { exports, imports = {} } = JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
    const add = (/** @type {string} */ specifier, /** @type {any} */ target) => {
      const file = typeof target === "string" ? target : target.default;
      if (file.endsWith(".js")) map[specifier] = `/node_modules/${name}${file.slice(1)}`;
    };
    for (const [subpath, target] of Object.entries(exports)) add(name + subpath.slice(1), target);
    for (const [specifier, target] of Object.entries(imports)) add(specifier, target);
  }
  return map;
}

/** @returns {string | undefined} */
export const onPath = (/** @type {string[]} */ ...names) => names.flatMap((name) => (process.env.PATH ?? "").split(":").map((folder) => join(folder, name))).find((file) => existsSync(file));
