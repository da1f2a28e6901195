// moult approve: an action for an update in a group. The words are those of WSUS and its PowerShell.

import type { Approved } from '@moult/administration';
import type { PackageReach } from '@moult/administration/vendors';
import { visibleText } from '@moult/formats/text';
import { type Command, Option } from 'commander';
import { actions } from '../decision-words.ts';
import { listDocument, wholeList } from '../lists.ts';
import { present } from '../output.ts';
import { reachLine } from '../reach-line.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { withLog } from '../server-options.ts';
import { UsageError } from '../terminal.ts';

interface ApproveFlags extends RemoteFlags {
  action: string;
  group?: string[];
  deadline?: string;
  allowPastDeadline?: true;
  acceptLicense?: true;
  filesFrom?: string;
  yesAll?: true;
}

export function register(program: Command): void {
  withRemoteOptions(
    program.command('approve').argument('<updates...>', 'GUIDs, KB numbers, or titles or parts of them'),
  )
    .description('approve updates for groups, or change their approvals (Approve-WsusUpdate)')
    .addOption(
      new Option('--action <action>', 'what happens to the update')
        .argParser(parseAction)
        .default('install')
        .makeOptionMandatory(),
    )
    .option('--group <group>', 'group of the approvals. May be repeated [All Computers]', collect)
    .option('--deadline <time>', 'time limit, as 2027-01-31T12:00:00Z. Without a zone it is UTC')
    .option('--allow-past-deadline', 'take a deadline that is over: computers install at their next contact')
    .option('--accept-license', 'accept the license terms of the update for all computers')
    .option('--files-from <dir>', "take the files of vendors' packages from this folder, not from the network")
    .option('--yes-all', "approve a vendor's package whose rules fit every computer")
    .addHelpText('after', `\nActions: ${Object.keys(actions).join(', ')}`)
    .action(runApprove);
}

function collect(name: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), name];
}

function parseAction(text: string): string {
  // PowerShell writes NotApproved and OptionalInstall.
  const key = text.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  if (Object.hasOwn(actions, key)) return key;
  throw new UsageError(`--action is one of ${Object.keys(actions).join(', ')}, not "${text}".`);
}

async function runApprove(updates: string[], flags: ApproveFlags): Promise<void> {
  const action = actions[flags.action] ?? 'Install';
  const deadline = flags.deadline === undefined ? undefined : parseTime(flags.deadline);
  const { allowPastDeadline, acceptLicense, filesFrom, yesAll: allowAll } = flags;
  const approval = { groups: flags.group, action, deadline, allowPastDeadline, acceptLicense };
  if (flags.server !== undefined && filesFrom !== undefined)
    throw new UsageError('--files-from goes without --server: the other server fetches the files by itself.');
  const approved = await perform(
    flags,
    async (administration) => {
      // The code that publishes is large, and the help does not need it.
      const { approveWithPackages } = await import('@moult/administration/vendors');
      const done = await approveWithPackages(administration, updates, approval, {
        withLog: (work) => withLog(administration, work),
        ...{ allowAll, filesFrom, onReach },
      });
      return done.approved;
    },
    async (api) => {
      const asked = { updates, ...approval, allowAll };
      const { items, packages } = (await api.send('POST', '/approvals', asked)) as {
        items: Approved[];
        packages: PackageReach[];
      };
      if (packages.length > 0) onReach(packages);
      // As the answer of this server: a deadline that was not given is undefined.
      return items.map((one) => ({ ...one, deadline }));
    },
  );
  for (const line of approved.flatMap(missingLines)) console.error(line);
  const [first] = approved;
  // One update alone is answered alone.
  if (first && approved.length === 1) return present(first, flags, (one) => [lineOf(one)]);
  present(listDocument(wholeList(approved)), flags, ({ items }) => items.map(lineOf));

  function lineOf({ title, groups }: Approved): string {
    const names = groups.map(({ name }) => `"${name}"`).join(', ');
    return `"${title}": ${flags.action} for ${names}${deadline ? ` by ${deadline.toISOString()}` : ''}.`;
  }
}

/** On standard error: `--json` prints one document. */
function onReach(packages: readonly PackageReach[]): void {
  for (const { title, reach } of packages) console.error(visibleText(`"${title}" ${reachLine(reach)}.`));
  const always = packages.filter(({ reach }) => reach.restart === 'always').length;
  if (packages.length > 1) console.error(`${always} of ${packages.length} packages always restart.`);
}

function missingLines({ missingFiles }: Approved): string[] {
  const { length } = missingFiles;
  if (length === 0) return [];
  const some = missingFiles.slice(0, filesShown).map(({ fileName, sha1 }) => `${fileName} (SHA-1 ${sha1})`);
  const more = length > some.length ? ` and ${length - some.length} more` : '';
  const [count, them] = length === 1 ? ['1 file is', 'it'] : [`${length} files are`, 'them'];
  return [
    `moult: ${count} not on this server. Computers that need ${them} cannot install: ${visibleText(some.join(', '))}${more}. Add ${them} with "moult content add".`,
  ];
}

const filesShown = 5;

function parseTime(text: string): Date {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))?(Z|[+-]\d\d:?\d\d)?$/i.exec(text);
  const [, day = '', clock = '00:00', zone = 'Z'] = parts ?? [];
  const time = new Date(`${day}T${clock}${zone}`);
  // 31 February otherwise becomes some day in March.
  const isDay = parts !== null && new Date(`${day}T00:00Z`).toJSON()?.startsWith(day);
  if (!isDay || Number.isNaN(time.getTime()))
    throw new UsageError(`--deadline "${text}" is not a time. Write 2027-01-31T12:00:00Z.`);
  return time;
}
