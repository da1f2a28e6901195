// LZX, the compression of Microsoft's own cabinets.
export { LzxDecoder } from './decoder.ts';
export { LzxEncoder } from './encoder.ts';
