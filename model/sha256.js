// @ts-check
// What the files must hash to: the one place where that stands. model/recipe/ship.py writes it.

export const sha256 = {
  model: "e4cd0c1ee7b0b5a64be9adee243fabae6d203ba553e247c8b3a60e1b8f29a188",
  tokenizer: "038535fcd8f98d0d360d07570ff796cae4b253baf7f0fe7e53d1ca148cba8283",
};
