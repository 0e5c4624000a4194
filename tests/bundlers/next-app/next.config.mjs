// The folder above holds other apps.
export default { turbopack: { root: new URL(".", import.meta.url).pathname } };
