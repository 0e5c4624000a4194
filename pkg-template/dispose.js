// @ts-check
// `using` and `await using`, where the runtime has their symbols.

/** @param {{ dispose(): void }} target an object or a prototype; its `dispose` is what they call */
export function disposable(target) {
  for (const symbol of [Symbol.dispose, Symbol.asyncDispose]) {
    if (symbol) Object.defineProperty(target, symbol, { async value() { this.dispose(); }, configurable: true });
  }
}
