// @ts-check
// The few assertions the cases need: they also run where node:assert does not exist.

/** @param {unknown} condition @param {string} message */
export function ok(condition, message) {
  if (!condition) throw new Error(message);
}

/** @param {unknown} actual @param {unknown} expected @param {string} [what] */
export function same(actual, expected, what = "value") {
  const [a, b] = [JSON.stringify(sorted(actual)), JSON.stringify(sorted(expected))];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

/** Key order is no part of a value. @param {any} value @returns {any} */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** The error of `promise` or of a function; fails where there is none. @param {any} attempt @returns {Promise<any>} */
export async function errorOf(attempt) {
  let value;
  try {
    value = await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    return error;
  }
  throw new Error(`expected an error, found ${JSON.stringify(value)?.slice(0, 200)}`);
}

/** Everything one can reach from `error` and read, as one string. @param {any} error */
export function reachable(error) {
  const seen = new Set();
  const found = [];
  const walk = (/** @type {any} */ value) => {
    if (typeof value === "string") found.push(value);
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    found.push(String(value));
    for (const key of Reflect.ownKeys(value)) {
      found.push(String(key));
      const { get, value: held } = /** @type {any} */ (Object.getOwnPropertyDescriptor(value, key));
      walk(get ? get.call(value) : held);
    }
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== Function.prototype) walk(prototype?.constructor?.name);
  };
  walk(error);
  return [...found, JSON.stringify(error), error?.toJSON?.()].join("\n");
}
