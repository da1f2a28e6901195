export { type ExplainNode, type Explanation, explainUpdate } from './explain-update.ts';
export { simulateScan } from './simulate-scan.ts';
