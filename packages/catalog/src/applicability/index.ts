export { type ApplicabilityKind, evaluateBundle } from './bundle.ts';
export { evaluateApplicability, moultRuleNames } from './evaluate.ts';
export type * from './facts.ts';
export { readRecordedFacts } from './recorded-facts.ts';
export type { Verdict } from './verdict.ts';
