/** The ONNX file. */
export const model: ArrayBuffer;
/** Its tokenizer.json. */
export const tokenizer: ArrayBuffer;
/** What the files must hash to: hexadecimal SHA-256. */
export const sha256: { model: string; tokenizer: string };
