// MSZIP, the compression that most cabinets have.
export { MszipDecoder } from './decoder.ts';
export { encodeMszipBlock, encodeMszipBlockConcurrently } from './encoder.ts';
