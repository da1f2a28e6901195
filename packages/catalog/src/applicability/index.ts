export { type ApplicabilityKind, evaluateBundle } from './bundle.ts';
export { type Applicability, type EvaluationOptions, evaluateApplicability, moultRuleNames } from './evaluate.ts';
export type * from './facts.ts';
export { type RecordedFacts, readRecordedFacts, recordedFacts } from './recorded-facts.ts';
export { type ApplicabilityRules, parseRules, type Rule, rulesOf } from './rules.ts';
export type { Verdict } from './verdict.ts';
