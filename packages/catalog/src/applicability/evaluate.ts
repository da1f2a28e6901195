// Evaluating applicability: installed, installable, not applicable or unknown, with the rule that decided.
import type { UpdateDocument } from '../metadata/index.ts';
import { driverRules } from './driver-rules.ts';
import type { MachineFacts } from './facts.ts';
import { fileRules } from './file-rules.ts';
import { all, logicalRules, verdictsOf } from './logic.ts';
import { moultRules } from './moult-rules.ts';
import { msiRules } from './msi-rules.ts';
import { registryRules } from './registry-rules.ts';
import { type ApplicabilityRules, parseRules, type Rule, rulesOf } from './rules.ts';
import { servicingRules } from './servicing-rules.ts';
import { systemRules } from './system-rules.ts';
import { type RuleContext, type RuleEvaluator, undecided, type Verdict } from './verdict.ts';

export interface Applicability {
  kind: 'installed' | 'installable' | 'not-applicable' | 'unknown';
  /** The rule that decided: the deepest one on which the answer hangs. */
  because: { path: string; says: string };
  /** Every section that was looked at, as a tree. */
  verdicts: Verdict[];
}

const evaluators: ReadonlyMap<string, RuleEvaluator> = new Map(
  Object.entries({
    ...logicalRules,
    ...systemRules,
    ...registryRules,
    ...fileRules,
    ...msiRules,
    ...driverRules,
    ...servicingRules,
    ...moultRules,
  }),
);

/** Names of the rules that can be evaluated, as they are in fragments. */
export const knownRules: ReadonlySet<string> = new Set(evaluators.keys());

/** Names of the rules that are Moult's own, not Microsoft's. */
export const moultRuleNames: ReadonlySet<string> = new Set(Object.keys(moultRules));

interface EvaluationOptions {
  /** `microsoft`: Moult's own rules stay unknown, wherever they stand. Without it every rule is evaluated. */
  vocabulary?: 'all' | 'microsoft';
}

/**
 * The state of one update by its own rules: installed when IsInstalled holds. Else not applicable when IsSuperseded
 * holds or IsInstallable does not. Else installable. Prerequisites are the caller's business. An update without any
 * rules (a bundle parent) is unknown: judge it by its members (evaluateBundle). Software without an IsInstallable
 * section has no condition there. A category or detectoid without one is never installable. A rule that cannot be
 * decided makes the answer unknown unless it does not matter. Throws CATALOG_BAD_XML for an unreadable fragment.
 */
export function evaluateApplicability(
  rules: string | ApplicabilityRules | UpdateDocument,
  facts: MachineFacts,
  { vocabulary = 'all' }: EvaluationOptions = {},
): Applicability {
  const parsed = typeof rules === 'string' ? parseRules(rules) : 'root' in rules ? rulesOf(rules) : rules;
  if (!parsed.isInstalled && !parsed.isInstallable && !parsed.isSuperseded) {
    return { kind: 'unknown', because: { path: '', says: 'the update has no rules of its own' }, verdicts: [] };
  }
  const verdicts: Verdict[] = [];
  const section = (name: string, list: Rule[]): Verdict => {
    const verdict = evaluateSection(name, list, { facts, rules: parsed, path: name, vocabulary });
    verdicts.push(verdict);
    return verdict;
  };
  const answer = (kind: Applicability['kind'], verdict: Verdict): Applicability => ({
    kind,
    because: decidingRule(verdict),
    verdicts,
  });
  const installed = parsed.isInstalled && section('IsInstalled', parsed.isInstalled);
  if (installed?.value === true) return answer('installed', installed);
  const rest = evaluateRest(parsed, section);
  // Unknown IsInstalled, yet certainly not installable, still leaves two answers open.
  if (installed && installed.value === undefined) return answer('unknown', installed);
  return answer(rest.kind, rest.verdict ?? installed ?? { path: '', value: undefined, says: '', children: [] });
}

/** Evaluates one rule tree, for example to test a vendor's rule. */
function evaluateRule(rule: Rule, context: RuleContext): Verdict {
  if (context.vocabulary === 'microsoft' && moultRuleNames.has(rule.name)) {
    return { path: context.path, value: undefined, says: `rule ${rule.name} is not evaluated here`, children: [] };
  }
  const evaluator = evaluators.get(rule.name);
  const answer = evaluator ? evaluator(rule, context, evaluateRule) : undecided(`rule ${rule.name} is not known here`);
  return { path: context.path, value: answer.value, says: answer.says, children: answer.children ?? [] };
}

function evaluateRest(
  parsed: ApplicabilityRules,
  section: (name: string, list: Rule[]) => Verdict,
): { kind: 'installable' | 'not-applicable' | 'unknown'; verdict?: Verdict } {
  const superseded = parsed.isSuperseded && section('IsSuperseded', parsed.isSuperseded);
  if (superseded?.value === true) return { kind: 'not-applicable', verdict: superseded };
  const isRuleOnly = parsed.updateType === 'Category' || parsed.updateType === 'Detectoid';
  if (!parsed.isInstallable && isRuleOnly) return { kind: 'not-applicable' };
  const installable = parsed.isInstallable && section('IsInstallable', parsed.isInstallable);
  if (installable?.value === false) return { kind: 'not-applicable', verdict: installable };
  if (superseded && superseded.value === undefined) return { kind: 'unknown', verdict: superseded };
  if (installable && installable.value === undefined) return { kind: 'unknown', verdict: installable };
  return installable ? { kind: 'installable', verdict: installable } : { kind: 'installable' };
}

function evaluateSection(name: string, rules: Rule[], context: RuleContext): Verdict {
  const { value, says, children } = all(verdictsOf({ children: rules }, context, evaluateRule));
  return { path: name, value, says, children: children ?? [] };
}

/** Down the tree along the first child with the parent's answer (the opposite one below a Not). */
function decidingRule(verdict: Verdict): { path: string; says: string } {
  let current = verdict;
  for (;;) {
    const isNot = /(^|\/)Not(\[\d+\])?$/.test(current.path);
    const wanted = isNot && current.value !== undefined ? !current.value : current.value;
    const next = current.children.find(({ value }) => value === wanted);
    // When all hold (And) or none does (Or), no single one decided.
    const isShared = !isNot && current.children.length > 1 && current.children.every(({ value }) => value === wanted);
    if (!next || isShared) return { path: current.path, says: current.says };
    current = next;
  }
}
