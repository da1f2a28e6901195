export { xorWords } from './checksum';
export { inflate } from './inflate';
export { runLzx } from './lzx';
