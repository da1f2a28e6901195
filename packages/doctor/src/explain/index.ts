export { examineComputer } from './examine.ts';
export { explainUpdateInGroup } from './group.ts';
export { explainUpdateFor, type UpdateAnswer } from './update.ts';
