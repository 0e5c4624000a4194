/** The ONNX file. */
export const model: ArrayBuffer;
/** Its tokenizer.json. */
export const tokenizer: ArrayBuffer;
