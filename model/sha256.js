// @ts-check
// What the files must hash to: the one place where that stands. model/recipe/ship.py writes it.

export const sha256 = {
  model: "d455ce8bbaf1e76133deff2f05faf94f5d5c659bb979ea54d5717f718b1b4ab9",
  tokenizer: "038535fcd8f98d0d360d07570ff796cae4b253baf7f0fe7e53d1ca148cba8283",
};
