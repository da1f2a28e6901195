export { findingCodes, isFindingCode } from './codes.ts';
export { explainCode } from './describe.ts';
export { describePage, readPageText } from './page.ts';
