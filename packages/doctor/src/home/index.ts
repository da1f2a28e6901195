export { examineContent, examineSelf, type HomeOptions } from './examine.ts';
