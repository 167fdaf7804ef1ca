/**
 * The part of the WebAssembly interface that is used here: it belongs to the DOM library of TypeScript, which a server
 * doesn't load, and Node's own types leave it out.
 */
declare namespace WebAssembly {
  interface Module {
    /** Only so that other objects are not taken for compiled modules. */
    readonly [Symbol.toStringTag]: string
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>
  }
  interface Memory {
    readonly buffer: ArrayBuffer
  }
  type ImportedFunction = (...parameters: never[]) => number

  const Module: new (bytes: Uint8Array) => Module
  const Instance: new (
    module: Module,
    imports: Readonly<Record<string, Readonly<Record<string, ImportedFunction>>>>
  ) => Instance
  const RuntimeError: new (message?: string) => Error
  function compile(bytes: Uint8Array): Promise<Module>
}
