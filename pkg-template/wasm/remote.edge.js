// @ts-check
// How the remote client's wasm arrives in Vercel's edge runtime, which compiles modules at the build and never from bytes:
// `?module` is its way to ask for one.

import module from "../remote.wasm?module";

export { createGlue } from "../remote.glue.js";

export const compile = async () => module;
