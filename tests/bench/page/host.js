// @ts-check
// What a page of the bench does when it is told to: load one engine, score, measure, dispose.

/**
 * @typedef {object} Files of a model, already in memory where an engine takes bytes
 * @property {string} id
 * @property {() => Promise<Uint8Array>} model
 * @property {() => Promise<Uint8Array>} tokenizer
 */

/** @type {{ facts: object, score: (request: any) => Promise<number[]>, dispose: () => void } | undefined} */
let engine;

const bytes = async (/** @type {string} */ url) => {
  const reply = await fetch(url);
  if (!reply.ok) throw new Error(`${url}: ${reply.status}`);
  return new Uint8Array(await reply.arrayBuffer());
};

const commands = {
  /** Loads the engine. @param {{ adapter: string, options?: object, model: string }} what */
  async load({ adapter, options = {}, model }) {
    const [modelBytes, tokenizerBytes] = await Promise.all([bytes(`/models/${model}/onnx/model_quantized.onnx`), bytes(`/models/${model}/tokenizer.json`)]);
    const { openEngine } = await import(`/bench/engines/${adapter}`);
    const start = performance.now();
    const opened = await openEngine({ id: model, model: async () => modelBytes, tokenizer: async () => tokenizerBytes }, options);
    const readyMs = performance.now() - start;
    engine = opened;
    return { readyMs, facts: opened.facts };
  },

  /** Scores `request` again and again. @param {{ request: object, repeats: number }} what `ms`: of one, on average */
  async score({ request, repeats }) {
    if (!engine) throw new Error("no engine is loaded");
    let logits;
    const start = performance.now();
    for (let count = 0; count < repeats; count++) logits = await engine.score(request);
    return { ms: (performance.now() - start) / repeats, logits };
  },

  async dispose() {
    engine?.dispose();
    engine = undefined;
  },

  /** What `i32x4.relaxed_dot_i8x16_i7x16_add_s` makes of a second operand above 127. */
  async relaxedDot() {
    const splat = (/** @type {number} */ byte) => [0x41, ...(byte === 127 ? [0xff, 0x00] : byte === 255 ? [0xff, 0x01] : [0x00]), 0xfd, 0x0f];
    const body = [0, ...splat(127), ...splat(255), ...splat(0), 0xfd, 0x93, 0x02, 0xfd, 0x1b, 0, 0x0b];
    const module = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, body.length + 2, 1, body.length, ...body];
    try {
      const { instance } = await WebAssembly.instantiate(new Uint8Array(module));
      const sum = /** @type {() => number} */ (instance.exports.f)();
      return { [-508]: "signed", 129540: "unsigned", 65534: "saturating" }[sum] ?? `another (${sum})`;
    } catch {
      return "none";
    }
  },
};

Object.assign(globalThis, { bench: commands });
