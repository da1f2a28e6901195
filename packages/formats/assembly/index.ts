export { inflate } from './inflate';
export { runLzx } from './lzx';
