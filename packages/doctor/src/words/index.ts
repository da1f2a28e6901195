export { type FindingCode, findingCodes, isFindingCode } from './codes.ts';
export { explainCode } from './describe.ts';
export { describePage, readPageText, type WordsOfFault, wordsOfFault } from './page.ts';
export { type WordsOfCode, wordsOfCode } from './result-code.ts';
