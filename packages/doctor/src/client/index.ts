export { type ClientOptions, type ClientProgress, examineClient } from './examine.ts';
