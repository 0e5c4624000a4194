// @ts-check
// Where there are no files but by URL.

/** @param {string} source @returns {string | URL} */
export const locate = (source) => source;

/** @param {URL} url @returns {Promise<{ size?: number, chunks: AsyncIterable<Uint8Array> } | undefined>} undefined: fetch it */
export const openFile = async (url) => undefined;
