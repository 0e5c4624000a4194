/**
 * Subresource Integrity (`sha384-…`) of each binary of this package by its file's name, for pages that load them from elsewhere.
 *
 * @example
 * const reply = await fetch("https://cdn.example/local.simd128.wasm", { integrity: integrity["local.simd128.wasm"] });
 * const wasm = await WebAssembly.compileStreaming(reply);
 * const reranker = await LocalReranker.load({ wasm });
 */
export const integrity: Readonly<Record<"remote.wasm" | "local.simd128.wasm" | "local.relaxed.wasm", `sha384-${string}`>>;
