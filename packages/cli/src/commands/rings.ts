// moult rings: updates that go through the fleet in rings.

import type { Administration } from '@moult/administration';
import {
  addPlan,
  changeWay,
  enterRings,
  type ListedRollout,
  listPlans,
  listRollouts,
  removePlan,
  type ShownPlan,
  type ShownRollout,
  showPlan,
  showRollout,
  type Wish,
} from '@moult/administration/rings';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Column, type ListFlags, showList, wholeList, withList } from '../lists.ts';
import { percent, wholeNumber } from '../numbers.ts';
import { present } from '../output.ts';
import type { ApiClient } from '../remote/api-client.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { timeOf } from '../times.ts';
import { evidenceLines } from './ring-evidence.ts';
import { registerReleases } from './rings-release.ts';

/** An update in rings, or rings without one. */
type Row = Pick<ShownPlan, 'name'> & { rollout?: ListedRollout };

const columns: readonly Column<Row>[] = [
  { name: 'rings', cell: ({ name }) => name },
  { name: 'update', cell: ({ rollout }) => rollout?.title },
  { name: 'status', cell: ({ rollout }) => rollout?.status },
  { name: 'ring', cell: ({ rollout }) => rollout && `${rollout.ring} of ${rollout.ringCount}: ${rollout.ringName}` },
  { name: 'waits-for', cell: ({ rollout }) => rollout?.waitsFor },
];

interface AddFlags extends RemoteFlags {
  ring: { name: string; groups?: string[]; percent?: number }[];
  installed?: number;
  good?: number;
  hours?: number;
  failures?: number;
  usualFailures?: number;
}

export function register(program: Command): void {
  const rings = program
    .command('rings')
    .description('let updates go through the fleet in rings: on by evidence, halted by themselves');
  withList(withRemoteOptions(rings.command('list', { isDefault: true })), { limit: 0, columns })
    .description('list rings, and the updates on their way')
    .action(list);
  withRemoteOptions(rings.command('add').argument('<name>'))
    .description('make rings, in their order')
    .addOption(
      new Option(
        '--ring <name=groups>',
        'a ring and its groups, with commas between, or percent of all computers as 5%. May be repeated',
      )
        .argParser(ringOf)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--installed <n>', 'number of computers that must have it [20]').argParser(wholeNumber(0, 1_000_000)),
    )
    .addOption(new Option('--good <percent>', 'percent of them that must be good [98.5]').argParser(percent))
    .addOption(
      new Option('--hours <n>', 'hours that each ring is watched at least [72]').argParser(wholeNumber(0, 8760)),
    )
    .addOption(new Option('--failures <percent>', 'percent of failures that halt it [1.5]').argParser(percent))
    .addOption(new Option('--usual-failures <percent>', 'percent that fail with any update [0.5]').argParser(percent))
    .action(add);
  withRemoteOptions(rings.command('enter').argument('<rings>').argument('<update>'))
    .description('let an update begin its way: it is approved for the first ring')
    .action((name: string, update: string, flags: RemoteFlags) =>
      tell(
        flags,
        (administration) => enterRings(administration, name, update),
        (api) => api.send('POST', '/rollouts', { rings: name, update }),
      ),
    );
  withRemoteOptions(rings.command('show').argument('<update>', 'GUID, KB number or title'))
    .description('show how far an update is, and its numbers')
    .action((update: string, flags: RemoteFlags) =>
      tell(
        flags,
        (administration) => showRollout(administration, update),
        (api) => api.get(pathOf(update)),
      ),
    );
  way('resume', 'let an update go on after a pause or a halt', 'resume', { action: 'resume' });
  way('skip', 'let an update go on to the next ring now', 'skip', { action: 'skip' });
  way('rollback', 'offer an update no more, and remove it where that is possible', 'roll-back', { action: 'rollBack' });
  withRemoteOptions(rings.command('pause').argument('<update>'))
    .description('keep an update from going on')
    .addOption(new Option('--until <time>', 'end of the pause, for example 2026-12-24').argParser(timeOf))
    .action((update: string, { until, ...flags }: RemoteFlags & { until?: Date }) =>
      tell(
        flags,
        (administration) => changeWay(administration, update, { action: 'pause', until }),
        (api) => api.send('POST', `${pathOf(update)}/pause`, { until }),
      ),
    );
  withRemoteOptions(rings.command('remove').argument('<rings>'))
    .description('forget rings. Their approvals stay')
    .action(remove);
  registerReleases(rings);

  function way(name: string, says: string, verb: string, wish: Wish) {
    withRemoteOptions(rings.command(name).argument('<update>', 'GUID, KB number or title'))
      .description(says)
      .action((update: string, flags: RemoteFlags) =>
        tell(
          flags,
          (administration) => changeWay(administration, update, wish),
          (api) => api.send('POST', `${pathOf(update)}/${verb}`),
        ),
      );
  }
}

function pathOf(update: string): string {
  return `/rollouts/${encodeURIComponent(update)}`;
}

function ringOf(text: string, earlier: AddFlags['ring'] | undefined): AddFlags['ring'] {
  const [name = '', groups = ''] = text.split('=', 2).map((one) => one.trim());
  const named = groups
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (name === '' || named.length === 0)
    throw new InvalidArgumentError('Write first=Pilot, all="All Computers", or some=5% for percent of all computers.');
  const [only = ''] = named;
  if (named.length > 1 || !/^[\d.]+\s*%$/.test(only)) return [...(earlier ?? []), { name, groups: named }];
  return [...(earlier ?? []), { name, percent: percent(only.slice(0, -1).trim()) }];
}

async function list(flags: RemoteFlags & ListFlags): Promise<void> {
  const rows = await perform<Row[]>(
    flags,
    async (administration) => toRows(await listPlans(administration), await listRollouts(administration)),
    async (api) => {
      const { items } = (await api.get('/rings')) as { items: ShownPlan[] };
      return toRows(items, (await api.list<ListedRollout>('/rollouts', { limit: 0 })).items);
    },
  );
  // An update in rings has a line of its own. The end of the list counts the rings.
  const plans = [...new Set(rows.map(({ name }) => name))];
  showList(wholeList(rows), flags, columns, ['plan of rings', 'plans of rings'], { ends: wholeList(plans) });
}

function toRows(plans: readonly ShownPlan[], rollouts: readonly ListedRollout[]): Row[] {
  return plans.flatMap(({ planId, name }): Row[] => {
    const own = rollouts.filter((one) => one.planId === planId);
    return own.length === 0 ? [{ name }] : own.map((rollout) => ({ name, rollout }));
  });
}

async function add(name: string, flags: AddFlags): Promise<void> {
  const { installed, good: goodPercent, hours, failures: failurePercent, usualFailures: usualFailurePercent } = flags;
  const policy = { installed, goodPercent, hours, failurePercent, usualFailurePercent };
  const wanted = flags.ring.map((one) => ({ ...one, policy }));
  const plan = await perform<ShownPlan>(
    flags,
    async (administration) => showPlan(administration, (await addPlan(administration, name, wanted)).planId),
    async (api) => (await api.send('POST', '/rings', { name, rings: wanted })) as ShownPlan,
  );
  present(plan, flags, ({ rings }) => [`Rings "${plan.name}": ${rings.map((one) => one.name).join(', ')}.`]);
}

async function remove(named: string, flags: RemoteFlags): Promise<void> {
  const plan = await perform<Pick<ShownPlan, 'planId' | 'name'>>(
    flags,
    (administration) => removePlan(administration, named),
    async (api) => {
      const path = `/rings/${encodeURIComponent(named)}`;
      return (await api.change('DELETE', path)) as ShownPlan;
    },
  );
  present(plan, flags, ({ name }) => [`Rings "${name}" are removed. Their approvals stay.`]);
}

async function tell(
  flags: RemoteFlags,
  here: (administration: Administration) => Promise<ShownRollout>,
  there: (api: ApiClient) => Promise<unknown>,
): Promise<void> {
  const shown = await perform(flags, here, async (api) => (await there(api)) as ShownRollout);
  present(shown, flags, () => evidenceLines(`"${shown.title}"`, shown));
}
