export { type ClientView, type ExplainNode, type Explanation, explainUpdate } from './explain-update.ts';
export { type SimulatedScan, simulateScan } from './simulate-scan.ts';
