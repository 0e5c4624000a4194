// @ts-check
// Keeps hold of the memory of every wasm instance that is started after this is imported.

/** @type {WebAssembly.Memory[]} */
const memories = [];

const { instantiate } = WebAssembly;
WebAssembly.instantiate = /** @type {any} */ (
  async (/** @type {WebAssembly.Module} */ module, /** @type {any} */ imports) => {
    const instance = await instantiate(module, imports);
    const { memory } = instance.exports;
    if (memory instanceof WebAssembly.Memory) memories.push(memory);
    return instance;
  }
);

/** Bytes of all of them now. */
export const wasmBytes = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
