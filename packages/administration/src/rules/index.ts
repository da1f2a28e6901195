// Rules for approvals, as commands and pages use them.
import type { Rule } from '@moult/catalog/rules';
import type { Store, StoredRule } from '@moult/store';
import { ruleBounds } from '../bounds.ts';
import { AdministrationError, asAdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { requireAutonomous } from '../role.ts';
import { loadRuleNames, type RuleDocument, readRule, writeRule } from './definition.ts';
import { fromWsus } from './from-wsus.ts';

export { type RuleRun, runRules, testRules } from './run.ts';

export interface ListedRule extends RuleDocument {
  ruleId: string;
  /** From 1: rules are asked in this order, and the first that matches decides for its groups. */
  place: number;
  changedAt: Date;
  changedBy: string;
}

/** All rules in their order, with names in place of ids. */
export async function listRules({ store }: Administration): Promise<ListedRule[]> {
  const names = await loadRuleNames(store);
  return (await store.listRules()).map((rule, at) => toListed(rule, at, names));
}

/**
 * Adds a rule behind the others, or changes the one of the same name in its place. A rule of WSUS is taken as it is. Throws AdministrationError
 * ADMINISTRATION_RULE.
 */
export async function saveRule(administration: Administration, document: unknown): Promise<Rule> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const all = await store.listRules();
  const read = readRule(fromWsus(document) ?? document, await loadRuleNames(store));
  const before = all.find(({ name }) => name.toLowerCase() === read.name.toLowerCase());
  if (!before && all.length >= ruleBounds.maxRules)
    throw new AdministrationError('ADMINISTRATION_RULE', `This server has ${all.length} rules, which is the limit.`);
  const rule = before ? { ...read, ruleId: before.ruleId } : read;
  await refusing(store.saveRule(rule, author));
  return rule;
}

/** Removes the rule. Its decisions stay. Throws AdministrationError SERVER_NOT_FOUND. */
export async function removeRule(administration: Administration, text: string): Promise<StoredRule> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const rule = await findRule(store, text);
  await refusing(store.removeRule(rule.ruleId, author));
  return rule;
}

/** Puts the rule at a place, counted from 1. Throws AdministrationError SERVER_NOT_FOUND. */
export async function moveRule(administration: Administration, text: string, place: number): Promise<StoredRule> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const rule = await findRule(store, text);
  await refusing(store.moveRule(rule.ruleId, place, author));
  return rule;
}

function toListed(rule: StoredRule, at: number, names: Awaited<ReturnType<typeof loadRuleNames>>): ListedRule {
  const { ruleId, changedAt, changedBy } = rule;
  return { ruleId, place: at + 1, ...writeRule(rule, names), changedAt, changedBy };
}

/** By its name, letter case aside, its id or its place. Throws AdministrationError SERVER_NOT_FOUND. */
export async function findRule(store: Store, text: string): Promise<StoredRule> {
  const key = text.trim().toLowerCase();
  const all = await store.listRules();
  const found = all.find((rule) => rule.name.toLowerCase() === key || rule.ruleId === key) ?? all[Number(key) - 1];
  if (found) return found;
  throw new AdministrationError('SERVER_NOT_FOUND', `There is no rule "${text}".`, { subject: 'rule' });
}

async function refusing<Result>(change: Promise<Result>): Promise<Result> {
  try {
    return await change;
  } catch (error) {
    throw asAdministrationError(error, 'rule');
  }
}
