export { inflate, remember } from './inflate';
export { runLzx } from './lzx';
