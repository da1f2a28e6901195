// And, Or, Not, True, False with three values: only a definite false in And or a definite true in Or overrides an
// unknown one.
import type { Rule } from './rules.ts';
import { type Answer, type RuleContext, type RuleEvaluator, undecided, type Verdict } from './verdict.ts';

export const logicalRules: Record<string, RuleEvaluator> = {
  True: () => ({ value: true, says: 'always true' }),
  False: () => ({ value: false, says: 'always false' }),
  And: (rule, context, evaluate) => all(verdictsOf(rule, context, evaluate)),
  Or: (rule, context, evaluate) => any(verdictsOf(rule, context, evaluate)),
  Not: (rule, context, evaluate) => {
    const children = verdictsOf(rule, context, evaluate);
    if (children.length !== 1) return { ...undecided('Not needs exactly one rule'), children };
    const inner = children[0]?.value;
    return { value: inner === undefined ? undefined : !inner, says: `not: ${children[0]?.says}`, children };
  },
};

/** AND of verdicts. Of none it is true. */
export function all(children: Verdict[]): Answer {
  const failed = children.find(({ value }) => value === false);
  if (failed) return { value: false, says: failed.says, children };
  const open = children.find(({ value }) => value === undefined);
  return open
    ? { value: undefined, says: open.says, children }
    : { value: true, says: children.length === 0 ? 'no condition' : 'every condition holds', children };
}

/** OR of verdicts. Of none it is false. */
export function any(children: Verdict[]): Answer {
  const held = children.find(({ value }) => value === true);
  if (held) return { value: true, says: held.says, children };
  const open = children.find(({ value }) => value === undefined);
  return open
    ? { value: undefined, says: open.says, children }
    : { value: false, says: 'no alternative holds', children };
}

/** Evaluates the rules inside `rule`, each under its own path. */
export function verdictsOf(
  rule: Pick<Rule, 'children'>,
  context: RuleContext,
  evaluate: (rule: Rule, context: RuleContext) => Verdict,
): Verdict[] {
  const counts = new Map<string, number>();
  return rule.children.map((child) => {
    const count = (counts.get(child.name) ?? 0) + 1;
    counts.set(child.name, count);
    const isOnly = rule.children.filter(({ name }) => name === child.name).length === 1;
    return evaluate(child, { ...context, path: `${context.path}/${child.name}${isOnly ? '' : `[${count}]`}` });
  });
}
