// @ts-check
// workerd has no workers of this kind: everything runs on one thread.

export const canSpawn = () => false;
export const cores = () => 1;
export const deviceMemory = () => 0;

/** @returns {never} */
export function spawn() {
  throw new Error("expected a runtime with workers, found workerd");
}
