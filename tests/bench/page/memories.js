// @ts-check
// Every wasm memory of this page, whoever makes it. A memory never shrinks, so its size is its peak. Imported first.

/** @type {Set<WebAssembly.Memory>} */
const memories = new Set();

/** Bytes of all wasm memories of this page, its workers' own not among them. */
export const wasmBytes = () => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/** Those of them that threads share, which the browser counts among its own; others it does not. */
export const sharedWasmBytes = () =>
  [...memories].reduce((sum, { buffer }) => sum + (buffer instanceof ArrayBuffer ? 0 : /** @type {SharedArrayBuffer} */ (buffer).byteLength), 0);

/** @param {WebAssembly.Instance} instance */
function remember(instance) {
  for (const it of Object.values(instance.exports)) if (it instanceof WebAssembly.Memory) memories.add(it);
  return instance;
}

const { Memory, Instance, instantiate, instantiateStreaming } = WebAssembly;
Object.assign(WebAssembly, {
  // Proxies, so that instanceof still holds.
  Memory: new Proxy(Memory, {
    construct(target, args) {
      const memory = Reflect.construct(target, args);
      memories.add(memory);
      return memory;
    },
  }),
  Instance: new Proxy(Instance, { construct: (target, args) => remember(Reflect.construct(target, args)) }),
  instantiate: async (/** @type {[any, any]} */ ...args) => {
    const made = /** @type {any} */ (await instantiate(...args));
    remember(made.instance ?? made);
    return made;
  },
  instantiateStreaming: async (/** @type {[any, any]} */ ...args) => {
    const made = await instantiateStreaming(...args);
    remember(made.instance);
    return made;
  },
});
