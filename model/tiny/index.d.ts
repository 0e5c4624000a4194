/** URL of the ONNX file. */
export function model(): URL;
/** URL of its tokenizer.json. */
export function tokenizer(): URL;
/** What the files must hash to: hexadecimal SHA-256. */
export const sha256: { model: string; tokenizer: string };
