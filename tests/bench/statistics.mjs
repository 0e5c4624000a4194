// @ts-check
// Samples → what a report says of them.

/**
 * The middle value; of an even number, the mean of the middle two.
 * @param {readonly number[]} values at least one
 */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * Between neighbouring values, linearly (R's type 7).
 * @param {readonly number[]} values at least one @param {number} q 0..1
 */
export function quantile(values, q) {
  if (values.length === 0) throw new Error("quantile: expected at least one value, found none");
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/**
 * @typedef {{ median: number, low: number, high: number, count: number }} Spread `low`, `high`: the quartiles
 * @param {readonly number[]} values at least one
 * @returns {Spread}
 */
export function spread(values) {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75), count: values.length };
}

/**
 * Round by round, how many times as long `theirs` takes as `ours`: what slows the machine for a while slows both of a pair.
 * @param {readonly number[]} theirs @param {readonly number[]} ours of the same rounds, in their order
 * @returns {Spread}
 */
export function pairedRatio(theirs, ours) {
  if (theirs.length !== ours.length) throw new Error(`ratio: expected pairs, found ${theirs.length} and ${ours.length} samples`);
  return spread(theirs.map((it, round) => it / ours[round]));
}

/**
 * The straight line nearest to the points, and how far they are from it.
 * @param {readonly { x: number, y: number }[]} points at least two, of different x
 * @returns {{ slope: number, intercept: number, r2: number, worst: number }} `worst`: largest distance of a point, as a part of its y
 */
export function line(points) {
  const mean = (/** @type {number[]} */ of) => of.reduce((sum, it) => sum + it, 0) / of.length;
  const [x0, y0] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const sum = (/** @type {(p: { x: number, y: number }) => number} */ of) => points.reduce((total, point) => total + of(point), 0);
  const across = sum(({ x }) => (x - x0) ** 2);
  if (points.length < 2 || across === 0) throw new Error("line: expected two points of different x");
  const slope = sum(({ x, y }) => (x - x0) * (y - y0)) / across;
  const intercept = y0 - slope * x0;
  const off = (/** @type {{ x: number, y: number }} */ { x, y }) => Math.abs(y - (slope * x + intercept));
  const total = sum(({ y }) => (y - y0) ** 2);
  const r2 = total === 0 ? 1 : 1 - sum((point) => off(point) ** 2) / total;
  return { slope, intercept, r2, worst: Math.max(...points.map((point) => off(point) / Math.abs(point.y))) };
}
