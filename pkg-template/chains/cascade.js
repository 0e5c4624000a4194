// @ts-check
// A fast reranker sorts out, a strong one ranks what is left.

import { disposable } from "../dispose.js";
import { isRerankError } from "../error.js";
import { checkNumber, readRequest } from "../request.js";
import { checkEnds, notePrivacy } from "./ends.js";

/** Twice a page of results: room for the strong one to correct the fast one. */
const DEFAULT_KEEP = 20;

/** @param {any} fast @param {any} strong @param {{ keep?: number, allowRemote?: boolean }} [options] */
export function cascade(fast, strong, { keep = DEFAULT_KEEP, allowRemote } = {}) {
  checkEnds("cascade", { fast, strong }, allowRemote);
  checkNumber("keep", keep, { least: 1, whole: true });
  const chain = {
    /** @param {any} request */
    async rerank(request) {
      const { plain, call, documents } = readRequest(request);
      /** @type {Record<string, any>} */
      const asked = { ...plain, ...call, documents };
      // Nothing to sort out: the fast one would have no say.
      if (documents.length <= keep) return strong.rerank(asked);
      // Both stages as one.
      const tell = call.onProgress && ((/** @type {number} */ done, /** @type {any} */ windows) => call.onProgress({ done, total: documents.length + keep, ...(windows ? { windows } : {}) }));
      const first = tell && ((/** @type {any} */ { done, windows }) => tell(done, windows));
      const { minScore, minScoreRatio, ...sifting } = asked;
      const sifted = await fast.rerank({ ...sifting, topN: keep, returnDocuments: false, onProgress: first });
      // In request order, which decides ties.
      const kept = sifted.results.map((/** @type {any} */ it) => it.index).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
      const second = tell && ((/** @type {any} */ { done, windows }) => tell(documents.length + done, windows && { ...windows, index: kept[windows.index] }));
      const left = kept.map((/** @type {number} */ index) => documents[index]);
      const ranked = await strong.rerank({ ...asked, documents: left, onProgress: second }).catch((/** @type {unknown} */ error) => {
        throw blamed(error, kept);
      });
      const results = ranked.results.map((/** @type {any} */ it) => ({ ...it, index: kept[it.index] }));
      return { ...ranked, results, warnings: [...sifted.warnings, ...ranked.warnings.map((/** @type {any} */ it) => reindexed(it, kept))] };
    },
    dispose() {
      fast.dispose();
      strong.dispose();
    },
  };
  disposable(chain);
  return notePrivacy(chain, [fast, strong]);
}

/** @param {{ code: string, message: string, index?: number }} warning @param {number[]} kept positions in the caller's list */
const reindexed = (warning, kept) => (warning.index === undefined ? warning : { ...warning, index: kept[warning.index] });

/** The error of a document, by its place in the caller's list. @param {unknown} error @param {number[]} kept */
function blamed(error, kept) {
  const at = /** @type {any} */ (error)?.index;
  if (!isRerankError(error) || at === undefined) return error;
  return Object.assign(error, { index: kept[at], message: error.message.replace(`documents[${at}]`, `documents[${kept[at]}]`) });
}
