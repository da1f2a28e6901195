// Windows Installer rules (MsiApplicabilityRules.xsd) over products, features, components and patches as facts.
import { bracedGuid, isTrue, orderVersions, toNumber } from './compare.ts';
import type { MachineFacts, MsiProductFacts } from './facts.ts';
import { all, any } from './logic.ts';
import { applicationRules, patchRules } from './msi-metadata-rules.ts';
import type { Rule } from './rules.ts';
import {
  type Answer,
  decided,
  type RuleContext,
  type RuleEvaluator,
  undecided,
  withAttributes,
  withFact,
} from './verdict.ts';

export const msiRules: Record<string, RuleEvaluator> = {
  'm.MsiProductInstalled': (rule, { facts }) =>
    withAttributes(rule, ['ProductCode'], (code) => productWithin(facts, code, rule.attributes)),
  'm.MsiPatchInstalledForProduct': (rule, { facts }) =>
    withAttributes(rule, ['PatchCode', 'ProductCode'], (patch, code) => {
      const product = productWithin(facts, code, rule.attributes);
      if (product.value !== true) return product;
      return withFact(facts.msiPatchApplied?.(bracedGuid(code), bracedGuid(patch)), `patch ${patch}`, (applied) =>
        decided(applied, `patch ${patch} is ${applied ? '' : 'not '}applied to ${code}`),
      );
    }),
  'm.MsiFeatureInstalledForProduct': (rule, context) =>
    forProducts(rule, context, 'Feature', 'AllFeaturesRequired', (code, feature) =>
      context.facts.msiFeatureInstalled?.(bracedGuid(code), feature),
    ),
  'm.MsiComponentInstalledForProduct': (rule, context) =>
    forProducts(rule, context, 'Component', 'AllComponentsRequired', (code, component) =>
      context.facts.msiComponentInstalled?.(bracedGuid(code), bracedGuid(component)),
    ),
  ...patchRules,
  ...applicationRules,
};

/** Whether the product is installed within the bounds that the attributes name. */
function productWithin(facts: MachineFacts, code: string, bounds: Readonly<Record<string, string>>): Answer {
  return withFact(facts.msiProduct?.(bracedGuid(code)), `product ${code}`, (product) => {
    const says = `product ${code} is installed in version ${product.version}`;
    const checks = [
      atLeast(product.version, bounds.VersionMin, isTrue(bounds.ExcludeVersionMin)),
      atLeast(bounds.VersionMax, product.version, isTrue(bounds.ExcludeVersionMax)),
      hasLanguage(product, bounds.Language),
    ];
    if (checks.includes(false)) return decided(false, says);
    return checks.includes(undefined) ? undecided(`${says}; that cannot be compared`) : decided(true, says);
  });
}

/** An absent bound holds, and so does whatever its Exclude attribute says. */
function atLeast(higher: string | undefined, lower: string | undefined, excluded: boolean): boolean | undefined {
  if (higher === undefined || lower === undefined) return true;
  const order = orderVersions(higher, lower);
  return order === undefined ? undefined : excluded ? order > 0 : order >= 0;
}

function hasLanguage({ language }: MsiProductFacts, wanted: string | undefined): boolean | undefined {
  if (wanted === undefined) return true;
  const number = toNumber(wanted);
  return language === undefined || number === undefined ? undefined : language === number;
}

function forProducts(
  rule: Rule,
  { path }: RuleContext,
  partName: string,
  allParts: string,
  ask: (product: string, part: string) => boolean | null | undefined,
): Answer {
  const texts = (name: string) =>
    rule.children.filter((child) => local(child.name) === name).map((child) => child.text);
  const parts = texts(partName);
  const products = texts('Product');
  if (parts.length === 0 || products.length === 0) return undecided(`the rule needs a ${partName} and a Product`);
  const combine = (every: boolean) => (every ? all : any);
  const verdicts = products.map((product) => {
    const found = parts.map((part) => {
      const answer = withFact(ask(product, part), `${partName} ${part}`, (has) =>
        decided(has, `${partName} ${part} is ${has ? '' : 'not '}installed for ${product}`),
      );
      return { path: `${path}/${product}/${part}`, value: answer.value, says: answer.says, children: [] };
    });
    const answer = combine(isTrue(rule.attributes[allParts]))(found);
    return { path: `${path}/${product}`, value: answer.value, says: answer.says, children: found };
  });
  return combine(isTrue(rule.attributes.AllProductsRequired))(verdicts);
}

function local(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}
