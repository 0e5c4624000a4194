// @ts-check
// Where the files are: functions, so that importing this does nothing, and plain `new URL`s, so that bundlers see them.

export const model = () => new URL("./model_int8.onnx", import.meta.url);
export const tokenizer = () => new URL("./tokenizer.json", import.meta.url);
export { sha256 } from "./sha256.js";
