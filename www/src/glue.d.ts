/** The bindings that wasm-bindgen wrote, wrapped by the build so that each call gives bindings with their own state. */
declare module 'dash-spv-wasm-glue' {
  export function bindings(): import('./engine/wasm.ts').WasmApi & {
    initSync(from: { module: WebAssembly.Module }): unknown;
    default(from: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  };
}
