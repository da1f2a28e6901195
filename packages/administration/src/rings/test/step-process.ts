// One step of the rings in a process of its own. It is killed just before its `killAt`th commit, or when it is done: then it
// says how many commits there were.
import { writeSync } from 'node:fs';
import { StatementSync } from 'node:sqlite';
import { openStore } from '@moult/store';
import { stepRollouts } from '../index.ts';

const [, , database = '', time = '', killAt = '0'] = process.argv;
const { run } = StatementSync.prototype;
let commits = 0;
StatementSync.prototype.run = function (this: StatementSync, ...given: Parameters<typeof run>) {
  if (this.sourceSQL === 'commit' && ++commits === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  return run.apply(this, given);
} as typeof run;

const now = new Date(time);
await using store = await openStore(database, { now: () => now });
await stepRollouts(store, now);
writeSync(1, String(commits));
process.kill(process.pid, 'SIGKILL');
