/** URL of the ONNX file. */
export function model(): URL;
/** URL of its tokenizer.json. */
export function tokenizer(): URL;
