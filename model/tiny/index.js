// @ts-check
// The small model's files, for load({ model: model(), tokenizer: tokenizer() }).

export const model = () => new URL("./model_int8.onnx", import.meta.url);
export const tokenizer = () => new URL("./tokenizer.json", import.meta.url);
export { sha256 } from "./sha256.js";
