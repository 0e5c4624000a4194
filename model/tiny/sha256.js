// @ts-check
// What the files must hash to: the one place where that stands. model/recipe/ship.py writes it.

export const sha256 = {
  model: "53bb04d8f6290979e3d0b960e8e385ae431ffb559d55a3b967916884cbb8c451",
  tokenizer: "8b474b88fdd8168874b5ae7a89d0479809a02c4b2b2368155ee9bbe2d45f9e69",
};
