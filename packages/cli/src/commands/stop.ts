// moult stop: the emergency stop for everything.
import { liftStop, type StopState, showStop, stopAll } from '@moult/administration/holds';
import { type Command, Option } from 'commander';
import { present, utc } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { spanOf } from '../times.ts';

interface SetFlags extends RemoteFlags {
  says: string;
  for: number;
  twoPersons?: true;
}

export function register(program: Command): void {
  const stop = program
    .command('stop')
    .description('the emergency stop: computers install and remove nothing until it ends');
  withRemoteOptions(stop.command('show', { isDefault: true }))
    .description('show whether everything is stopped, until when, and why')
    .action(async (flags: RemoteFlags) =>
      tell(await perform(flags, showStop, async (api) => asState(await api.get('/stop'))), flags),
    );
  withRemoteOptions(stop.command('set'))
    .description('stop everything. Each computer is told at its next check-in')
    .requiredOption('--says <text>', 'the reason')
    .addOption(
      new Option('--for <time>', 'time until the stop ends by itself, for example 30m, 4h or 2d')
        .argParser(spanOf)
        .default(4 * 3_600_000, '4h'),
    )
    .option('--two-persons', 'two persons must lift it')
    .action(set);
  withRemoteOptions(stop.command('lift'))
    .description('end the stop')
    .action(async (flags: RemoteFlags) =>
      tell(await perform(flags, liftStop, async (api) => asState(await api.send('DELETE', '/stop'))), flags),
    );
}

async function set(flags: SetFlags): Promise<void> {
  const { says, twoPersons: needsTwo } = flags;
  const state = await perform(
    flags,
    (administration) => {
      const until = new Date(administration.author.at.getTime() + flags.for);
      return stopAll(administration, { says, until, needsTwo });
    },
    async (api) =>
      asState(await api.send('POST', '/stop', { says, needsTwo, until: new Date(Date.now() + flags.for) })),
  );
  tell(state, flags);
}

/** Times are text in the API. */
function asState(document: unknown): StopState {
  const { isStopped, stop } = document as StopState;
  return { isStopped, stop: stop && { ...stop, until: new Date(stop.until), since: new Date(stop.since) } };
}

function tell(state: StopState, flags: { json?: true }): void {
  present(state, flags, ({ stop }) => {
    if (!stop) return ['Nothing is stopped.'];
    const { says, until, by, needsTwo, liftedBy } = stop;
    const lift = liftedBy
      ? ` ${liftedBy} lifted it. A second person must do so too.`
      : needsTwo
        ? ' Two persons must lift it.'
        : '';
    return [`Everything is stopped until ${utc(until)} (${by}): ${says}${lift}`];
  });
}
