// moult rings: updates that go through the fleet in rings.

import type { Administration } from '@moult/administration';
import {
  addPlan,
  changeWay,
  enterRings,
  removePlan,
  type ShownRollout,
  showRollout,
  type Wish,
} from '@moult/administration/rings';
import type { RingPolicy } from '@moult/catalog/rings';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Column, type ListFlags, showList, wholeList, withList } from '../lists.ts';
import { wholeNumber } from '../numbers.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';
import { timeOf } from '../times.ts';

interface Row {
  rings: string;
  update: string;
  status: string;
  ring: string;
  waitsFor: string | undefined;
}

const columns: readonly Column<Row>[] = [
  { name: 'rings', cell: (one) => one.rings },
  { name: 'update', cell: (one) => one.update },
  { name: 'status', cell: (one) => one.status },
  { name: 'ring', cell: (one) => one.ring },
  { name: 'waits-for', cell: (one) => one.waitsFor },
];

interface AddFlags extends AdministrationFlags {
  ring: { name: string; groups: string[] }[];
  installed?: number;
  good?: number;
  hours?: number;
  failures?: number;
}

export function register(program: Command): void {
  const rings = program
    .command('rings')
    .description('let updates go through the fleet in rings: on by evidence, halted by themselves');
  withList(withServerOptions(rings.command('list', { isDefault: true })), { limit: 0, columns })
    .description('list rings, and the updates on their way')
    .action(list);
  withServerOptions(rings.command('add').argument('<name>'))
    .description('make rings, in their order')
    .addOption(
      new Option('--ring <name=groups>', 'a ring and its groups, with commas between. May be repeated')
        .argParser(ringOf)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--installed <n>', 'number of computers that must have it [20]').argParser(wholeNumber(0, 1_000_000)),
    )
    .addOption(new Option('--good <percent>', 'percent of them that must be good [98]').argParser(wholeNumber(0, 100)))
    .addOption(
      new Option('--hours <n>', 'hours that each ring is watched at least [72]').argParser(wholeNumber(0, 8760)),
    )
    .addOption(
      new Option('--failures <percent>', 'percent of failures that halt it [2]').argParser(wholeNumber(0, 100)),
    )
    .action(add);
  withServerOptions(rings.command('enter').argument('<rings>').argument('<update>'))
    .description('let an update begin its way: it is approved for the first ring')
    .action((name: string, update: string, flags: AdministrationFlags) =>
      tell(flags, (administration) => enterRings(administration, name, update)),
    );
  way('show', 'show how far an update is, and its numbers', (administration, update) =>
    showRollout(administration, update),
  );
  way('resume', 'let an update go on after a pause or a halt', wishing({ action: 'resume' }));
  way('skip', 'let an update go on to the next ring now', wishing({ action: 'skip' }));
  way('rollback', 'offer an update no more, and remove it where that is possible', wishing({ action: 'rollBack' }));
  withServerOptions(rings.command('pause').argument('<update>'))
    .description('keep an update from going on')
    .addOption(new Option('--until <time>', 'end of the pause, for example 2026-12-24').argParser(timeOf))
    .action((update: string, flags: AdministrationFlags & { until?: Date }) =>
      tell(flags, (administration) => changeWay(administration, update, { action: 'pause', until: flags.until })),
    );
  withServerOptions(rings.command('remove').argument('<rings>'))
    .description('forget rings. Their approvals stay')
    .action(remove);

  function way(
    name: string,
    says: string,
    work: (administration: Administration, update: string) => Promise<ShownRollout>,
  ) {
    withServerOptions(rings.command(name).argument('<update>', 'GUID, KB number or title'))
      .description(says)
      .action((update: string, flags: AdministrationFlags) =>
        tell(flags, (administration) => work(administration, update)),
      );
  }
}

function wishing(wish: Wish) {
  return (administration: Administration, update: string) => changeWay(administration, update, wish);
}

function ringOf(text: string, earlier: AddFlags['ring'] | undefined): AddFlags['ring'] {
  const [name = '', groups = ''] = text.split('=', 2).map((one) => one.trim());
  const named = groups
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (name === '' || named.length === 0) throw new InvalidArgumentError('Write first=Pilot, or all="All Computers".');
  return [...(earlier ?? []), { name, groups: named }];
}

async function list(flags: AdministrationFlags & ListFlags & { json?: true }): Promise<void> {
  const rows = await administer(flags, async ({ store }) => {
    const rollouts = await store.listRollouts();
    const found: Row[] = [];
    for (const { planId, name, rings } of await store.listPlans()) {
      const own = rollouts.filter((one) => one.planId === planId);
      if (own.length === 0) found.push({ rings: name, update: '', status: '', ring: '', waitsFor: undefined });
      for (const { updateId, state, waitsFor } of own) {
        const title = (await store.findRevisions(updateId)).at(-1)?.title ?? updateId;
        const ring = `${state.ring + 1} of ${rings.length}: ${rings[state.ring]?.name}`;
        found.push({ rings: name, update: title, status: state.status, ring, waitsFor });
      }
    }
    return found;
  });
  showList(wholeList(rows), flags, columns, ['row', 'rows']);
}

async function add(name: string, flags: AddFlags): Promise<void> {
  const { installed, good: goodPercent, hours, failures: failurePercent } = flags;
  const given = Object.entries({ installed, goodPercent, hours, failurePercent }).filter(
    ([, value]) => value !== undefined,
  );
  const policy: Partial<RingPolicy> = Object.fromEntries(given);
  const plan = await administer(flags, (administration) =>
    addPlan(
      administration,
      name,
      flags.ring.map((one) => ({ ...one, policy })),
    ),
  );
  present(plan, flags, ({ rings }) => [`Rings "${plan.name}": ${rings.map((one) => one.name).join(', ')}.`]);
}

async function remove(name: string, flags: AdministrationFlags): Promise<void> {
  const plan = await administer(flags, (administration) => removePlan(administration, name));
  present(plan, flags, (one) => [`Rings "${one.name}" are removed. Their approvals stay.`]);
}

async function tell(
  flags: AdministrationFlags,
  work: (administration: Administration) => Promise<ShownRollout>,
): Promise<void> {
  present(await administer(flags, work), flags, ({ title, plan, state, waitsFor, evidence }) => {
    const { members, ring, control } = evidence;
    const wait = waitsFor ? `, waits for ${waitsFor}` : '';
    return [
      `"${title}" is ${state.status} in ring ${state.ring + 1} of ${plan.rings.length} (${plan.rings[state.ring]?.name})${wait}.`,
      `Computers: ${members} in the ring, ${ring.offered} offered, ${ring.proven} good, ${ring.installed} installed and not seen since, ${ring.failed} failed, ${ring.silent} silent, ${ring.notNeeded} without a need, ${ring.away} away, ${ring.pending} open.`,
      `Control group: ${control.ring.watched} computers, ${control.ring.silent} silent.`,
    ];
  });
}
