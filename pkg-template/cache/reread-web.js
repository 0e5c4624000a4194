// @ts-check
// A cached file once more, in a worker of a page.

import { acrossParts, remembering } from "./reread.js";
import { FOLDER } from "./web.js";

/**
 * By snapshots of the parts and FileReaderSync. FileSystemSyncAccessHandle would lock them: no other worker, tab or
 * `deleteCached()` could then open them, or replace what is damaged.
 * @param {import("./reread.js").Again} again @returns {Promise<import("./reread.js").Reread>}
 */
export async function openAgain(again) {
  if (again.kind !== "opfs") throw new Error(`expected a file in OPFS, found one of kind ${again.kind}`);
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER);
  /** @type {File[]} */
  const parts = [];
  try {
    for (;;) parts.push(await (await folder.getFileHandle(`${again.key}.${parts.length}`)).getFile());
  } catch {
    // One behind the last.
  }
  const reader = new FileReaderSync();
  return remembering(acrossParts((part, offset, length) => new Uint8Array(reader.readAsArrayBuffer(parts[part].slice(offset, offset + length)))));
}
