// @ts-check
// Are a peer's scores of the same pairs the same as ours? Before its time counts.

/**
 * Two int8 engines never give the same logit: one scale a tensor or one a row, and roundings that flip. Apart on average by
 * this part of the largest logit they still run the same model; another graph or a wrong input is further off.
 */
const TOLERANCE = 0.1;

/**
 * @typedef {{ agrees: boolean, meanDifference: number, maxDifference: number, largest: number }} Agreement of logits
 * @param {readonly number[]} theirs @param {readonly number[]} ours @param {number} [tolerance] as a part of the largest logit
 * @returns {Agreement}
 */
export function compareScores(theirs, ours, tolerance = TOLERANCE) {
  if (theirs.length !== ours.length) throw new Error(`scores: expected ${ours.length}, found ${theirs.length}`);
  const differences = theirs.map((it, index) => Math.abs(it - ours[index]));
  const largest = Math.max(...ours.map(Math.abs), ...theirs.map(Math.abs));
  const meanDifference = differences.reduce((sum, it) => sum + it, 0) / differences.length;
  // NaN agrees with nothing.
  return { agrees: meanDifference <= tolerance * largest, meanDifference, maxDifference: Math.max(...differences), largest };
}

/**
 * From fp32, on average, an engine may lie this part of how far apart the pairs themselves lie (their standard deviation): of
 * another graph or of wrong input the distance is as large as that or larger.
 */
const MOST_OF_SPREAD = 0.5;

/**
 * @typedef {{ agrees: boolean, mean: number, spread: number }} Distance
 * @param {readonly number[]} fp32 @param {readonly number[]} logits @returns {Distance}
 */
export function distanceFrom(fp32, logits) {
  if (fp32.length !== logits.length) throw new Error(`scores: expected ${fp32.length}, found ${logits.length}`);
  const mean = (/** @type {readonly number[]} */ of) => of.reduce((sum, it) => sum + it, 0) / of.length;
  const middle = mean(fp32);
  const spread = Math.sqrt(mean(fp32.map((it) => (it - middle) ** 2)));
  const distance = mean(logits.map((it, at) => Math.abs(it - fp32[at])));
  return { agrees: distance <= MOST_OF_SPREAD * spread, mean: distance, spread };
}
