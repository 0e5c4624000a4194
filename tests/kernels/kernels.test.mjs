// @ts-check
// The kernels' own tests (src/local/kernels) in the engines they run in, as both binaries have them: with plain simd128, and with relaxed SIMD beside it.
//
// `cargo test` builds a wasm whose `main` runs every test; a test that fails is a trap, whose stack names it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { LOCAL } from "../../pkg-template/build.mjs";
import { openBrowser } from "../package/chromium.mjs";
import { ROOT } from "../package/installed.mjs";

const KERNELS = join(ROOT, "src", "local", "kernels");
/** What miniflare runs on. */
const LEAST_NODE = 22;

/** Runs in every engine: text too, for a page. @param {WebAssembly.Module} module */
const run = async (module) => {
  // The test's name stands below a dozen frames of the panic.
  Error.stackTraceLimit = 40;
  try {
    const { exports } = await WebAssembly.instantiate(module, {});
    return /** @type {any} */ (exports).main(0, 0) === 0 ? "passed" : "main did not return 0";
  } catch (error) {
    return /** @type {Error} */ (error).stack ?? String(error);
  }
};

const WORKER = `
  import module from "./tests.wasm";
  const run = ${run};
  export default { fetch: async () => new Response(await run(module)) };
`;

for (const features of [[], ["relaxed"]]) {
  const name = features[0] ?? "simd128";
  const wasm = build(features);

  test(`${name}: the wasm holds every test of the kernels`, () => {
    const names = testNames(KERNELS);
    assert.ok(names.length > 0);
    assert.deepEqual(names.filter((each) => !wasm.includes(each)), []);
  });

  test(`${name}: in Node`, { skip: !WebAssembly.validate(wasm) && "this Node lacks relaxed SIMD" }, async () => {
    assert.equal(await run(await WebAssembly.compile(wasm)), "passed");
  });

  test(`${name}: in Chromium`, async (t) => {
    const { browser, missing } = await openBrowser();
    if (!browser) return t.skip(missing);
    try {
      const page = await browser.newPage();
      const source = `(async () => {
        const bytes = Uint8Array.from(atob("${wasm.toString("base64")}"), (character) => character.charCodeAt(0));
        return (${run})(await WebAssembly.compile(bytes));
      })()`;
      assert.equal(await page.evaluate(source), "passed");
    } finally {
      await browser.close();
    }
  });

  const isOld = Number(process.versions.node.split(".")[0]) < LEAST_NODE;
  test(`${name}: in workerd`, { skip: isOld && `miniflare needs Node ${LEAST_NODE}` }, async () => {
    const { Miniflare } = await import("miniflare");
    const modules = [
      { type: /** @type {const} */ ("ESModule"), path: "/worker.mjs", contents: WORKER },
      { type: /** @type {const} */ ("CompiledWasm"), path: "/tests.wasm", contents: new Uint8Array(wasm) },
    ];
    const isolate = new Miniflare({ compatibilityDate: "2026-06-01", modulesRoot: "/", modules });
    try {
      assert.equal(await (await isolate.dispatchFetch("http://isolate/")).text(), "passed");
    } finally {
      await isolate.dispose();
    }
  });
}

/** @param {string[]} features */
function build(features) {
  const args = ["test", "--locked", "--no-run", "-p", "kernels-in-wasm", "--target", "wasm32-unknown-unknown", "--profile", "kernels"];
  const options = ["--message-format=json-render-diagnostics", ...features.flatMap((feature) => ["--features", feature])];
  const env = { ...process.env, RUSTFLAGS: LOCAL };
  const lines = execFileSync("cargo", [...args, ...options], { cwd: ROOT, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 });
  const built = lines.split("\n").filter(Boolean).map((line) => JSON.parse(line)).find((message) => message.executable);
  return readFileSync(built.executable);
}

/** Names of the tests in the sources below `folder`. @param {string} folder @returns {string[]} */
function testNames(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".rs"));
  return files.flatMap((file) => [...readFileSync(join(folder, file), "utf8").matchAll(/#\[test\]\s+fn (\w+)/g)].map((match) => match[1]));
}
