/** What `#h5wasm` resolves to (`h5wasm/node` in Node, `h5wasm` elsewhere), for the compiler. */
export * from "h5wasm";
