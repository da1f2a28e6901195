// The answer of one rule, with the answers it rests on.
import type { MachineFacts } from './facts.ts';
import type { ApplicabilityRules, Rule } from './rules.ts';

export interface Verdict {
  /** `IsInstalled/And/b.RegDword[2]`: where the rule is, counting equal names among siblings from 1. */
  path: string;
  /** undefined: cannot be decided. */
  value: boolean | undefined;
  /** One sentence: the fact, or the reason for no answer. */
  says: string;
  children: Verdict[];
}

/** The surroundings of a rule. */
export interface RuleContext {
  facts: MachineFacts;
  rules: ApplicabilityRules;
  path: string;
  /** `microsoft`: Moult's own rules stay unknown. */
  vocabulary?: 'all' | 'microsoft';
  /** The key that HKEY_LOOP_TARGET means, inside b.RegKeyLoop. */
  loopTarget?: { hive: string; subkey: string; view: 'native' | '32' };
}

/** Answers one rule by name. Only rules with rules inside use `evaluate`. */
export type RuleEvaluator = (
  rule: Rule,
  context: RuleContext,
  evaluate: (rule: Rule, context: RuleContext) => Verdict,
) => Answer;

export interface Answer {
  value: boolean | undefined;
  says: string;
  children?: Verdict[];
}

export function undecided(says: string): Answer {
  return { value: undefined, says };
}

export function decided(value: boolean, says: string): Answer {
  return { value, says };
}

/** The answer for a comparison: undefined means that the rule's operator is not one. */
export function compared(value: boolean | undefined, says: string): Answer {
  return value === undefined ? undecided(`${says}; the comparison cannot be decided`) : decided(value, says);
}

/** Answers with `decide` if the fact is there, false if it is absent, unknown if it is unknown. */
export function withFact<T>(fact: T | null | undefined, what: string, decide: (value: T) => Answer): Answer {
  if (fact === undefined) return undecided(`${what} is not known on this machine`);
  if (fact === null) return decided(false, `${what} does not exist`);
  return decide(fact);
}

/** A required attribute. Calls `decide` with its value, or answers unknown for a malformed rule. */
export function withAttributes(rule: Rule, names: readonly string[], decide: (...values: string[]) => Answer): Answer {
  const values = names.map((name) => rule.attributes[name]);
  const missing = names.find((_, index) => values[index] === undefined);
  if (missing !== undefined) return undecided(`the rule has no ${missing}`);
  return decide(...(values as string[]));
}
