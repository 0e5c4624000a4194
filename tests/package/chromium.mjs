// @ts-check
// A headless Chromium: the one of this machine, or one that is installed now.

import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { chromium } from "playwright-core";

import { ROOT } from "./installed.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge"];
const ELSEWHERE = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"];

/** No request of the browser's own, and no sandbox, which needs rights a container lacks. */
export const ARGUMENTS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-sync",
  "--no-first-run",
  "--no-pings",
  "--metrics-recording-only",
];

/** What npx playwright may take to download a browser. */
const DOWNLOAD_MS = 60_000;

/**
 * A browser with a fresh profile, or why there is none. With CI=true there has to be one.
 * @param {readonly string[]} [flags] further arguments
 * @returns {Promise<{ browser: import("playwright-core").Browser, missing?: undefined } | { browser?: undefined, missing: string }>}
 */
export async function openBrowser(flags = []) {
  const { path, missing } = findBrowser();
  if (path) return { browser: await chromium.launch({ executablePath: path, headless: true, args: [...ARGUMENTS, ...flags] }) };
  if (process.env.CI === "true") throw new Error(missing);
  return { missing };
}

/** Its program, or why there is none. @returns {{ path: string, missing?: undefined } | { path?: undefined, missing: string }} */
export function findBrowser() {
  const path = onThisMachine() ?? installByApt() ?? installByPlaywright();
  return path ? { path } : { missing: "expected Chromium or Chrome, found none; name one in CHROME_PATH" };
}

function onThisMachine() {
  const named = process.env.CHROME_PATH;
  if (named) {
    if (!isProgram(named)) throw new Error(`CHROME_PATH: expected a program, found none at ${named}`);
    return named;
  }
  const folders = (process.env.PATH ?? "").split(delimiter);
  return [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...ELSEWHERE].find(isProgram);
}

function installByApt() {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return undefined;
  try {
    const options = { stdio: /** @type {const} */ (["ignore", 2, 2]), env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
    execFileSync("apt-get", ["update", "-q"], options);
    execFileSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "chromium"], options);
  } catch (error) {
    console.error(`chromium: apt-get did not install it: ${error}`);
  }
  return onThisMachine();
}

function installByPlaywright() {
  try {
    const playwright = join(ROOT, "node_modules", "playwright-core", "cli.js");
    execFileSync(process.execPath, [playwright, "install", "chromium"], { stdio: ["ignore", 2, 2], timeout: DOWNLOAD_MS });
  } catch (error) {
    console.error(`chromium: playwright did not install it: ${error}`);
  }
  const path = chromium.executablePath();
  return isProgram(path) ? path : undefined;
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
