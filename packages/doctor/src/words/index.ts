export { findingCodes, isFindingCode } from './codes.ts';
export { readPageText } from './page.ts';
