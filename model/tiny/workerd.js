// The small model's files as Data modules of a Worker: wrangler wants the rule { type = "Data", globs = ["**/*.onnx", "**/tokenizer.json"] }.

export { default as model } from "./model_int8.onnx";
export { default as tokenizer } from "./tokenizer.json";
export { sha256 } from "./sha256.js";
