// @ts-check
// How the remote client's wasm arrives in workerd, which compiles modules at deployment and never from bytes.

import module from "../remote.wasm";

export { createGlue } from "../remote.glue.js";

export const compile = async () => module;
