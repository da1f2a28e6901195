// The server's own end of the ladder: its content, its process, its keys, its tree.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isPostgres, openStore, sqliteFileOf } from '@moult/store';
import { RequestError } from '../errors.ts';
import { type DoctorReport, makeReport } from '../report/report.ts';
import { examineServer, lookedAt } from '../server/examine.ts';
import { collectContent, collectMissing, observeContent } from './content.ts';
import { collectSelf, observeSelf } from './self.ts';

export interface HomeOptions {
  dataDir: string;
  database?: string;
  selfUpdatePort?: string;
}

/** Checks every file of the content folder, and that approved updates have theirs. Throws RequestError. */
export async function examineContent(options: HomeOptions, progress: (text: string) => void): Promise<DoctorReport> {
  requireDataDir(options.dataDir);
  const facts = await collectContent(options.dataDir, progress);
  const database = options.database ?? join(options.dataDir, 'moult.sqlite');
  if (isPostgres(database) || existsSync(sqliteFileOf(database))) {
    const store = await openStore(database, { now: () => new Date(), ifEmpty: 'refuse' });
    try {
      await collectMissing(facts, store);
    } finally {
      await store.close();
    }
  }
  const looked = [{ what: facts.folder, result: `${facts.checked} files, ${(facts.bytes / 2 ** 20).toFixed(1)} MB` }];
  return makeReport(facts.folder, observeContent(facts), looked);
}

/** Checks this server: process, keys, tree, and the server itself from the outside. Throws RequestError. */
export async function examineSelf(options: HomeOptions): Promise<DoctorReport> {
  requireDataDir(options.dataDir);
  const facts = await collectSelf(options.dataDir, new Date(), options.database);
  const observations = observeSelf(facts);
  const looked = [
    { what: options.dataDir, result: facts.alive ? `process ${facts.holder?.pid}` : 'not running' },
    ...(facts.tree
      ? [{ what: join(options.dataDir, 'self-update'), result: `${facts.tree.checked} files checked` }]
      : []),
  ];
  if (facts.alive && facts.holder?.url) {
    const ca = join(options.dataDir, 'keys', 'operator-ca.cer.pem');
    const more = { selfUpdatePort: options.selfUpdatePort ?? '80', client: ['os=Linux,arch=x64,lang=EN,agent=moult'] };
    const seen = await examineServer(
      new URL(facts.holder.url),
      { ...more, ...(existsSync(ca) ? { ca } : {}) },
      () => {},
    );
    observations.push(...seen.observations);
    looked.push(...lookedAt(seen.facts));
  }
  return makeReport(options.dataDir, observations, looked);
}

function requireDataDir(folder: string): void {
  if (!existsSync(folder))
    throw new RequestError(`${folder}: no such folder; --data-dir names the server's data directory`);
}
