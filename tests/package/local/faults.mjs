// @ts-check
// Bad input gets a clear error and loses nothing.

import { equal, errorOf, ok, rejects, same } from "../expect.mjs";

const MODEL = "models/tiny_int8.onnx";
const TOKENIZER = "models/tokenizer.json";
const GOOD = { query: "Why is the window open?", documents: ["Open the windows.", "The invoice."] };
const PAGE = "<!doctype html><html><title>404</title><body>Not here</body></html>";

/** Every request that breaks a rule → the field its error names. @type {[request: any, names: RegExp, index?: number][]} */
const BAD_REQUESTS = [
  [undefined, /^request: /],
  [null, /^request: /],
  ["query", /^request: /],
  [{ ...GOOD, query: "" }, /^query: /],
  [{ ...GOOD, query: " \n\t\u3000" }, /^query: /],
  [{ ...GOOD, query: undefined }, /^query: /],
  [{ ...GOOD, query: 5 }, /^query: /],
  [{ ...GOOD, documents: undefined }, /^documents: /],
  [{ ...GOOD, documents: "text" }, /^documents: /],
  [{ ...GOOD, documents: { 0: "text", length: 1 } }, /^documents: /],
  [{ ...GOOD, documents: ["a", ""] }, /^documents\[1\]: /, 1],
  [{ ...GOOD, documents: ["a", "b", { text: "\n" }] }, /^documents\[2\]: /, 2],
  [{ ...GOOD, documents: ["a", 5] }, /^documents\[1\]: /, 1],
  [{ ...GOOD, documents: [null] }, /^documents\[0\]: /, 0],
  [{ ...GOOD, documents: [{ title: "a" }] }, /^documents\[0\]: .*text/, 0],
  [{ ...GOOD, documents: [["a"]] }, /^documents\[0\]: /, 0],
  [{ ...GOOD, documents: [, "a"] }, /^documents\[0\]: /, 0], // eslint-disable-line no-sparse-arrays
  [{ ...GOOD, topN: 0 }, /^topN: .*0/],
  [{ ...GOOD, topN: 1.5 }, /^topN: .*1\.5/],
  [{ ...GOOD, topN: -1 }, /^topN: /],
  [{ ...GOOD, topN: NaN }, /^topN: /],
  [{ ...GOOD, topN: "3" }, /^topN: /],
  [{ ...GOOD, overlapTokens: 81 }, /^overlapTokens: .*81/],
  [{ ...GOOD, overlapTokens: -1 }, /^overlapTokens: /],
  [{ ...GOOD, maxChunksPerDoc: NaN }, /^maxChunksPerDoc: .*NaN/],
  [{ ...GOOD, maxChunksPerDoc: 0 }, /^maxChunksPerDoc: /],
  [{ ...GOOD, returnDocuments: "yes" }, /^returnDocuments: /],
  [{ ...GOOD, timeoutMs: 0 }, /^timeoutMs: /],
  [{ ...GOOD, timeoutMs: "1" }, /^timeoutMs: /],
  [{ ...GOOD, signal: {} }, /^signal: /],
  [{ ...GOOD, onProgress: 1 }, /^onProgress: /],
  [{ ...GOOD, rankFields: ["title"] }, /^rankFields: /],
];

/** The same ONNX file with every node of one kind renamed to as long a name nobody knows. @param {Uint8Array} model @param {string} from @param {string} to */
function renameOp(model, from, to) {
  const name = new TextEncoder().encode(from);
  // NodeProto.op_type is field 4: tag 0x22, then the length.
  const field = [0x22, name.length, ...name];
  const copy = model.slice();
  let found = 0;
  for (let at = copy.indexOf(0x22); at >= 0; at = copy.indexOf(0x22, at + 1)) {
    if (!field.every((byte, offset) => copy[at + offset] === byte)) continue;
    copy.set(new TextEncoder().encode(to), at + 2);
    found++;
  }
  ok(found > 0, `a node ${from}`);
  return copy;
}

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "every bad request is invalid_request, names its field and shows no text; a good one works after them",
    async run({ loadFrom, isRerankError }) {
      const reranker = await loadFrom("tiny_int8");
      const expected = (await reranker.rerank(GOOD)).results;
      for (const [request, names, index] of BAD_REQUESTS) {
        const error = await rejects(reranker.rerank(request), "invalid_request", names);
        equal(error.index, index, `index of: ${error.message}`);
        equal(error.retryable, false, "retryable");
        ok(isRerankError(error), "the brand");
        ok(!error.message.includes("window") && !error.message.includes("invoice"), `no text in: ${error.message}`);
      }
      same((await reranker.rerank(GOOD)).results, expected, "results");
      reranker.dispose();
    },
  },
  {
    name: "what is no model is bad_model with the reason",
    async run({ load, bytes, url }) {
      const [model, fp32] = await Promise.all([bytes(MODEL), bytes("models/tiny_fp32.onnx")]);
      const tokenizer = url(TOKENIZER);
      const text = (/** @type {string} */ it) => new TextEncoder().encode(it);
      /** @type {[string, Uint8Array][]} */
      const broken = [
        ["empty", new Uint8Array(0)],
        ["a text", text("this is no model")],
        ["a page", text(PAGE)],
        ["JSON", await bytes(TOKENIZER)],
        ["zeros", new Uint8Array(5000)],
        ["noise", Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919 + (at >> 3) * 31) & 255)],
        ["ten bytes", model.slice(0, 10)],
        ["half", model.slice(0, model.length >> 1)],
        ["half of fp32", fp32.slice(0, fp32.length >> 1)],
        ["all but one byte", model.slice(0, -1)],
        ["all but 1000 bytes", fp32.slice(0, -1000)],
      ];
      for (const [name, file] of broken) {
        const error = await rejects(load({ model: file, tokenizer }), "bad_model").catch((cause) => {
          throw new Error(`${name}: ${cause.message}`);
        });
        ok(error.message.length > 20, `a reason for ${name}`);
      }
    },
  },
  {
    name: "an unknown operator is bad_model with its name",
    async run({ load, bytes, url }) {
      const fp32 = renameOp(await bytes("models/tiny_fp32.onnx"), "Softmax", "Hardmix");
      await rejects(load({ model: fp32, tokenizer: url(TOKENIZER) }), "bad_model", /Hardmix/);
      const int8 = renameOp(await bytes(MODEL), "MatMulInteger", "MatMulBanana!");
      await rejects(load({ model: int8, tokenizer: url(TOKENIZER) }), "bad_model", /MatMulBanana!/);
    },
  },
  {
    name: "what is no tokenizer is bad_tokenizer with the reason",
    async run({ load, bytes, url }) {
      const model = url(MODEL);
      const tokenizer = await bytes(TOKENIZER);
      const encoder = new TextEncoder();
      const broken = [
        new Uint8Array(0), encoder.encode("{}"), encoder.encode("[]"), encoder.encode("null"), encoder.encode(PAGE), encoder.encode("{\"model\":"),
        tokenizer.slice(0, -100), await bytes(MODEL), {}, { model: { type: "Telepathy" } }, [],
      ];
      for (const [at, file] of broken.entries()) {
        await rejects(load({ model, tokenizer: file }), "bad_tokenizer").catch((cause) => {
          throw new Error(`tokenizer ${at}: ${cause.message}`);
        });
      }
    },
  },
  {
    name: "another model's tokenizer is bad_tokenizer",
    not: ["workerd"],
    run: async ({ load, url }) => void (await rejects(load({ model: url(MODEL), tokenizer: url("pkg-model/tokenizer.json") }), "bad_tokenizer", /1200 tokens, found \d+/)),
  },
  {
    name: "a file that is not there is not_found, a host that is not there is network",
    async run({ load, url }) {
      const model = url(MODEL);
      const error = await rejects(load({ model: `${url("models/none.onnx")}?token=secret` }), "not_found", /^model: .*none\.onnx answered 404/);
      equal(error.status, 404, "status");
      ok(!error.message.includes("secret"), "no query string in the message");
      await rejects(load({ model, tokenizer: url("models/none.json") }), "not_found", /^tokenizer: /);
      await rejects(load({ model: await fetch(url("models/none.onnx")), tokenizer: url(TOKENIZER) }), "not_found", /^model: /);
      equal((await rejects(load({ model, tokenizer: "http://127.0.0.1:9/tokenizer.json" }), "network", /^tokenizer: /)).retryable, true, "retryable");
    },
  },
  {
    name: "a stream that breaks is network, one that is used up is refused",
    async run({ load, bytes, url }) {
      const model = await bytes(MODEL);
      const boom = new Error("reset");
      const broken = new ReadableStream({
        start(controller) {
          controller.enqueue(model.slice(0, 1000));
        },
        pull: () => Promise.reject(boom),
      });
      await rejects(load({ model: broken, tokenizer: url(TOKENIZER) }), "network", /^model: /);
      const used = await fetch(url(MODEL));
      await used.arrayBuffer();
      await rejects(load({ model: used, tokenizer: url(TOKENIZER) }), "invalid_request", /^model: /);
      const locked = new Blob([model]).stream();
      locked.getReader();
      await rejects(load({ model: locked, tokenizer: url(TOKENIZER) }), "invalid_request", /^model: /);
      for (const chunk of ["text", 5, null, {}]) {
        const strange = new ReadableStream({ start: (controller) => (controller.enqueue(chunk), controller.close()) });
        await rejects(load({ model: strange, tokenizer: url(TOKENIZER) }), "invalid_request", /^model: /);
      }
    },
  },
  {
    name: "wasm that cannot start is wasm_unavailable with what to do",
    not: ["workerd"],
    async run({ LocalReranker, url }) {
      const load = (/** @type {any} */ wasm) => LocalReranker.load({ model: url(MODEL), wasm });
      await rejects(load(url("pkg/none.wasm")), "wasm_unavailable", /404/);
      await rejects(load(url("wrong-type/local.simd128.wasm")), "wasm_unavailable", /text\/html/);
      await rejects(load(url("golden/tiny.json")), "wasm_unavailable");
      await rejects(load(url("garbage/local.wasm")), "wasm_unavailable");
      await rejects(load("http://127.0.0.1:9/local.wasm"), "wasm_unavailable");
      const empty = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
      await rejects(load(empty), "wasm_unavailable");
      for (const wasm of [5, {}, null, true]) await rejects(load(wasm), "invalid_request", /^wasm: /);
    },
  },
  {
    name: "a compiled module is taken as it is",
    not: ["workerd"],
    async run({ LocalReranker, url }) {
      const wasm = await WebAssembly.compile(await (await fetch(url("pkg/local.simd128.wasm"))).arrayBuffer());
      const reranker = await LocalReranker.load({ model: url(MODEL), wasm });
      equal((await reranker.rerank(GOOD)).results.length, 2, "results");
      reranker.dispose();
    },
  },
  {
    name: "isSupported, isRerankError and RerankError",
    async run({ isSupported, isRerankError, RerankError, LocalReranker }) {
      same(isSupported(), { local: true }, "isSupported");
      const error = await errorOf(LocalReranker.load({ cache: 5 }));
      ok(error instanceof RerankError && error instanceof Error, "the class");
      for (const value of [undefined, null, "x", 5, new Error("x"), { code: "internal" }]) equal(isRerankError(value), false, String(value));
      const made = new RerankError("timeout", "mine", { retryable: true, cause: 5 });
      same([made.code, made.message, made.retryable, made.cause, isRerankError(made)], ["timeout", "mine", true, 5, true], "fields");
    },
  },
];
