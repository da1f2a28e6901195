// moult clock: is the clock of this server believed, and the administrator's word that it is right.
import { acceptClock, clockNotice, inspectClock } from '@moult/store/clock';
import type { Command } from 'commander';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { requireServer } from '../server-options.ts';
import { exitCode } from '../terminal.ts';

interface Flags extends AdministrationFlags {
  accept?: true;
}

export function register(program: Command): void {
  withServerOptions(program.command('clock'))
    .description('compare the clock of this server with its data directory')
    .option('--accept', 'confirm that the clock is right, and forget contradicting times')
    .action(clock);
}

function clock(flags: Flags): void {
  const { dataDir } = requireServer(flags);
  const now = new Date();
  if (flags.accept) acceptClock(dataDir, now);
  const state = inspectClock(dataDir, now);
  const notice = clockNotice(state);
  if (notice) process.exitCode = exitCode.findings;
  if (flags.json) console.log(JSON.stringify({ now, state: state.kind, ...notice }));
  else if (notice) for (const sentence of [notice.headline, notice.cause, notice.remedy]) console.log(sentence);
  else console.log(`The clock shows ${now.toISOString()}, and nothing in ${dataDir} contradicts it.`);
}
