export { examineComputer } from './examine.ts';
export { explainUpdateFor, type UpdateAnswer } from './update.ts';
