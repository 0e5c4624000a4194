// @ts-check
// One origin on this machine for everything a page of the bench loads; below /isolated/ the same with COOP and COEP.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { serve } from "../../www/serve.mjs";
import { MICRO } from "./micro.mjs";
import { MODELS } from "./models.mjs";
import { BENCH, KEPT, PEERS } from "./paths.mjs";

/** On every file: threads are workers, whose scripts need it too. Alone it isolates nothing. */
const EMBEDDING = { "cross-origin-embedder-policy": "require-corp", "cross-origin-resource-policy": "same-origin" };
/** A warm start finds its files in the browser's cache. */
const KEEP = { "cache-control": "max-age=3600" };
const OPENER = { "cross-origin-opener-policy": "same-origin" };

/** @param {{ pkg: string, model: string }} installed folders of the two packages as a stranger has them */
export function serveBench({ pkg, model }) {
  return serveMounts(importMap(pkg), { "/models/": MODELS, "/pkg/": pkg, "/pkg-model/": model });
}

/** For pages that run single layers alone: without the package. */
export const serveLayers = () => serveMounts({}, {});

/** @param {Record<string, string>} imports @param {Record<string, string>} mounts path → folder */
function serveMounts(imports, mounts) {
  const pages = join(KEPT, "pages");
  mkdirSync(pages, { recursive: true });
  writeFileSync(join(pages, "index.html"), page(imports));
  return serve({
    mounts: { "/": pages, "/isolated/": pages, "/bench/": BENCH, "/peers/": PEERS, "/micro/": MICRO, ...mounts },
    headers: (path) => ({ ...EMBEDDING, ...KEEP, ...(path.startsWith("/isolated/") ? OPENER : {}) }),
  });
}

/** What a bundler would resolve: the package's own `imports` and what transformers.js leaves to its host. @param {string} pkg */
function importMap(pkg) {
  const { imports } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
  const transformers = "/peers/@huggingface/transformers";
  return {
    "rerank-wasm/local": "/pkg/local.js",
    "rerank-wasm/remote": "/pkg/remote.js",
    "rerank-wasm-model": "/pkg-model/index.js",
    ...Object.fromEntries(Object.entries(imports).map(([name, conditions]) => [name, conditions.default.replace(/^\./, "/pkg")])),
    "@huggingface/transformers": `${transformers}/dist/transformers.web.js`,
    "onnxruntime-common": `${transformers}/node_modules/onnxruntime-common/dist/esm/index.js`,
    "onnxruntime-web/webgpu": `${transformers}/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs`,
    "@huggingface/tokenizers": "/peers/@huggingface/tokenizers/dist/tokenizers.min.mjs",
    "@litertjs/wasm-utils": "/peers/@litertjs/wasm-utils/dist/index.js",
    "@huggingface/jinja": "/peers/@huggingface/jinja/dist/index.js",
  };
}

/** @param {Record<string, string>} imports */
const page = (imports) => `<!doctype html>
<meta charset="utf-8">
<title>A page of the bench</title>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="/bench/page/host.js"></script>
`;
