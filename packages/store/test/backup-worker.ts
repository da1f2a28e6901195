// A backup or a restore in a process of its own, so that it can be killed.
import { backUp } from '../src/backup/backup.ts';
import { restore } from '../src/backup/restore.ts';

const [, , what, dataDir = '', folder = ''] = process.argv;
const database = `${dataDir}/moult.sqlite`;
const now = new Date('2026-12-01T12:00:00Z');
if (what === 'backup') await backUp({ database, dataDir, target: folder, version: '0', now });
else await restore({ database, dataDir, source: folder, author: { name: 'tester', at: now } });
