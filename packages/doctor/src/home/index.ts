export { examineContent, examineSelf, type ServerPlaces } from './examine.ts';
