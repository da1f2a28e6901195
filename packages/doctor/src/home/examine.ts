// The server's own end of the ladder: its content, its process, its keys, its tree, its database.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '@moult/formats/text';
import { isPostgres, openStore, type Store, sqliteFileOf, withoutPassword } from '@moult/store';
import { type Observation, observe } from '../finding.ts';
import { type DoctorReport, makeReport } from '../report/report.ts';
import { examineServer, lookedAt } from '../server/examine.ts';
import { collectContent, collectMissing, observeContent } from './content.ts';
import { askPorts, observePorts, selfUpdatePortIn } from './ports.ts';
import { isRefused, observeUnreadable, reachOf } from './reach.ts';
import { collectSelf, observeSelf, type SelfFacts, type VerifyTree } from './self.ts';

/** The places of a server that the doctor examines. */
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
  const trouble = await withStore(database, (store) => collectMissing(facts, store));
  const looked = [
    { what: facts.folder, result: `${counted(facts.checked, 'file')}, ${(facts.bytes / 2 ** 20).toFixed(1)} MB` },
  ];
  return makeReport(facts.folder, [...observeContent(facts), ...trouble], looked);
}

/** Checks this server: process, keys, tree, database, and the server itself from the outside. Throws RequestError. */
export async function examineSelf(
  { dataDir, database }: ServerPlaces,
  {
    verifyTree,
    selfUpdatePort,
    configuredPort = '80',
  }: { verifyTree: VerifyTree; selfUpdatePort?: string | undefined; configuredPort?: string },
): Promise<DoctorReport> {
  const facts = await collectSelf(dataDir, new Date(), { verifyTree, database });
  const observations = observeSelf(facts);
  const looked = [
    { what: dataDir, result: stateOf(facts) },
    ...(facts.tree
      ? [{ what: join(dataDir, 'self-update'), result: `${counted(facts.tree.checked, 'file')} checked` }]
      : []),
  ];
  if (!facts.unreadable.includes(dataDir)) {
    observations.push(...(await withStore(database, async () => {})));
    looked.push({ what: withoutPassword(database), result: 'database' });
  }
  if (facts.alive && facts.holder?.url) {
    const url = new URL(facts.holder.url);
    // The typed port counts first, then the server's answer, then the port that it recorded at its start.
    const ports = await askPorts(url);
    const port =
      selfUpdatePort ?? selfUpdatePortIn(ports) ?? String(facts.holder.settings?.selfUpdatePort ?? configuredPort);
    observations.push(...observePorts(url, ports));
    const ca = join(dataDir, 'keys', 'operator-ca.cer.pem');
    const more = { selfUpdatePort: port, client: ['os=Linux,arch=x64,lang=EN,agent=moult'] };
    const seen = await examineServer(url, { ...more, ...(reachOf(ca) === 'there' ? { ca } : {}) }, () => {});
    observations.push(...seen.observations.map(asMoult));
    looked.push(...lookedAt(seen.facts));
  }
  return makeReport(dataDir, observations, looked);
}

function stateOf({ dataDir, unreadable, alive, holder }: SelfFacts): string {
  if (unreadable.includes(dataDir) || unreadable.includes(join(dataDir, 'moult.lock')))
    return 'not readable as this user';
  return alive && holder ? `process ${holder.pid}` : 'not running';
}

function asMoult(observation: Observation): Observation {
  return { ...observation, values: { ...observation.values, product: 'moult' } };
}

/** Opens the database, lets it be used, and answers what is wrong with it. A new server has none yet. */
async function withStore(database: string, use: (store: Store) => Promise<void>): Promise<Observation[]> {
  const file = isPostgres(database) ? undefined : sqliteFileOf(database);
  if (file !== undefined && reachOf(file) === 'not-readable') return observeUnreadable([file]);
  if (file !== undefined && !existsSync(file)) return [];
  let store: Store;
  try {
    store = await openStore(database, { now: () => new Date(), ifEmpty: 'refuse' });
  } catch (error) {
    if (isRefused(error) && file !== undefined) return observeUnreadable([file]);
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const values = { server: 'this server', message: message ?? '', product: 'moult' };
    return [
      observe('DOCTOR_DATABASE', 'fail', ['server', 'database'], values, [
        { source: withoutPassword(database), text: message ?? '' },
      ]),
    ];
  }
  try {
    await use(store);
    return [];
  } finally {
    await store.close();
  }
}
