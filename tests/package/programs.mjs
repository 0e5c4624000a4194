// @ts-check
// Programs of this machine, or Debian's, installed when they are missing and that is allowed.

import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * @param {string} variable of the environment, which may name one @param {readonly string[]} paths where it is looked for
 * @param {string} debian its package
 */
export function findProgram(variable, paths, debian) {
  const named = process.env[variable];
  if (named && !isProgram(named)) throw new Error(`${variable}: expected a program, found none at ${named}`);
  return named || paths.find(isProgram) || (installByApt(debian) ? paths.find(isProgram) : undefined);
}

/** Without it what needs it is skipped, but not where CI=true. @param {string} missing what, and what to do @returns {{ missing: string }} */
export function without(missing) {
  if (process.env.CI === "true") throw new Error(missing);
  return { missing };
}

/** Where a shell would look for them. @param {readonly string[]} names */
export const onPath = (names) => (process.env.PATH ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));

/** @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name of a package @returns whether it was tried */
function installByApt(name) {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return false;
  try {
    const options = { stdio: /** @type {const} */ (["ignore", 2, 2]), env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
    execFileSync("apt-get", ["update", "-q"], options);
    execFileSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", name], options);
  } catch (error) {
    console.error(`${name}: apt-get did not install it: ${error}`);
  }
  return true;
}
