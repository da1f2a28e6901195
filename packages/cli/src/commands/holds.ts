// moult holds: known issues. They keep updates from computers, whatever was approved.
import { writeFileSync } from 'node:fs';
import {
  addHold,
  exportHolds,
  type ImportedHolds,
  importHolds,
  liftHolds,
  listHolds,
} from '@moult/administration/holds';
import type { StoredHold } from '@moult/store';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { timeOf } from '../times.ts';

/** As the API tells it: times are text there. */
type ToldHold = Omit<StoredHold, 'endsAt' | 'addedAt'> & { endsAt?: Date | string | undefined; addedAt: Date | string };

const columns: readonly Column<ToldHold>[] = [
  { name: 'id', cell: ({ holdId }) => holdId },
  { name: 'effect', cell: ({ effect }) => effect },
  { name: 'updates', cell: ({ condition }) => updatesOf(condition) },
  { name: 'computers', cell: ({ condition }) => computersOf(condition) },
  { name: 'until', cell: ({ endsAt }) => endsAt && new Date(endsAt) },
  { name: 'says', cell: ({ says }) => says },
  { name: 'link', cell: ({ link }) => link, isExtra: true },
  { name: 'list', cell: ({ source }) => source, isExtra: true },
  { name: 'added-by', cell: ({ addedBy }) => addedBy, isExtra: true },
];

interface AddFlags extends RemoteFlags {
  says: string;
  effect: 'hold' | 'advise';
  link?: string;
  until?: Date;
  buildFrom?: string;
  buildTo?: string;
  manufacturer?: string;
  model?: string;
}

export function register(program: Command): void {
  const holds = program
    .command('holds')
    .description('known issues: keep updates from the computers that they harm, or only show the issue');
  withList(withRemoteOptions(holds.command('list', { isDefault: true })), { limit: 0, columns })
    .description('list holds, oldest first, also those that ended')
    .action(list);
  withRemoteOptions(holds.command('add').argument('<updates...>', 'KB numbers, GUIDs, or titles'))
    .description('keep updates from computers. Without a condition, from all')
    .requiredOption('--says <text>', 'the known issue, as a sentence')
    .addOption(
      new Option('--effect <effect>', 'hold, or only show the issue').choices(['hold', 'advise']).default('hold'),
    )
    .option('--link <url>', 'page about the issue')
    .addOption(new Option('--until <time>', 'end of the hold, for example 2027-03-01').argParser(timeOf))
    .option('--build-from <version>', 'first version of Windows, for example 10.0.19041')
    .option('--build-to <version>', 'last version of Windows')
    .option('--manufacturer <text>', 'manufacturer of the computers. * stands for any text')
    .option('--model <text>', 'model of the computers. * stands for any text')
    .action(add);
  withRemoteOptions(holds.command('lift').argument('<holds...>', 'ids, or their beginnings'))
    .description('end holds. Their updates are offered again at the next check-in')
    .action(lift);
  withServerOptions(holds.command('export').argument('<file>'))
    .description("write this server's own holds into a file, signed with the keys of the server")
    .action(writeList);
  withServerOptions(holds.command('import').argument('<file>'))
    .description('take in the holds of a signed file, in place of those of the same operator')
    .option('--trust <sha256>', 'SHA-256 of the authority of another operator, for its first list')
    .action(takeIn);
}

async function list(flags: RemoteFlags & ListFlags & { json?: true }): Promise<void> {
  const all = await perform<ToldHold[]>(
    flags,
    listHolds,
    async (api) => (await api.list<ToldHold>('/holds', { limit: 0 })).items,
  );
  showList(wholeList(all), flags, columns, ['hold', 'holds']);
}

async function add(updates: string[], flags: AddFlags): Promise<void> {
  const { says, effect, link, until: endsAt, buildFrom, buildTo, manufacturer, model } = flags;
  const wanted = { updates, says, effect, link, endsAt, buildFrom, buildTo, manufacturer, model };
  const hold = await perform<ToldHold>(
    flags,
    (administration) => addHold(administration, wanted),
    async (api) => (await api.send('POST', '/holds', wanted)) as ToldHold,
  );
  present(hold, flags, ({ holdId, condition }) => [
    `Hold ${holdId}: ${updatesOf(condition)} ${effect === 'hold' ? 'is kept from' : 'has an advice for'} ${computersOf(condition)}.`,
  ]);
}

async function lift(named: string[], flags: RemoteFlags): Promise<void> {
  const lifted = await perform<ToldHold[]>(
    flags,
    (administration) => liftHolds(administration, named),
    async (api) => {
      const done: ToldHold[] = [];
      for (const one of named) done.push((await api.send('DELETE', `/holds/${encodeURIComponent(one)}`)) as ToldHold);
      return done;
    },
  );
  present(listDocument(wholeList(lifted)), flags, ({ items }) =>
    items.map(({ holdId, says }) => `Hold ${holdId} is lifted: ${says}`),
  );
}

async function writeList(file: string, flags: AdministrationFlags): Promise<void> {
  const text = await administer(flags, exportHolds);
  writeFileSync(file, text);
  present({ file }, flags, () => [`The holds are in ${file}.`]);
}

async function takeIn(file: string, flags: AdministrationFlags & { trust?: string }): Promise<void> {
  const imported = await administer(flags, (administration) => importHolds(administration, file, flags.trust));
  present(imported, flags, ({ added, lifted, authority }: ImportedHolds) => [
    `${added} holds of ${authority} are in force. ${lifted} of its former ones are lifted.`,
  ]);
}

function updatesOf({ articles, updates }: ToldHold['condition']): string {
  return [...articles.map((one) => `KB${one}`), ...updates].join(', ');
}

function computersOf({ buildFrom, buildTo, manufacturer, model }: ToldHold['condition']): string {
  const system =
    buildFrom || buildTo ? [`Windows ${buildFrom ?? ''} to ${buildTo ?? ''}`.replace(/ to $/, ' and later')] : [];
  const machine = [manufacturer, model].filter((one) => one !== undefined);
  return [...system, ...machine].join(', ') || 'all computers';
}
