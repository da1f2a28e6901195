// A cleanup in a process of its own, which kills itself just before its `killAt`th commit, or when it is done: then it says
// how many commits there were.
import { writeSync } from 'node:fs';
import { StatementSync } from 'node:sqlite';
import { openStore } from '@moult/store';
import { openLiveCatalog } from '@moult/store/catalog';
import { createAdministration } from '../../test/administration.ts';
import { cleanUp } from '../index.ts';

const [, , database = '', time = '', killAt = '0'] = process.argv;
const { run } = StatementSync.prototype;
let commits = 0;
StatementSync.prototype.run = function (this: StatementSync, ...given: Parameters<typeof run>) {
  if (this.sourceSQL === 'commit' && ++commits === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  return run.apply(this, given);
} as typeof run;

const at = new Date(time);
await using store = await openStore(database, { now: () => at });
await using other = await createAdministration();
commits = 0;
const catalog = await openLiveCatalog(store, { unapproved: 'report' });
const administration = { ...other, store, author: { name: 'anna', at } };
const log = { info() {}, warn() {}, error() {} };
await cleanUp({ administration, catalog, log }, { tasks: ['declined-updates', 'old-revisions'] });
writeSync(1, String(commits));
process.kill(process.pid, 'SIGKILL');
