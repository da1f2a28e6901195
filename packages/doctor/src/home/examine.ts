// The server's own end of the ladder: its content, its process, its keys, its tree.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isPostgres, openStore, sqliteFileOf } from '@moult/store';
import { type DoctorReport, makeReport } from '../report/report.ts';
import { examineServer, lookedAt } from '../server/examine.ts';
import { collectContent, collectMissing, observeContent } from './content.ts';
import { collectSelf, observeSelf, type VerifyTree } from './self.ts';

/** Where a server keeps what is examined. */
export interface ServerPlaces {
  dataDir: string;
  /** The address of its database. */
  database: string;
  contentDir: string;
}

/** Checks every file of the content folder, and that approved updates have theirs. */
export async function examineContent(
  { contentDir, database }: ServerPlaces,
  progress: (text: string) => void,
): Promise<DoctorReport> {
  const facts = await collectContent(contentDir, progress);
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
export async function examineSelf(
  { dataDir, database }: ServerPlaces,
  { verifyTree, selfUpdatePort = '80' }: { verifyTree: VerifyTree; selfUpdatePort?: string | undefined },
): Promise<DoctorReport> {
  const facts = await collectSelf(dataDir, new Date(), { verifyTree, database });
  const observations = observeSelf(facts);
  const looked = [
    { what: dataDir, result: facts.alive ? `process ${facts.holder?.pid}` : 'not running' },
    ...(facts.tree ? [{ what: join(dataDir, 'self-update'), result: `${facts.tree.checked} files checked` }] : []),
  ];
  if (facts.alive && facts.holder?.url) {
    const ca = join(dataDir, 'keys', 'operator-ca.cer.pem');
    const more = { selfUpdatePort, client: ['os=Linux,arch=x64,lang=EN,agent=moult'] };
    const seen = await examineServer(
      new URL(facts.holder.url),
      { ...more, ...(existsSync(ca) ? { ca } : {}) },
      () => {},
    );
    observations.push(...seen.observations);
    looked.push(...lookedAt(seen.facts));
  }
  return makeReport(dataDir, observations, looked);
}
