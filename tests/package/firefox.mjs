// @ts-check
// A headless Firefox: the stock one of this machine, or one that is installed now, driven by WebDriver BiDi.

import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";

import puppeteer from "puppeteer-core";

const PATHS = ["/usr/bin/firefox-esr", "/usr/bin/firefox", "/snap/bin/firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"];

/** What one case may take. */
const PROTOCOL_MS = 180_000;

/** @returns {Promise<{ browser: import("puppeteer-core").Browser, missing?: undefined } | { browser?: undefined, missing: string }>} */
export async function openFirefox() {
  const executablePath = onThisMachine() ?? installByApt();
  if (!executablePath) return { missing: "expected Firefox, found none; name one in FIREFOX_PATH" };
  return { browser: await puppeteer.launch({ browser: "firefox", executablePath, headless: true, protocolTimeout: PROTOCOL_MS }) };
}

function onThisMachine() {
  const named = process.env.FIREFOX_PATH;
  if (named && !isProgram(named)) throw new Error(`FIREFOX_PATH: expected a program, found none at ${named}`);
  return named ?? PATHS.find(isProgram);
}

function installByApt() {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return undefined;
  try {
    const options = { stdio: /** @type {const} */ (["ignore", 2, 2]), env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
    execFileSync("apt-get", ["update", "-q"], options);
    execFileSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "firefox-esr"], options);
  } catch (error) {
    console.error(`firefox: apt-get did not install it: ${error}`);
  }
  return onThisMachine();
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
