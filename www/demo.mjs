#!/usr/bin/env node
// @ts-check
// npm run demo: builds, ranks the examples with the default model, serves the demo page.
//
//   npm run demo -- [--once] [--json] [--query TEXT --documents FILE] [--port N] [--no-build]

import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { examples } from "./examples.js";
import { serve } from "./serve.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const USAGE = `usage: npm run demo -- [options]

  --once              stop after the rankings are printed; do not serve the demo page
  --json              one JSON object per query on standard output, and nothing else there
  --query TEXT        rank for this query instead of the examples; with --documents
  --documents FILE    the documents, one a line; - reads standard input
  --port N            serve the demo page on this port; default 8080, or any that is free
  --no-build          use pkg/ and pkg-model/ as they are
`;

const USUAL_PORT = 8080;

/** @typedef {{ query: string, documents: string[] }} Asked */

async function main() {
  const options = readArguments();
  /** @type {readonly Asked[]} */
  const asked = options.query === undefined ? examples : [{ query: options.query, documents: linesOf(options.documents) }];
  if (options.build) await (await import("../pkg-template/build.mjs")).build();
  const { LocalReranker } = await importBuilt();
  const reranker = await LocalReranker.load();
  for (const request of asked) {
    const start = performance.now();
    const { model, provider, results } = await reranker.rerank(request);
    const ms = Math.round((performance.now() - start) * 10) / 10;
    print({ query: request.query, model, provider, ms, results }, options.json);
  }
  reranker.dispose();
  if (!options.once) await servePage(options.port);
}

/** @param {{ query: string, model: string, provider: string, ms: number, results: any[] }} ranking @param {boolean} asJson */
function print(ranking, asJson) {
  if (asJson) {
    console.log(JSON.stringify(ranking));
    return;
  }
  console.log(`\n${ranking.query}    (${ranking.provider} model "${ranking.model}", ${ranking.ms} ms)`);
  for (const { relevanceScore, document } of ranking.results) console.log(`  ${relevanceScore.toFixed(4)}  ${document}`);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      once: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      query: { type: "string" },
      documents: { type: "string" },
      port: { type: "string" },
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const { once, json, query, documents } = values;
  if ((query === undefined) !== (documents === undefined)) {
    const [given, missing] = query === undefined ? ["--documents", "--query"] : ["--query", "--documents"];
    throw badArgument(`${given} needs ${missing} beside it`);
  }
  if (query !== undefined && query.trim() === "") throw badArgument("--query: expected some text, found none");
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw badArgument(`--port: expected a whole number from 0 to 65535, found ${values.port}`);
  }
  return { once, json, query, documents, port, build: !values["no-build"] };
}

/** @param {string | undefined} file @returns {string[]} its lines that are not blank */
function linesOf(file) {
  let text;
  try {
    text = readFileSync(file === "-" ? 0 : String(file), "utf8");
  } catch (cause) {
    throw badArgument(`--documents: ${file} could not be read (${/** @type {any} */ (cause).code})`);
  }
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw badArgument(`--documents: expected one document a line, found none in ${file === "-" ? "standard input" : file}`);
  return lines;
}

/** The package as a stranger has it: in a node_modules folder, beside its model. @returns {Promise<any>} */
async function importBuilt() {
  const modules = join(ROOT, ".cache", "demo", "node_modules");
  rmSync(modules, { recursive: true, force: true });
  for (const [name, folder] of [["rerank-wasm", "pkg"], ["rerank-wasm-model", "pkg-model"]]) {
    const built = join(ROOT, folder);
    if (!existsSync(join(built, "package.json"))) throw badArgument(`--no-build: expected ${folder}/, found none; run without it once`);
    cpSync(built, join(modules, name), { recursive: true });
  }
  return import(pathToFileURL(join(modules, "rerank-wasm", "local.js")).href);
}

/** @param {number | undefined} wanted */
async function servePage(wanted) {
  const mounts = { "/": join(ROOT, "www"), "/pkg/": join(ROOT, "pkg"), "/pkg-model/": join(ROOT, "pkg-model") };
  const { url, close } = await serve({ mounts, port: wanted ?? USUAL_PORT }).catch((error) => {
    if (error.code === "EADDRINUSE" && wanted === undefined) return serve({ mounts });
    throw badArgument(`--port: ${wanted ?? USUAL_PORT} cannot be used here (${error.code}); take another`);
  });
  process.stderr.write(`\ndemo page: ${url}/   (Ctrl-C ends it)\n`);
  await new Promise((done) => {
    process.once("SIGINT", done);
    process.once("SIGTERM", done);
  });
  await close();
}

/** @param {string} message */
const badArgument = (message) => Object.assign(new Error(message), { code: "ERR_DEMO_ARGUMENT" });

try {
  await main();
} catch (error) {
  const { code, message } = /** @type {any} */ (error);
  const isArgument = code === "ERR_DEMO_ARGUMENT" || String(code).startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`demo: ${message}\n${isArgument ? `\n${USAGE}` : ""}`);
  process.exitCode = isArgument ? 2 : 1;
}
