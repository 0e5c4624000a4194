// @ts-check
// Where there are no files but by URL.

/** @param {string} source @returns {string | URL} */
export const locate = (source) => source;

/** @param {URL} url @returns {Promise<import("../sources.js").OpenSource | undefined>} undefined: fetch it */
export const openFile = async (url) => undefined;
