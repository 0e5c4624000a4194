// @ts-check
// What the files must hash to: the one place where that stands. model/recipe/ship.py writes it.

export const sha256 = {
  model: "715a7a2527b40d66a6c06130f461c96361fef9cea218a2cf25ce960cdae217e4",
  tokenizer: "d1aa4ab0ef2cac5216d4072f60e55329f88f612753c96bc8498efede04059d15",
};
