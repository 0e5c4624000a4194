// @ts-check
// What the demo ranks, in the page and on the command line. The first two are the examples of the two API pages; all of
// them are in tests/golden/pairs.jsonl with the logits of the fp32 model.

/** @typedef {{ name: string, lang: string, query: string, documents: string[] }} Example */

/** @type {readonly Example[]} */
export const examples = [
  {
    name: "感冒 (DMXAPI)",
    lang: "zh",
    query: "如何预防感冒",
    documents: [
      "预防感冒应勤洗手、戴口罩,保持室内通风(来源:协和医院研究)",
      "流感疫苗每年10月接种最佳,可降低70%感染风险(来源:卫健委2024指南)",
      "维生素C对感冒的预防效果存在争议(来源:JAMA医学期刊)",
    ],
  },
  {
    name: "上海天气 (Qianfan)",
    lang: "zh",
    query: "上海天气",
    documents: ["上海气候", "北京美食"],
  },
  {
    name: "Mongolia (English)",
    lang: "en",
    query: "What is the capital of Mongolia?",
    documents: [
      "Capital gains are taxed when the shares are sold.",
      "Mongolia lies between Russia and China and has more horses than people.",
      "Ulaanbaatar is the capital and the largest city of Mongolia.",
    ],
  },
];
