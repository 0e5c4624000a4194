// @ts-check
// A headless Chromium: the one of this machine, or one that is installed now.

import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { ROOT } from "./installed.mjs";
import { findProgram, isProgram, onPath, without } from "./programs.mjs";

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
  return without(missing);
}

/** Its program, or why there is none. @returns {{ path: string, missing?: undefined } | { path?: undefined, missing: string }} */
export function findBrowser() {
  const path = findProgram("CHROME_PATH", [...onPath(NAMES), ...ELSEWHERE], "chromium") ?? installByPlaywright();
  return path ? { path } : { missing: "expected Chromium or Chrome, found none; name one in CHROME_PATH" };
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
