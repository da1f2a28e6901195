// Rules of a vendor's package as rules of update metadata: the same names in other namespaces. A rule that is not known here
// must never count as true, so that its package is withheld.
import { childElements, textOf, type XmlElement } from '@moult/formats/xml';
import { knownRules } from '../applicability/evaluate.ts';
import { vendorBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { checkedAttributes } from '../publication/rule-attributes.ts';
import type { RuleTree } from '../publication/rule-tree.ts';
import { vendorNamespaces } from './names.ts';

/**
 * The rules in a section (IsInstalled, IsInstallable, IsSuperseded). Undefined for a section that is missing or says
 * nothing. Throws CATALOG_UNKNOWN_RULE and CATALOG_OVER_LIMIT, naming the place.
 */
export function translateRules(section: XmlElement | undefined): RuleTree | undefined {
  const rules = section ? childElements(section) : [];
  const [only] = rules;
  if (!section || !only) return undefined;
  const translated = rules.map((rule) => translate(rule, section.local, 1));
  return translated.length === 1 ? translated[0] : { kind: 'all', rules: translated };
}

function translate(element: XmlElement, above: string, depth: number): RuleTree {
  const where = `${above}/${element.local.slice(0, 80)}`;
  if (depth > vendorBounds.maxRuleDepth) {
    throw new CatalogError('CATALOG_OVER_LIMIT', `Rules are nested deeper than ${vendorBounds.maxRuleDepth}.`);
  }
  if (element.uri === vendorNamespaces.logicalRules) return logical(element, where, depth);
  if (element.uri === vendorNamespaces.baseRules) return rule(element, 'bar', where, depth);
  if (element.uri === vendorNamespaces.msiRules) return rule(element, 'mar', where, depth);
  throw unknownRule(`${where} is in the unknown namespace "${element.uri.slice(0, 200)}".`);
}

function logical(element: XmlElement, where: string, depth: number): RuleTree {
  const inside = () => childElements(element).map((child) => translate(child, where, depth + 1));
  switch (element.local) {
    case 'True':
    case 'False':
      return { kind: 'constant', value: element.local === 'True' };
    case 'And':
    case 'Or': {
      const rules = inside();
      // An And without rules is true everywhere.
      if (rules.length === 0) throw unknownRule(`${where} holds no rule.`);
      return { kind: element.local === 'And' ? 'all' : 'any', rules };
    }
    case 'Not': {
      const [only, ...others] = inside();
      if (!only || others.length > 0) throw unknownRule(`${where} needs exactly one rule.`);
      return { kind: 'not', rule: only };
    }
    default:
      throw unknownRule(`${where} is not a rule that Moult knows.`);
  }
}

function rule(element: XmlElement, prefix: 'bar' | 'mar', where: string, depth: number): RuleTree {
  const name = `${prefix === 'bar' ? 'b' : 'm'}.${element.local}`;
  if (!knownRules.has(name)) throw unknownRule(`${where} is not a rule that Moult knows.`);
  const attributes = element.attributes.map(({ local, value }): [string, string] => [local, value]);
  const items: [string, string][] = [];
  const rules: RuleTree[] = [];
  for (const child of childElements(element)) {
    if (name === 'b.RegKeyLoop') rules.push(translate(child, where, depth + 1));
    else if (childElements(child).length === 0 && child.uri === element.uri)
      items.push([child.local, textOf(child).trim()]);
    else throw unknownRule(`${where} holds ${child.local.slice(0, 80)}, which is not known there.`);
  }
  if (name === 'b.RegKeyLoop' && rules.length !== 1) throw unknownRule(`${where} needs exactly one rule.`);
  return { kind: 'rule', prefix, name: element.local, attributes: checked(name, attributes, where), items, rules };
}

/** An attribute that the rule does not take, or an unknown comparison, makes the rule an unknown one. */
function checked(name: string, attributes: readonly [string, string][], where: string): [string, string][] {
  try {
    return checkedAttributes(name, attributes, where);
  } catch (cause) {
    if (!(cause instanceof CatalogError)) throw cause;
    throw unknownRule(cause.message, cause);
  }
}

function unknownRule(message: string, cause?: unknown): CatalogError {
  return new CatalogError('CATALOG_UNKNOWN_RULE', message, { cause });
}
