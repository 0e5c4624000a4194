// @ts-check
// What users download, held against a committed budget: more than 2 % above it fails.
//
//   node tests/sizes.mjs [--update]
//
// Also prints what makes the local wasm big. `--update` writes the budget, the README's table and local-wasm-report.md.

import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { report } from "./wasm-report.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUDGET = join(ROOT, "tests", "sizes.json");
const UPDATE = process.argv.includes("--update");
/** Room above the budget before it fails. */
const SLACK = 1.02;
/** What a page pays that ranks by a service, and at most how many bytes of it compressed. */
const REMOTE = { name: "`RemoteReranker` of ./remote, with its wasm", most: 45_000 };

/** @type {Record<string, { raw: number, gzip: number, brotli?: number }>} */
const sizes = {};
for (const wasm of ["remote.wasm", "local.simd128.wasm", "local.relaxed.wasm"]) {
  sizes[wasm] = measure(readFileSync(join(ROOT, "pkg", wasm)));
}
/** Entry → its file in pkg/, without `.js`. */
const ENTRIES = {
  ".": "index", "./remote": "remote", "./local": "local", "./chains": "chains", "./proxy": "proxy", "./ai-sdk": "adapters/ai-sdk", "./langchain": "adapters/langchain",
  "./llamaindex": "adapters/llamaindex", "./mastra": "adapters/mastra", "./orama": "adapters/orama", "./workers-ai": "adapters/workers-ai",
  "./integrity": "integrity",
};
for (const [entry, file] of Object.entries(ENTRIES)) {
  sizes[`${entry} (minified JavaScript)`] = measure(await bundle({ contents: `export * from "./${file}.js";`, resolveDir: join(ROOT, "pkg") }));
}
const alone = measure(await bundle({ contents: 'export { RemoteReranker } from "./remote.js";', resolveDir: join(ROOT, "pkg") }));
sizes[REMOTE.name] = sum(alone, sizes["remote.wasm"]);

const budget = JSON.parse(readFileSync(BUDGET, "utf8"));
const rows = Object.entries(sizes).map(([name, { raw, gzip, brotli }]) => {
  const isTooLarge = name === REMOTE.name && gzip > REMOTE.most;
  const over = isTooLarge || gzip > (budget[name]?.gzip ?? 0) * SLACK || raw > (budget[name]?.raw ?? 0) * SLACK;
  return { name, raw, gzip, brotli, over };
});
const table = [
  `| file | raw | gzip -9 |${UPDATE ? " brotli |" : ""}`,
  `|---|---:|---:|${UPDATE ? "---:|" : ""}`,
  ...rows.map(({ name, raw, gzip, brotli }) => `| ${name} | ${kilo(raw)} | ${kilo(gzip)} |${brotli ? ` ${kilo(brotli)} |` : ""}`),
].join("\n");
console.log(table);
const why = report(readFileSync(join(ROOT, "target", "wasm32-unknown-unknown", "simd128.named.wasm")));
console.log(`\n${why.split("\n").slice(0, 18).join("\n")}`);

if (UPDATE) {
  writeFileSync(join(ROOT, "tests", "local-wasm-report.md"), why);
  writeFileSync(BUDGET, `${JSON.stringify(sizes, null, 2)}\n`);
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  writeFileSync(join(ROOT, "README.md"), readme.replace(/<!-- sizes -->[^]*<!-- \/sizes -->/, `<!-- sizes -->\n${table}\n<!-- /sizes -->`));
} else if (rows.some(({ over }) => over)) {
  const grown = rows.filter(({ over }) => over).map(({ name }) => name).join(", ");
  console.error(`over budget by more than 2 %: ${grown}`);
  console.error("make it smaller, or say why in CHANGELOG.md and run `node tests/sizes.mjs --update`");
  process.exitCode = 1;
}

/** The JavaScript that a bundler keeps of a module. @param {{ contents: string, resolveDir: string }} stdin */
async function bundle(stdin) {
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    external: ["rerank-wasm-model"],
  });
  return Buffer.from(outputFiles[0].contents);
}

/** @param {Buffer} bytes */
function measure(bytes) {
  // Brotli takes a minute for each local binary, and the budget is on the others.
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: UPDATE ? brotliCompressSync(bytes).length : undefined };
}

/** @param {ReturnType<typeof measure>} a @param {ReturnType<typeof measure>} b @returns {ReturnType<typeof measure>} of two files, each compressed by itself */
function sum(a, b) {
  return { raw: a.raw + b.raw, gzip: a.gzip + b.gzip, brotli: a.brotli && b.brotli && a.brotli + b.brotli };
}

/** @param {number} bytes */
function kilo(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
