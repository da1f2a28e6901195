// The inner loops of MSZIP and LZX in WebAssembly: one module of four kilobytes, one instance, one memory for all. The
// build of the repository compiles packages/formats/assembly. Hard part: a window (LZX: up to 2 MB, MSZIP: 32 KB) lives
// as long as its folder, and two folders may be read in turns. The decoder that uses the memory is its tenant. The next
// one asks the tenant to move out first. (Moult cannot ask whether a tenant is still wanted. A WeakRef keeps every
// tenant alive until the event loop turns. A loop over many cabinets does not let it turn.)
import { layout } from './layout.ts';
import { codecModule } from './module.ts';

/** A decoder whose state is in the codec's memory. */
export interface Tenant {
  /** Copies what it will need again out of the memory. */
  moveOut(): void;
}

/** The parts of WebAssembly that this file uses. Node's types only know it by name. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

interface CodecExports {
  memory: { buffer: ArrayBuffer };
  inflate(inputBytes: number, place: number, outputBytes: number, historyBytes: number): number;
  /** Of as many bytes of the input. */
  xorWords(bytes: number): number;
  runLzx(endPlace: number, isAligned: number, windowBytes: number): number;
}

export class Codec {
  /** All of the memory. It never grows. */
  readonly bytes: Uint8Array;
  readonly state: Uint32Array;
  readonly exports: CodecExports;
  #tenant: Tenant | undefined;

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(codecModule, 'base64'));
    this.exports = new WebAssembly.Instance(module).exports as CodecExports;
    const { buffer } = this.exports.memory;
    this.bytes = new Uint8Array(buffer);
    this.state = new Uint32Array(buffer, layout.state, 16);
  }

  /** Lets `tenant` in. False when it was not in before and has to bring its state along. */
  admit(tenant: Tenant): boolean {
    if (this.#tenant === tenant) return true;
    this.#tenant?.moveOut();
    this.#tenant = tenant;
    return false;
  }
}

let loaded: Codec | undefined;

/** The one codec, compiled on first use. */
export function loadCodec(): Codec {
  loaded ??= new Codec();
  return loaded;
}
