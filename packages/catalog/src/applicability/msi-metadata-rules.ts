// Windows Installer rules without attributes: Metadata holds their questions. A patch blob names target products with
// bounds and the place of the patch in its families. An application names its product code.
import { bracedGuid, compareBy, orderVersions } from './compare.ts';
import type { MachineFacts } from './facts.ts';
import { any } from './logic.ts';
import type { ApplicabilityRules, Rule } from './rules.ts';
import { type Answer, decided, type RuleEvaluator, undecided, type Verdict, withFact } from './verdict.ts';

export const patchRules: Record<string, RuleEvaluator> = {
  'm.MsiPatchInstalled': (_, { facts, rules }) => onTargets(rules, (patch, target) => isApplied(facts, patch, target)),
  'm.MsiPatchInstallable': (_, { facts, rules }) =>
    onTargets(rules, (patch, target) => isInstallable(facts, patch, target)),
  'm.MsiPatchSuperseded': (_, { facts, rules }) =>
    onTargets(rules, (patch, target) => isSuperseded(facts, patch, target)),
};

export const applicationRules: Record<string, RuleEvaluator> = {
  'm.MsiApplicationInstalled': (_, { facts, rules }) =>
    onApplication(rules, (application) => {
      const state = applicationState(facts, application);
      return typeof state === 'string'
        ? decided(state === 'same' || state === 'newer', applicationSays(application, state))
        : state;
    }),
  'm.MsiApplicationSuperseded': (_, { facts, rules }) =>
    onApplication(rules, (application) => {
      const state = applicationState(facts, application);
      return typeof state === 'string' ? decided(state === 'newer', applicationSays(application, state)) : state;
    }),
  'm.MsiApplicationInstallable': (_, { facts, rules }) =>
    onApplication(rules, (application) => {
      const state = applicationState(facts, application);
      return typeof state === 'string'
        ? decided(state === 'absent' || state === 'older', applicationSays(application, state))
        : state;
    }),
};

interface Target {
  productCode: string;
  version: { text: string; comparison: string; filter: string } | undefined;
  language: number | undefined;
}

function onTargets(rules: ApplicabilityRules, ask: (patch: Rule, target: Target) => Answer): Answer {
  const metadata = rules.metadata.find(({ name }) => name === 'm.MsiPatchMetadata');
  const patch = metadata?.children.find(({ name }) => name === 'MsiPatch');
  if (!patch) return undecided('the update has no MsiPatchMetadata');
  const targets = targetsOf(patch);
  if (targets.length === 0) return undecided('the patch names no target product');
  const verdicts = targets.map((target): Verdict => {
    const answer = ask(patch, target);
    return { path: target.productCode, value: answer.value, says: answer.says, children: [] };
  });
  return { ...any(verdicts), children: verdicts };
}

/** TargetProduct entries with their bounds, else the flat list of TargetProductCode. */
function targetsOf(patch: Rule): Target[] {
  const detailed = patch.children
    .filter(({ name }) => name === 'TargetProduct')
    .flatMap((product): Target[] => {
      const code = product.children.find(({ name }) => name === 'TargetProductCode');
      if (!code) return [];
      const version = product.children.find(({ name }) => name === 'TargetVersion');
      const language = product.children.find(({ name }) => name === 'TargetLanguage');
      return [
        {
          productCode: bracedGuid(code.text),
          version:
            version && version.attributes.Validate !== 'false'
              ? {
                  text: version.text,
                  comparison: version.attributes.ComparisonType ?? 'Equal',
                  filter: version.attributes.ComparisonFilter ?? 'MajorMinorUpdate',
                }
              : undefined,
          language: language && language.attributes.Validate === 'true' ? Number(language.text) : undefined,
        },
      ];
    });
  if (detailed.length > 0) return detailed;
  return patch.children
    .filter(({ name }) => name === 'TargetProductCode')
    .map(({ text }) => ({ productCode: bracedGuid(text), version: undefined, language: undefined }));
}

function isApplied(facts: MachineFacts, patch: Rule, { productCode }: Target): Answer {
  return withFact(facts.msiProduct?.(productCode), `product ${productCode}`, () =>
    withFact(
      facts.msiPatchApplied?.(productCode, bracedGuid(patch.attributes.PatchGUID ?? '')),
      'the patch',
      (applied) => decided(applied, `the patch is ${applied ? '' : 'not '}applied to ${productCode}`),
    ),
  );
}

function isInstallable(facts: MachineFacts, patch: Rule, target: Target): Answer {
  const applied = isApplied(facts, patch, target);
  if (applied.value === true) return decided(false, applied.says);
  return withFact(facts.msiProduct?.(target.productCode), `product ${target.productCode}`, ({ version, language }) => {
    const says = `product ${target.productCode} is installed in version ${version}`;
    if (target.language !== undefined && language !== undefined && language !== target.language)
      return decided(false, says);
    if (target.language !== undefined && language === undefined) return undecided(`${says}; its language is not known`);
    const fits = target.version === undefined ? true : versionFits(version, target.version);
    if (fits === false)
      return decided(false, `${says}; the patch is for ${target.version?.comparison} ${target.version?.text}`);
    if (fits === undefined) return undecided(`${says}; that cannot be compared`);
    return applied.value === undefined ? applied : decided(true, says);
  });
}

const filterParts: Readonly<Record<string, number>> = { None: 0, Major: 1, MajorMinor: 2, MajorMinorUpdate: 3 };

const comparisons: Readonly<Record<string, string>> = {
  LessThan: 'LessThan',
  LessThanOrEqual: 'LessThanOrEqualTo',
  Equal: 'EqualTo',
  GreaterThanOrEqual: 'GreaterThanOrEqualTo',
  GreaterThan: 'GreaterThan',
};

function versionFits(installed: string, wanted: NonNullable<Target['version']>): boolean | undefined {
  const parts = filterParts[wanted.filter];
  if (parts === undefined) return undefined;
  if (parts === 0) return true;
  const order = orderVersions(cut(installed, parts), cut(wanted.text, parts));
  return order === undefined ? undefined : compareBy(comparisons[wanted.comparison], order);
}

function cut(version: string, parts: number): string {
  return version.trim().split('.').slice(0, parts).join('.');
}

/**
 * Superseded where an applied patch of the same family has a higher sequence and the family supersedes (Attributes 1).
 */
function isSuperseded(facts: MachineFacts, patch: Rule, { productCode }: Target): Answer {
  const sequences = patch.children.filter(({ name }) => name === 'SequenceData');
  const text = (rule: Rule, name: string) => rule.children.find((child) => child.name === name)?.text ?? '';
  return withFact(facts.msiProduct?.(productCode), `product ${productCode}`, () => {
    const answers = sequences.map((data): Verdict => {
      const family = text(data, 'PatchFamily');
      const answer = withFact(
        facts.msiPatchSequence?.(productCode, family),
        `a patch of family ${family}`,
        (installed) => {
          const order = orderVersions(installed, text(data, 'Sequence'));
          return order === undefined
            ? undecided(`sequence ${installed} cannot be compared`)
            : decided(order > 0, `${family} is at ${installed}`);
        },
      );
      return { path: family, value: answer.value, says: answer.says, children: [] };
    });
    return any(answers);
  });
}

type ApplicationState = 'absent' | 'older' | 'same' | 'newer';

function onApplication(rules: ApplicabilityRules, ask: (productCode: Rule) => Answer): Answer {
  const metadata = rules.metadata.find(({ name }) => name === 'm.MsiApplicationMetadata');
  const productCode = metadata?.children.find(({ name }) => name === 'm.ProductCode' || name === 'ProductCode');
  return productCode ? ask(productCode) : undecided('the update has no MsiApplicationMetadata');
}

/**
 * UseRecacheReinstall says when an installed product may be installed over. Without it any installed version counts.
 */
function applicationState(facts: MachineFacts, { text, attributes }: Rule): ApplicationState | Answer {
  const product = facts.msiProduct?.(bracedGuid(text));
  if (product === undefined) return undecided(`product ${text} is not known on this machine`);
  if (product === null) return 'absent';
  const option = attributes.UseRecacheReinstall ?? 'Never';
  if (option === 'Never' || attributes.Version === undefined) return 'same';
  const order = orderVersions(product.version, attributes.Version);
  if (order === undefined) return undecided(`version ${product.version} cannot be compared`);
  if (order === 0) return 'same';
  return order < 0 || option === 'AnyVersion' ? 'older' : 'newer';
}

function applicationSays({ text }: Rule, state: ApplicationState): string {
  const words = {
    absent: 'not installed',
    older: 'installed and may be replaced',
    same: 'installed',
    newer: 'installed in a newer version',
  };
  return `product ${text} is ${words[state]}`;
}
