// @ts-check
// How the remote client's wasm arrives in a page or a web worker.

import { compileUrl } from "./compile.js";

export { createGlue } from "../remote.glue.js";

export const compile = () => compileUrl(new URL("../remote.wasm", import.meta.url));
