// @ts-check
// Baidu's documented estimate of tokens: Han characters + words × 1.3. Words are runs of other letters and digits.

/** @param {string} text */
export function estimateTokens(text) {
  const han = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  const words = text.match(/(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}])+/gu)?.length ?? 0;
  return Math.ceil(han + words * 1.3);
}
