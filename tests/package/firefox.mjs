// @ts-check
// A headless Firefox: the stock one of this machine, or one that is installed now, driven by WebDriver BiDi.

import puppeteer from "puppeteer-core";

import { findProgram, onPath, without } from "./programs.mjs";

const NAMES = ["firefox-esr", "firefox"];
const ELSEWHERE = ["/snap/bin/firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"];

/** What one case may take. */
const PROTOCOL_MS = 180_000;

/** As `openBrowser` does: with CI=true there has to be one. @param {number} [protocolTimeout] ms @returns {Promise<{ browser: import("puppeteer-core").Browser, missing?: undefined } | { browser?: undefined, missing: string }>} */
export async function openFirefox(protocolTimeout = PROTOCOL_MS) {
  const executablePath = findProgram("FIREFOX_PATH", [...onPath(NAMES), ...ELSEWHERE], "firefox-esr");
  if (!executablePath) return without("expected Firefox, found none; name one in FIREFOX_PATH");
  return { browser: await puppeteer.launch({ browser: "firefox", executablePath, headless: true, protocolTimeout }) };
}
