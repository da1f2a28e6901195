export { applyRules, matches } from './apply-rules.ts';
export { deadlineAt, isTimeZone } from './deadline.ts';
export type { Rule, RuleAction, RuleConditions, RuleDeadline, RuleFacts, RuleSeverity, RuleType } from './rule.ts';
export { type ComputerEvidence, planDeclines, type SupersededUpdate } from './safe-decline.ts';
