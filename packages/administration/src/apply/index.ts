// Groups and rules as files under version control: what is not as the files say is changed, and a second time nothing is.

import { isDeepStrictEqual } from 'node:util';
import { isTimeZone, type Rule } from '@moult/catalog/rules';
import * as z from 'zod';
import { ruleBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import { addGroup, setTimeZone } from '../groups.ts';
import type { Administration } from '../open-server.ts';
import { loadRuleNames, type RuleDocument, readRule, writeRule } from '../rules/definition.ts';
import { moveRule, removeRule, saveRule } from '../rules/index.ts';

interface ApplyStep {
  what: 'create group' | 'set time zone' | 'create rule' | 'change rule' | 'move rule' | 'remove rule';
  name: string;
  says: string;
}

interface Step extends ApplyStep {
  perform(administration: Administration): Promise<unknown>;
}

const someText = z.string().trim().min(1).max(256);
// As the store and the time zones of groups take them: what they refuse is refused before anything is changed.
const groupName = someText.regex(/^[^;\p{Cc}]*$/u, 'has a semicolon or a control character');
const groupDocument = z.strictObject({
  name: groupName,
  parent: someText.default('All Computers'),
  zone: someText.refine(isTimeZone, 'is not a time zone, as Europe/Berlin').optional(),
});
const fileDocument = z.strictObject({
  groups: z.array(groupDocument).default([]),
  // Each rule is read by itself, so that a fault names its rule.
  rules: z.array(z.unknown()).optional(),
});

type Group = z.output<typeof groupDocument>;

/**
 * Compares `documents` with the server and changes what differs. With `isDryRun` only says so. The rules of the documents come first,
 * in their order. Rules and groups that no document names stay, with `isPruning` such rules go. All documents are read before
 * anything is changed. Throws AdministrationError ADMINISTRATION_RULE, SERVER_NOT_FOUND, SERVER_REFUSED.
 */
export async function applyDocuments(
  administration: Administration,
  documents: readonly unknown[],
  { isDryRun = false, isPruning = false }: { isDryRun?: boolean; isPruning?: boolean } = {},
): Promise<ApplyStep[]> {
  const files = documents.map(readFile);
  const groups = files.flatMap((file) => file.groups);
  const ruled = files.filter(({ rules }) => rules !== undefined);
  const steps = await planGroups(administration, groups);
  if (ruled.length > 0) {
    const rules = ruled.flatMap((file) => file.rules ?? []);
    steps.push(...(await planRules(administration, { rules, groups, isPruning })));
  }
  if (!isDryRun) for (const step of steps) await step.perform(administration);
  return steps.map(({ what, name, says }) => ({ what, name, says }));
}

function readFile(document: unknown): z.output<typeof fileDocument> {
  const read = fileDocument.safeParse(document);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw refused(`${issue?.path.join('.') || 'The file'}: ${issue?.message}. A file has the keys groups and rules.`);
}

async function planGroups({ store }: Administration, wanted: readonly Group[]): Promise<Step[]> {
  const [there, zones] = [await store.loadGroups(), await store.loadTimeZones()];
  const byName = new Map(there.map((group) => [group.name.toLowerCase(), group]));
  const names = new Map(there.map(({ groupId, name }) => [groupId, name]));
  const made = new Set<string>();
  const steps: Step[] = [];
  for (const { name, parent, zone } of wanted) {
    const known = byName.get(name.toLowerCase());
    const inside = names.get(known?.parentId ?? '');
    if (made.has(name.toLowerCase())) throw refused(`The group "${name}" is there twice.`);
    made.add(name.toLowerCase());
    if (known && inside !== undefined && inside.toLowerCase() !== parent.toLowerCase())
      throw refused(`The group "${name}" is inside of "${inside}", not of "${parent}". Moult does not move groups.`);
    if (!known && !byName.has(parent.toLowerCase()) && !made.has(parent.toLowerCase()))
      throw refused(`The group "${name}" is inside of "${parent}", which is not there. Write that group before it.`);
    if (!known)
      steps.push({
        what: 'create group',
        name,
        says: `inside of ${parent}`,
        perform: (to) => addGroup(to, name, parent),
      });
    const zoneNow = known && zones.get(known.groupId);
    if (zone !== zoneNow)
      steps.push({
        what: 'set time zone',
        name,
        says: zone ?? 'that of its parent',
        perform: (to) => setTimeZone(to, name, zone),
      });
  }
  return steps;
}

interface WantedRules {
  rules: readonly unknown[];
  groups: readonly Group[];
  isPruning: boolean;
}

async function planRules({ store }: Administration, { rules, groups, isPruning }: WantedRules): Promise<Step[]> {
  const names = await loadRuleNames(store);
  const fresh = groups.filter(({ name }) => !names.groups.some((one) => sameName(one.name, name)));
  // Groups that are made in the same go have no id yet: their name stands for it.
  const known = [
    ...names.groups,
    ...fresh.map(({ name }) => ({ groupId: name.toLowerCase(), name, parentId: undefined })),
  ];
  const read = rules.map((document) => ({ document, rule: readRule(document, { ...names, groups: known }) }));
  const there = await store.listRules();
  const steps: Step[] = [];
  for (const [at, { document, rule }] of read.entries()) {
    if (read.findIndex((one) => sameName(one.rule.name, rule.name)) !== at)
      throw refused(`The rule "${rule.name}" is there twice.`);
    const before = there.find(({ name }) => sameName(name, rule.name));
    const after = writeRule(rule, { ...names, groups: known });
    if (before && isDeepStrictEqual(writeRule(before, names), after)) continue;
    const what = before ? 'change rule' : 'create rule';
    steps.push({ what, name: rule.name, says: sentence(after), perform: (to) => saveRule(to, document) });
  }
  const others = there.filter(({ name }) => !read.some(({ rule }) => sameName(rule.name, name)));
  const count = read.length + (isPruning ? 0 : others.length);
  if (count > ruleBounds.maxRules) throw refused(`There would be ${count} rules. The limit is ${ruleBounds.maxRules}.`);
  if (isPruning)
    for (const { name } of others)
      steps.push({ what: 'remove rule', name, says: 'no file names it', perform: (to) => removeRule(to, name) });
  return [
    ...steps,
    ...planOrder(
      there,
      read.map(({ rule }) => rule),
      isPruning ? [] : others,
    ),
  ];
}

/** New rules come last by themselves: the order is looked at as it is then. */
function planOrder(there: readonly Rule[], wanted: readonly Rule[], others: readonly Rule[]): Step[] {
  const order = [...wanted, ...others].map(({ name }) => name);
  const kept = there.map(({ name }) => name).filter((name) => order.some((one) => sameName(one, name)));
  const now = [...kept, ...order.filter((name) => !kept.some((one) => sameName(one, name)))];
  const steps: Step[] = [];
  for (const [at, name] of order.entries()) {
    const from = now.findIndex((one) => sameName(one, name));
    if (from === at) continue;
    now.splice(at, 0, ...now.splice(from, 1));
    steps.push({ what: 'move rule', name, says: `to place ${at + 1}`, perform: (to) => moveRule(to, name, at + 1) });
  }
  return steps;
}

function sentence({ action, groups }: RuleDocument): string {
  const names = [groups ?? []].flat().join(', ');
  return names === '' ? action : `${action} for ${names}`;
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function refused(message: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_RULE', message, { subject: 'rule' });
}
