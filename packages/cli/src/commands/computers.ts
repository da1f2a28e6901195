// moult computers: which there are, in which groups, and which share an identity.

import { listClones, listComputers, removeComputer, setMembership, showComputer } from '@moult/administration';
import { visibleText } from '@moult/formats/text';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../numbers.ts';
import { moment, present, table } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  const computers = program.command('computers').description('list, show, move and remove computers');
  withServerOptions(computers.command('list', { isDefault: true }))
    .description('list computers by name')
    .option('--group <group>', 'only computers directly in this group')
    .addOption(
      new Option('--limit <n>', 'at most this number of lines').argParser(wholeNumber(1, 1_000_000)).default(1000),
    )
    .action(list);
  withServerOptions(computers.command('show').argument('<computer>', 'name, address or SusClientId of the computer'))
    .description('show one computer and the state of its updates')
    .action(show);
  withServerOptions(computers.command('add-to-group').argument('<computer>').argument('<group>'))
    .description('add a computer to a group')
    .action((computer: string, group: string, flags: AdministrationFlags) => move(computer, group, true, flags));
  withServerOptions(computers.command('remove-from-group').argument('<computer>').argument('<group>'))
    .description('remove a computer from a group')
    .action((computer: string, group: string, flags: AdministrationFlags) => move(computer, group, false, flags));
  withServerOptions(computers.command('clones'))
    .description('list identities (SusClientId) that several computers share')
    .addOption(new Option('--days <n>', 'seen within so many days').argParser(wholeNumber(1, 36_500)).default(30))
    .addOption(
      new Option('--limit <n>', 'at most this number of lines').argParser(wholeNumber(1, 1_000_000)).default(1000),
    )
    .action(clones);
  withServerOptions(computers.command('remove').argument('<computer>'))
    .description('remove a computer with its names, events and pings. It returns with its next contact')
    .action(remove);
}

async function list(flags: AdministrationFlags & { group?: string; limit: number }): Promise<void> {
  const { group, limit } = flags;
  const found = await administer(flags, (administration) => listComputers(administration, { group, limit }));
  present(found, flags, () =>
    table(
      ['NAME', 'ADDRESS', 'AGENT', 'SYSTEM', 'LAST CONTACT', 'LAST REPORT', 'GROUPS', 'IDENTITY', 'ID'],
      found.map((one) => [
        one.dnsName,
        one.address,
        [one.agentGeneration, one.agentVersion].filter(Boolean).join(' '),
        one.osName ?? one.osDescription ?? one.osVersion,
        moment(one.lastContact),
        moment(one.lastReport),
        one.groups.join(', '),
        identityOf(one),
        one.computerId,
      ]),
    ),
  );
}

async function show(computer: string, flags: AdministrationFlags): Promise<void> {
  const document = await administer(flags, (administration) => showComputer(administration, computer));
  present(document, flags, ({ updates, identity, registration, ...found }) => [
    ...(Object.entries({ ...found, ...hardwareIn(registration) }) as [string, unknown][])
      .map(([name, value]) => [name, asText(value)] as const)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name.padEnd(20)} ${visibleText(value)}`),
    '',
    ...(identity.length === 0 ? [] : [...identityLines(identity, found.sharedAt), '']),
    ...table(
      ['STATE', 'SINCE', 'UPDATE', 'ID'],
      updates.map(({ state, changedAt, title, updateId }) => [state, moment(changedAt), title, updateId]),
    ),
  ]);
}

/** What RegisterComputer said of the machine itself. */
function hardwareIn(registration: Record<string, unknown>): Record<string, unknown> {
  const names = ['computerManufacturer', 'computerModel', 'processorArchitecture', 'biosVersion', 'osLocale'] as const;
  return Object.fromEntries(names.map((name) => [name, registration[name]]));
}

interface Marked {
  identityChangedAt: Date | undefined;
  sharedAt: Date | undefined;
}

/** What of an identity an administrator should look at: marks of the last 30 days. */
function identityOf({ identityChangedAt, sharedAt }: Marked): string {
  const since = Date.now() - 30 * 86_400_000;
  if (sharedAt && sharedAt.getTime() >= since) return 'shared';
  return identityChangedAt && identityChangedAt.getTime() >= since ? 'changed' : '';
}

function identityLines(
  changes: readonly { at: Date; aspect: string; before: string; after: string }[],
  sharedAt: Date | undefined,
): string[] {
  const shared = `Two computers used this identity at the same time, last seen ${moment(sharedAt)}. "moult computers clones" shows the names.`;
  return [
    ...(sharedAt ? [shared] : []),
    ...table(
      ['CHANGED', 'WHAT', 'BEFORE', 'AFTER'],
      changes.map(({ at, aspect, before, after }) => [moment(at), aspect, before, after]),
    ),
  ];
}

function asText(value: unknown): string {
  if (typeof value === 'number' && value > 0) return String(value);
  if (value instanceof Date) return moment(value);
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' ? value : '';
}

async function move(computer: string, group: string, isMember: boolean, flags: AdministrationFlags): Promise<void> {
  const document = await administer(flags, (administration) =>
    setMembership(administration, { computer, group, isMember }),
  );
  if (document.isTemporary) console.error(policyDecides);
  present(document, flags, ({ dnsName, group: name }) => [
    `${dnsName} is ${isMember ? 'now' : 'not any more'} in "${name}".`,
  ]);
}

const policyDecides =
  'moult: With client-side targeting (targeting = "client") this lasts until the next contact: policy on the computer says which groups it is in.';

async function clones(flags: AdministrationFlags & { days: number; limit: number }): Promise<void> {
  const { days, limit } = flags;
  const found = await administer(flags, (administration) => listClones(administration, { days, limit }));
  present(found, flags, () =>
    found.length === 0
      ? ['No identity is shared.']
      : table(
          ['ID', 'NAME', 'ADDRESS', 'FIRST SEEN', 'LAST SEEN', 'TIMES'],
          found.flatMap(({ computerId, names }) =>
            names.map((one) => [
              computerId,
              one.dnsName,
              one.address,
              moment(one.firstSeen),
              moment(one.lastSeen),
              one.timesSeen,
            ]),
          ),
        ),
  );
}

async function remove(computer: string, flags: AdministrationFlags): Promise<void> {
  const document = await administer(flags, (administration) => removeComputer(administration, computer));
  present(document, flags, ({ dnsName, computerId, events }) => [
    `${dnsName || 'A computer without a name'} (${computerId}) is forgotten, with ${events} of its events and pings.`,
  ]);
}
