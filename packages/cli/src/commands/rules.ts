// moult rules: approvals by rule. The first rule that matches an update decides for its groups.
import type { Administration } from '@moult/administration';
import {
  type ListedRule,
  listRules,
  moveRule,
  type RuleRun,
  removeRule,
  runRules,
  saveRule,
  testRules,
} from '@moult/administration/rules';
import { readYaml } from '@moult/catalog/yaml';
import { counted, visibleText } from '@moult/formats/text';
import { openLiveCatalog } from '@moult/store/catalog';
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { listDocument, wholeList } from '../lists.ts';
import { present, table, utc } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { UsageError } from '../terminal.ts';

export function register(program: Command): void {
  const rules = program.command('rules').description('list, add, test, run, move and remove rules for approvals');
  withRemoteOptions(rules.command('list', { isDefault: true }))
    .description('list all rules in the order in which Moult asks them')
    .action(list);
  withRemoteOptions(rules.command('add').argument('<file>', 'YAML or JSON file with one rule, or a list of rules'))
    .description('add rules behind the others. A rule of the same name is changed in its place')
    .action(add);
  withRemoteOptions(rules.command('test'))
    .description('show the changes of a run. Nothing is changed')
    .option('--at <day>', 'as if it were this day, for example 2026-12-09. Default: now')
    .action(test);
  withRemoteOptions(rules.command('run'))
    .description('run all rules now. The server runs them after each import and each hour')
    .action(run);
  withRemoteOptions(rules.command('move').argument('<rule>').argument('<place>', 'from 1'))
    .description('move a rule to another place. The first rule that matches decides')
    .action((rule: string, place: string, flags: RemoteFlags) => move(rule, place, flags));
  withRemoteOptions(rules.command('remove').argument('<rule>'))
    .description('remove a rule. Its approvals stay')
    .action(remove);
}

async function list(flags: RemoteFlags): Promise<void> {
  const all = await perform<ListedRule[]>(
    flags,
    listRules,
    async (api) => ((await api.get('/rules')) as { items: ListedRule[] }).items,
  );
  present(listDocument(wholeList(all)), flags, ({ items }) =>
    items.length === 0 ? ['There are no rules. Add one with "moult rules add FILE".'] : ruleTable(items),
  );
}

function ruleTable(rules: readonly ListedRule[]): string[] {
  return table(
    ['place', 'rule', 'action', 'groups', 'after', 'if'],
    rules.map(({ place, name, enabled, action, groups, when, ...rest }) => [
      ...[place, enabled === false ? `${name} (off)` : name, action, [groups ?? []].flat().join(', ')],
      ...[counted(rest['delay-days'] ?? 0, 'day'), conditionText(when)],
    ]),
  );
}

function conditionText(when: unknown): string {
  const entries = Object.entries((when ?? {}) as Record<string, unknown>);
  return entries.map(([name, value]) => `${name}: ${[value].flat().join(' or ')}`).join('; ') || 'always';
}

async function add(file: string, flags: RemoteFlags): Promise<void> {
  const documents = documentsIn(file);
  const each = async (save: (document: unknown) => Promise<unknown>) => {
    const names: string[] = [];
    for (const document of documents) names.push(((await save(document)) as { name: string }).name);
    return names;
  };
  const saved = await perform(
    flags,
    (administration) => each((document) => saveRule(administration, document)),
    (api) => each((document) => api.send('POST', '/rules', document)),
  );
  present(listDocument(wholeList(saved)), flags, () => saved.map((name) => `Rule "${visibleText(name)}" is saved.`));
}

function documentsIn(file: string): unknown[] {
  const read = readYaml(readNamedFile(file).toString('utf8'));
  if ('problem' in read) throw new UsageError(`${file} cannot be read: ${read.problem}`);
  return read.documents.flat();
}

async function test(flags: RemoteFlags & { at?: string }): Promise<void> {
  const at = flags.at === undefined ? undefined : parseDay(flags.at);
  const tested = await perform(
    flags,
    (administration) => within(administration, testRules, at),
    async (api) => (await api.get('/rule-runs/preview', { at: at?.toISOString() })) as RuleRun,
  );
  show(tested, flags, 'would be');
}

async function run(flags: RemoteFlags): Promise<void> {
  const ran = await perform(
    flags,
    (administration) => within(administration, runRules, undefined),
    async (api) => (await api.send('POST', '/rule-runs')) as RuleRun,
  );
  show(ran, flags, 'is');
}

async function within(administration: Administration, work: typeof runRules, at: Date | undefined): Promise<RuleRun> {
  const { store, author, server } = administration;
  const catalog = await openLiveCatalog(store, { unapproved: server.config.unapproved });
  return work(store, { catalog, now: at ?? author.at, ownZone: server.config.timeZone });
}

function parseDay(text: string): Date {
  const at = new Date(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(at.getTime())) throw new UsageError(`--at "${text}" is not a day. Write 2026-12-09.`);
  return at;
}

function show(run: RuleRun, flags: RemoteFlags, verb: 'is' | 'would be'): void {
  present(run, flags, ({ changes, passed, totals }) => [
    ...table(
      ['what', 'update', 'rule', 'computers', 'bytes', 'restart', 'deadline'],
      changes.map(({ change, title, needed, bytes, restart }) => [
        ...[change.kind === 'approve' ? change.action : change.kind, title, change.rule.name, needed, bytes, restart],
        change.kind === 'approve' && change.deadline ? utc(new Date(change.deadline)) : '',
      ]),
    ),
    ...passed.slice(0, shownPassed).map(({ title, rule, why, says }) => {
      return visibleText(`"${title}" stays as it is: rule "${rule}", ${why}${says === '' ? '' : ` (${says})`}.`);
    }),
    ...(passed.length > shownPassed ? [`${passed.length - shownPassed} more stay as they are.`] : []),
    totalLine(totals, verb),
  ]);
}

const shownPassed = 20;

function totalLine({ updates, approvals, declines, takenBack, ...rest }: RuleRun['totals'], verb: string): string {
  const { installations, bytes, restarts } = rest;
  return (
    `${counted(updates, 'update')} ${verb} changed: ${counted(approvals, 'approval')}, ${counted(declines, 'decline')}, ` +
    `${takenBack} withdrawn. ${counted(installations, 'installation')} on computers, ${bytes} bytes, ` +
    `${restarts.always} always restart, ${restarts.possible} may restart.`
  );
}

async function move(rule: string, place: string, flags: RemoteFlags): Promise<void> {
  const number = Number(place);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`"${place}" is not a place. The first one is 1.`);
  const moved = await perform(
    flags,
    (administration) => moveRule(administration, rule, number),
    async (api) => (await api.send('POST', `${pathOf(rule)}/place`, { place: number })) as Named,
  );
  present({ ruleId: moved.ruleId, name: moved.name, place: number }, flags, ({ name }) => [
    `Rule "${visibleText(name)}" is at place ${number}.`,
  ]);
}

type Named = Pick<ListedRule, 'ruleId' | 'name'>;

function pathOf(rule: string): string {
  return `/rules/${encodeURIComponent(rule)}`;
}

async function remove(rule: string, flags: RemoteFlags): Promise<void> {
  const { ruleId, name } = await perform<Named>(
    flags,
    (administration) => removeRule(administration, rule),
    async (api) => (await api.change('DELETE', pathOf(rule))) as Named,
  );
  present({ ruleId, name }, flags, () => [`Rule "${visibleText(name)}" is removed. Its approvals stay.`]);
}
