// @ts-check
// What is measured: how many documents of how many tokens, on which model. Data only.

/**
 * @typedef {object} Workload
 * @property {string} id
 * @property {string} title
 * @property {readonly number[]} tokens of each pair, query and separators included; one a document
 * @property {number} [documentTokens] in place of `tokens`: of the document alone, so that it is read in windows
 */

/** Every pair of the same length. @param {number} documents @param {number} tokens @returns {Workload} */
export const equal = (documents, tokens) => ({
  id: `${documents}x${tokens}`,
  title: `${documents} × ${tokens}`,
  tokens: Array.from({ length: documents }, () => tokens),
});

/** Lengths as search results have them: from 40 to 512 tokens, each a fixed ratio above the last, in no order. */
const MIXED = [211, 40, 132, 512, 67, 90, 298, 51, 161, 390, 46, 117, 241, 59, 342, 77, 103, 184, 448, 146];

/** @type {Record<string, Workload>} */
export const WORKLOADS = Object.fromEntries(
  [
    equal(1, 128),
    equal(1, 512),
    equal(8, 128),
    { id: "mixed20", title: "20 mixed", tokens: MIXED },
    equal(50, 64),
    equal(100, 64),
    // As many as Qianfan takes, each as long as the model reads.
    { ...equal(64, 512), id: "qianfan64", title: "64 × 512 (Qianfan's most documents)" },
    { ...equal(64, 1_024), id: "qianfan64long", title: "64 × 1024 (Qianfan's most and longest documents)" },
  ].map((workload) => [workload.id, workload]),
);

/** What `--quick` compares, which has ten minutes; the rest is for longer runs. */
const QUICK = ["ours", "ort", "ours-simd128", "ours-workers", "tjs"];

/** What each model is measured on. @type {readonly { model: string, workload: string, quick?: boolean, quickEngines?: readonly string[], cannot?: string }[]}
 *   `quick`: also by `--quick`, with `quickEngines` alone where it is long; `cannot`: why not */
export const PLAN = [
  { model: "default", workload: "8x128", quick: true, quickEngines: QUICK },
  { model: "default", workload: "mixed20", quick: true, quickEngines: ["ours", "ours-workers", "tjs"] },
  { model: "default", workload: "50x64" },
  { model: "default", workload: "100x64" },
  { model: "default", workload: "qianfan64" },
  { model: "minilm", workload: "8x128", quick: true, quickEngines: [...QUICK, "litert", "ort-node"] },
  { model: "minilm", workload: "1x512" },
  { model: "minilm", workload: "mixed20" },
  { model: "bce", workload: "1x128", quick: true, quickEngines: QUICK },
  { model: "bce", workload: "1x512" },
  { model: "bge", workload: "1x128" },
  { model: "bge", workload: "1x512" },
  // The only shape with positions for it.
  { model: "bge", workload: "qianfan64long", cannot: "46,000 billion operations, over ten minutes a list at 70 GOPS, and a page may take four; growth measures one such pair" },
];
