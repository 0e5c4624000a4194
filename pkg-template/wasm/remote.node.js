// @ts-check
// How the remote client's wasm arrives in Node, Deno and Bun: from the package's folder.

import { readFile } from "node:fs/promises";

import { compileBytes, unavailable } from "./compile.js";

export { createGlue } from "../remote.glue.js";

export async function compile() {
  const file = new URL("../remote.wasm", import.meta.url);
  const bytes = await readFile(file).catch((cause) => {
    throw unavailable(`${file} could not be read`, cause);
  });
  return compileBytes(bytes, String(file));
}
