export { examineContent, examineSelf, type ServerPlaces } from './examine.ts';
export type { SelfSources, TreeFacts, VerifyTree } from './self.ts';
