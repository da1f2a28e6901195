// How many of the known computers an update is for, before it is published: its rules against what each computer said of
// itself. Prerequisites, and everything that only the computer knows, are left open.
import { evaluateApplicability } from '../applicability/evaluate.ts';
import { rulesOf } from '../applicability/rules.ts';
import type { Verdict } from '../applicability/verdict.ts';
import type { UpdateDocument } from '../metadata/index.ts';
import { type RegisteredSystemFacts, registeredFacts } from './registered-facts.ts';

/** Computers that said the same of themselves. */
export interface CountedSystem {
  facts: RegisteredSystemFacts;
  computers: number;
}

export interface Reach {
  computers: number;
  /** Its rules hold there: it can be installed, or is. */
  applies: number;
  /** Its rules do not hold there. */
  appliesNot: number;
  /** The server knows too little of them to decide. */
  open: number;
  /** Rules that left computers open, by name, each once. */
  openRules: string[];
  /** No rule narrows it: it applies to every computer, known or not. */
  isUnlimited: boolean;
  restart: 'never' | 'can' | 'always';
}

/** Throws nothing for a document that was parsed. */
export function estimateReach(document: UpdateDocument, systems: readonly CountedSystem[]): Reach {
  const rules = rulesOf(document);
  const openRules = new Set<string>();
  const sums = { applies: 0, appliesNot: 0, open: 0 };
  for (const { facts, computers } of systems) {
    const { value, verdicts } = isInstallable(rules, registeredFacts(facts));
    sums[value === undefined ? 'open' : value ? 'applies' : 'appliesNot'] += computers;
    if (value === undefined) for (const name of verdicts.flatMap(openNames)) openRules.add(name);
  }
  return {
    computers: sums.applies + sums.appliesNot + sums.open,
    ...sums,
    openRules: [...openRules].sort(),
    isUnlimited: isInstallable(rules, {}).value === true,
    restart: restartOf(document),
  };
}

/** An update that is on a machine is for it, whatever its IsInstallable says now. */
function isInstallable(rules: ReturnType<typeof rulesOf>, facts: Parameters<typeof evaluateApplicability>[1]) {
  const { kind, verdicts } = evaluateApplicability(rules, facts);
  const find = (path: string) => verdicts.find((verdict) => verdict.path === path);
  const installable = find('IsInstallable');
  const relevant = installable ? [installable] : [];
  if (kind === 'installed') return { value: true, verdicts: relevant };
  if (find('IsSuperseded')?.value === true) return { value: false, verdicts: relevant };
  // A missing section sets no condition.
  return { value: rules.isInstallable ? installable?.value : true, verdicts: relevant };
}

function openNames({ path, value, children }: Verdict): string[] {
  if (value !== undefined) return [];
  const inside = children.flatMap(openNames);
  if (inside.length > 0) return inside;
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\[\d+\]$/, '');
  return [name.replace(/^[bmd]\./, '')];
}

function restartOf({ properties }: UpdateDocument): Reach['restart'] {
  const behavior = properties.installationBehavior?.rebootBehavior;
  return behavior === 'AlwaysRequiresReboot' ? 'always' : behavior === 'CanRequestReboot' ? 'can' : 'never';
}
