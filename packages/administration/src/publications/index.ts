export { type PackedPublication, packPublication, publish } from './publish.ts';
