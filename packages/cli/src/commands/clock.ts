// moult clock: is the clock of this server believed, and the administrator's word that it is right.
import { existsSync } from 'node:fs';
import { acceptClock, clockNotice, inspectClock } from '@moult/store/clock';
import type { Command } from 'commander';
import { configOf, withServerOptions } from '../open-server.ts';
import { exitCode, UsageError } from '../terminal.ts';

interface Flags {
  dataDir?: string;
  config?: string;
  accept?: true;
  json?: true;
}

export function register(program: Command): void {
  withServerOptions(program.command('clock'))
    .description('check the clock of this server against what its data directory knows')
    .option('--accept', 'the clock is right: forget the times that contradict it')
    .action(clock);
}

function clock(flags: Flags): void {
  const { dataDir } = configOf(flags);
  if (!existsSync(dataDir)) throw new UsageError(`There is no server in ${dataDir}. Name its folder with --data-dir.`);
  const now = new Date();
  if (flags.accept) acceptClock(dataDir, now);
  const state = inspectClock(dataDir, now);
  const notice = clockNotice(state);
  if (notice) process.exitCode = exitCode.findings;
  if (flags.json) console.log(JSON.stringify({ now, state: state.kind, ...notice }));
  else if (notice) for (const sentence of [notice.headline, notice.cause, notice.remedy]) console.log(sentence);
  else console.log(`The clock shows ${now.toISOString()}, and nothing in ${dataDir} contradicts it.`);
}
