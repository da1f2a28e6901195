// A rule as people write it: names in place of ids. Reading is strict: an unknown key is a mistake, not a wish.
import { randomUUID } from 'node:crypto';
import { toUpdateId } from '@moult/catalog';
import type { Rule, RuleAction, RuleConditions, RuleDeadline, RuleSeverity, RuleType } from '@moult/catalog/rules';
import type { Category, Store, TargetGroup } from '@moult/store';
import * as z from 'zod';
import { ruleBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import { articleIn } from '../find.ts';

const severities: readonly RuleSeverity[] = ['critical', 'important', 'moderate', 'low', 'unspecified'];
const types: readonly RuleType[] = ['software', 'driver', 'feature', 'definition'];
const actions: readonly RuleAction[] = ['install', 'optional', 'detect-only', 'decline', 'hold'];

const someText = z.string().trim().min(1).max(256);
const days = z.number().int().min(0).max(3650);
/** A value alone is a list of one. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]),
    z.array(item).refine(({ length }) => length <= ruleBounds.maxValues, 'has too many values'),
  );
const textOrNumber = z.union([z.string(), z.number()]).transform(String);

const conditions = z.strictObject({
  classifications: listOf(someText),
  products: listOf(someText),
  severities: listOf(z.enum(severities)),
  kb: listOf(textOrNumber.refine((text) => articleIn(text) !== undefined, 'is not a KB number')),
  cves: listOf(z.string().regex(/^CVE-\d{4}-\d{4,10}$/i, 'is not a CVE number, as CVE-2026-1234')),
  title: z
    .string()
    .min(1)
    .refine(({ length }) => length <= ruleBounds.maxPattern, 'is too long')
    .optional(),
  types: listOf(z.enum(types)),
  'min-age-days': days.optional(),
  'max-age-days': days.optional(),
  'needed-by': z.number().int().min(0).max(10_000_000).optional(),
  superseded: z.boolean().optional(),
});

const document = z.strictObject({
  name: someText,
  enabled: z.boolean().default(true),
  when: z.preprocess((value) => value ?? {}, conditions),
  action: z.enum(actions),
  groups: listOf(someText),
  'delay-days': days.default(0),
  deadline: z
    .strictObject({ days, at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is not a time of day, as 22:00') })
    .optional(),
  'accept-licenses': listOf(z.guid()),
});

/** A rule in words, as YAML and JSON have it. */
export type RuleDocument = z.input<typeof document>;

/** Names that a rule can use, looked up once for many rules. */
interface RuleNames {
  categories: readonly Category[];
  groups: readonly TargetGroup[];
}

export async function loadRuleNames(store: Store): Promise<RuleNames> {
  return {
    categories: await store.listCategories(['UpdateClassification', 'Product', 'ProductFamily', 'Company']),
    groups: await store.loadGroups(),
  };
}

/**
 * The rule of a document. Throws AdministrationError ADMINISTRATION_RULE, which names the key and says what is possible there.
 */
export function readRule(value: unknown, names: RuleNames, ruleId: string = randomUUID()): Rule {
  const read = document.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const named = typeof value === 'object' && value !== null && 'name' in value ? ` "${String(value.name)}"` : '';
    throw refused(`The rule${named} cannot be used: ${issue?.path.join('.') || 'it'}: ${issue?.message}.`);
  }
  const { name, enabled, when, action, groups, deadline, ...rest } = read.data;
  const isForAll = action === 'decline' || action === 'hold';
  if (isForAll && groups.length > 0)
    throw refused(`The rule "${name}" cannot be used: ${action} is for all computers. Leave the groups out.`);
  if (!isForAll && groups.length === 0)
    throw refused(`The rule "${name}" cannot be used: it names no group. "All Computers" is one.`);
  if (deadline && action !== 'install')
    throw refused(`The rule "${name}" cannot be used: only the action install has a deadline.`);
  return {
    ...{ ruleId, name, isEnabled: enabled },
    when: toConditions(name, when, names),
    effect: {
      action,
      groupIds: [...new Set(groups.map((group) => groupIdOf(name, group, names)))],
      delayDays: rest['delay-days'],
      deadline: deadline && toDeadline(deadline),
      acceptLicenses: rest['accept-licenses'].map((id) => id.toLowerCase()),
    },
  };
}

/** The document of a rule. It shows a group or category that is gone by its id. */
export function writeRule({ name, isEnabled, when, effect }: Rule, names: RuleNames): RuleDocument {
  const categoryName = (id: string) => names.categories.find(({ categoryId }) => categoryId === id)?.name ?? id;
  const groupName = (id: string) => names.groups.find(({ groupId }) => groupId === id)?.name ?? id;
  const { minutes = 0 } = effect.deadline ?? {};
  const at = `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
  const given = {
    ...listed('classifications', when.classifications.map(categoryName)),
    ...listed('products', when.products.map(categoryName)),
    ...listed('severities', when.severities),
    ...listed(
      'kb',
      when.articles.map((article) => `KB${article}`),
    ),
    ...listed('cves', when.cves),
    ...(when.title !== undefined && { title: when.title }),
    ...listed('types', when.types),
    ...(when.minAgeDays !== undefined && { 'min-age-days': when.minAgeDays }),
    ...(when.maxAgeDays !== undefined && { 'max-age-days': when.maxAgeDays }),
    ...(when.neededBy !== undefined && { 'needed-by': when.neededBy }),
    ...(when.superseded !== undefined && { superseded: when.superseded }),
  };
  return {
    name,
    ...(!isEnabled && { enabled: false }),
    ...(Object.keys(given).length > 0 && { when: given }),
    action: effect.action,
    ...listed('groups', effect.groupIds.map(groupName)),
    ...(effect.delayDays > 0 && { 'delay-days': effect.delayDays }),
    ...(effect.deadline && { deadline: { days: effect.deadline.days, at } }),
    ...listed('accept-licenses', effect.acceptLicenses),
  } as RuleDocument;
}

function toConditions(rule: string, when: z.output<typeof conditions>, names: RuleNames): RuleConditions {
  const category = (kind: string, kinds: readonly string[]) => (name: string) =>
    categoryIdOf(rule, { kind, kinds, name }, names);
  return {
    classifications: when.classifications.map(category('classification', ['UpdateClassification'])),
    products: when.products.map(category('product', ['Product', 'ProductFamily', 'Company'])),
    severities: when.severities,
    articles: when.kb.map((text) => articleIn(text) ?? text),
    cves: when.cves.map((cve) => cve.toUpperCase()),
    title: when.title,
    types: when.types,
    minAgeDays: when['min-age-days'],
    maxAgeDays: when['max-age-days'],
    neededBy: when['needed-by'],
    superseded: when.superseded,
  };
}

function categoryIdOf(
  rule: string,
  { kind, kinds, name }: { kind: string; kinds: readonly string[]; name: string },
  { categories }: RuleNames,
): string {
  const id = toUpdateId(name.toLowerCase());
  if (id) return id;
  const all = categories.filter(({ type }) => kinds.includes(type));
  const found = all.filter((one) => one.name.toLowerCase() === name.toLowerCase());
  const [only] = found;
  if (only && found.length === 1) return only.categoryId;
  const why = only
    ? `fits ${found.map(({ categoryId }) => categoryId).join(' and ')}. Write the id`
    : `is not in the catalog. There are: ${
        all
          .slice(0, 10)
          .map((one) => one.name)
          .join(', ') || 'none'
      }`;
  throw refused(`The rule "${rule}" cannot be used: the ${kind} "${name}" ${why}.`);
}

function groupIdOf(rule: string, name: string, { groups }: RuleNames): string {
  const key = name.toLowerCase();
  const group = groups.find((one) => one.groupId === key || one.name.toLowerCase() === key);
  if (group) return group.groupId;
  throw refused(`The rule "${rule}" cannot be used: there is no group "${name}". "moult groups" lists them.`);
}

function toDeadline({ days: after, at }: { days: number; at: string }): RuleDeadline {
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  return { days: after, minutes: hours * 60 + minutes };
}

function listed<Name extends string>(name: Name, values: readonly string[]): Partial<Record<Name, readonly string[]>> {
  return values.length === 0 ? {} : ({ [name]: values } as Partial<Record<Name, readonly string[]>>);
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

function refused(message: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_RULE', message, { subject: 'rule' });
}
