// Detection rules in YAML: all, any, not, always, never, and every other key the name of a rule with its attributes
// (file-exists or FileExists). Names without a prefix in fragments are ours. B: and m: rules are Microsoft's.
import { escapeAttribute, escapeText } from '@moult/formats/xml';
import { knownRules } from '../applicability/evaluate.ts';
import { checkedAttributes } from './rule-attributes.ts';
import { bad, mapping } from './yaml-values.ts';

export type RuleTree =
  | { kind: 'all' | 'any'; rules: RuleTree[] }
  | { kind: 'not'; rule: RuleTree }
  | { kind: 'constant'; value: boolean }
  | {
      kind: 'rule';
      prefix: 'bar' | 'mar' | 'moult';
      name: string;
      attributes: [string, string][];
      items: [string, string][];
      /** Rules inside: of RegKeyLoop, which no publication in YAML writes. */
      rules?: RuleTree[];
    };

const prefixOf: Readonly<Record<string, 'bar' | 'mar'>> = { 'b.': 'bar', 'm.': 'mar' };

/** Reads one rule, or a list of rules that must all hold. Throws CATALOG_BAD_PUBLICATION. */
export function parseRuleTree(value: unknown, key: string): RuleTree {
  if (value === 'always' || value === 'never') return { kind: 'constant', value: value === 'always' };
  // Without any rule it holds everywhere, and the update is installed nowhere.
  if (Array.isArray(value) && value.length === 0) throw bad(`${key} is empty.`);
  if (Array.isArray(value)) return { kind: 'all', rules: value.map((one, at) => parseRuleTree(one, `${key}[${at}]`)) };
  const entries = Object.entries(mapping(value, key));
  const rules = entries.map(([name, inner]) => parseEntry(name, inner, `${key}.${name}`));
  const [only] = rules;
  if (!only) throw bad(`${key} is empty.`);
  return rules.length === 1 ? only : { kind: 'all', rules };
}

/** The rule as elements with the prefixes lar, bar, mar and moult. */
export function writeRuleTree(tree: RuleTree): string {
  switch (tree.kind) {
    case 'constant':
      return tree.value ? '<lar:True />' : '<lar:False />';
    case 'not':
      return `<lar:Not>${writeRuleTree(tree.rule)}</lar:Not>`;
    case 'all':
      return `<lar:And>${tree.rules.map(writeRuleTree).join('')}</lar:And>`;
    case 'any':
      return `<lar:Or>${tree.rules.map(writeRuleTree).join('')}</lar:Or>`;
    case 'rule': {
      const head = `${tree.prefix}:${tree.name}`;
      const attributes = tree.attributes.map(([name, text]) => ` ${name}="${escapeAttribute(text)}"`).join('');
      const items = tree.items.map(
        ([name, text]) => `<${tree.prefix}:${name}>${escapeText(text)}</${tree.prefix}:${name}>`,
      );
      items.push(...(tree.rules ?? []).map(writeRuleTree));
      return items.length === 0 ? `<${head}${attributes} />` : `<${head}${attributes}>${items.join('')}</${head}>`;
    }
  }
}

function parseEntry(name: string, value: unknown, key: string): RuleTree {
  switch (name) {
    case 'all':
    case 'any': {
      if (!Array.isArray(value) || value.length === 0) throw bad(`${key} must be a list of rules.`);
      return { kind: name, rules: value.map((one, at) => parseRuleTree(one, `${key}[${at}]`)) };
    }
    case 'always':
    case 'never':
      if (value !== null && value !== true) throw bad(`${key} stands alone: write "${name}".`);
      return { kind: 'constant', value: name === 'always' };
    case 'not':
      return { kind: 'not', rule: parseRuleTree(value, key) };
    default:
      return parseRule(name, value ?? {}, key);
  }
}

/** Lists become child elements named in the singular: `arguments: [a, b]` is `<Argument>a</Argument>…`. */
function parseRule(written: string, value: unknown, key: string): RuleTree {
  const local = pascal(written);
  const isWindowsPath = local.startsWith('File') && mapping(value, key).csidl === undefined && !hasRegistryBase(value);
  const candidates = isWindowsPath ? [local, `b.${local}`, `m.${local}`] : [`b.${local}`, `m.${local}`, local];
  const name = candidates.find((candidate) => knownRules.has(candidate));
  if (name === undefined) throw bad(`${key}: there is no rule ${local}.`);
  const attributes: [string, string][] = [];
  const items: [string, string][] = [];
  for (const [attribute, content] of Object.entries(mapping(value, key))) {
    if (Array.isArray(content))
      for (const item of content) items.push([pascal(attribute).replace(/s$/, ''), scalar(item, key)]);
    else attributes.push([pascal(attribute), scalar(content, `${key}.${attribute}`)]);
  }
  return {
    kind: 'rule',
    prefix: prefixOf[name.slice(0, 2)] ?? 'moult',
    name: local,
    attributes: checkedAttributes(name, attributes, key),
    items,
  };
}

function hasRegistryBase(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'subkey' in value;
}

function scalar(value: unknown, key: string): string {
  // 2.10 is read as 2.1.
  if (typeof value === 'number' && !Number.isInteger(value))
    throw bad(`${key}: write ${value} in quotes, exactly as it is meant.`);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw bad(`${key} must be a text, a number or true/false.`);
}

/** `reg-sz-to-version` → `RegSzToVersion`. A name without a dash that begins with a capital stays. */
function pascal(name: string): string {
  return name
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
