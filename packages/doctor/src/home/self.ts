// This server, from its data directory: does it run, are its keys whole and private, is its tree as it was signed?

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { counted } from '@moult/formats/text';
import { isPostgres, type Notice, sqliteFileOf } from '@moult/store';
import { isRestorePending } from '@moult/store/backup';
import { clockNotice, inspectClock } from '@moult/store/clock';
import { type LockHolder, type OpenPlace, openPlacesIn, readLockHolder } from '@moult/store/data-dir';
import { type Observation, observe } from '../finding.ts';
import { readNamedFile } from '../named-file.ts';
import type { FindingCode } from '../words/codes.ts';
import { isRefused, observeUnreadable, reachOf } from './reach.ts';

/** The self-update tree of a data directory, checked file by file. The server's `verifyTree` answers this. */
export interface TreeFacts {
  /** Files that were looked at. */
  checked: number;
  problems: { path: string; code: keyof typeof treeCodes; message: string }[];
}

export type VerifyTree = (
  dataDir: string,
  options: { operatorCaPem: string | undefined; trustedCertificatesPem: string[]; now: Date },
) => Promise<TreeFacts>;

/** How parts of a server are read that the doctor does not know itself. */
export interface SelfSources {
  verifyTree: VerifyTree;
  /** The address of the database. Default: moult.sqlite in the data directory. */
  database?: string | undefined;
}

export interface SelfFacts {
  dataDir: string;
  holder: LockHolder | undefined;
  /** The process that moult.lock names is there. */
  alive: boolean;
  keys: { file: string; problem: string | undefined }[];
  /** Places that other users may read or write although they should not. */
  open: OpenPlace[];
  tree: TreeFacts | undefined;
  /** A restore was cut off, or is under way. */
  restorePending: boolean;
  /** The notice about this server's clock. */
  clock: Notice | undefined;
  /** Places of the server that this user may not read: nothing is said of what is in them. */
  unreadable: string[];
}

const keyPairs = ['operator-ca', 'operator-signing'];

/** Looks at the data directory, and at the file of a database elsewhere. Starts nothing, changes nothing. */
export async function collectSelf(
  dataDir: string,
  now: Date,
  { verifyTree, database = join(dataDir, 'moult.sqlite') }: SelfSources,
): Promise<SelfFacts> {
  const unreadable = [dataDir, join(dataDir, 'moult.lock'), join(dataDir, 'keys'), join(dataDir, 'self-update')].filter(
    (place) => reachOf(place) === 'not-readable',
  );
  // Inside a folder that this user may not enter nothing can be told apart.
  if (unreadable.includes(dataDir)) return unreadableFacts(dataDir, [dataDir]);
  const holder = readLockHolder(dataDir);
  const ca = readOwnCa(dataDir, unreadable);
  // By a clock that is not believed no certificate is called expired: the remedy disturbs every agent.
  const clock = inspectClock(dataDir, now);
  const believed = clock.kind === 'right' ? now : undefined;
  const hasKeys = !unreadable.includes(join(dataDir, 'keys'));
  return {
    dataDir,
    holder,
    alive: holder !== undefined && isAlive(holder.pid),
    keys: hasKeys ? keyPairs.flatMap((name) => inspectKeys(join(dataDir, 'keys'), name, believed, unreadable)) : [],
    open: openPlaces(dataDir, database),
    tree: await inspectTree(dataDir, { verifyTree, ca, now }, unreadable),
    clock: clockNotice(clock),
    restorePending: isRestorePending(dataDir),
    unreadable,
  };
}

/** A file that this user may not see is not open to others either. */
function openPlaces(dataDir: string, database: string): OpenPlace[] {
  try {
    return openPlacesIn(dataDir, isPostgres(database) ? undefined : sqliteFileOf(database));
  } catch (error) {
    if (isRefused(error)) return [];
    throw error;
  }
}

function unreadableFacts(dataDir: string, unreadable: string[]): SelfFacts {
  const nothing = { holder: undefined, alive: true, keys: [], open: [], tree: undefined, clock: undefined };
  return { dataDir, ...nothing, restorePending: false, unreadable };
}

function readOwnCa(dataDir: string, unreadable: string[]): string | undefined {
  const file = join(dataDir, 'keys', 'operator-ca.cer.pem');
  if (unreadable.includes(join(dataDir, 'keys'))) return undefined;
  const reach = reachOf(file);
  return reach === 'there' ? readNamedFile(file).toString('utf8') : undefined;
}

/** Without the certificate, no release counts as wrongly signed. */
async function inspectTree(
  dataDir: string,
  { verifyTree, ca, now }: { verifyTree: VerifyTree; ca: string | undefined; now: Date },
  unreadable: string[],
): Promise<TreeFacts | undefined> {
  const folder = join(dataDir, 'self-update');
  if (reachOf(folder) !== 'there' || unreadable.some((place) => place.includes(`${sep}keys`))) return undefined;
  try {
    const tree = await verifyTree(dataDir, { operatorCaPem: ca, trustedCertificatesPem: [], now });
    const refused = tree.problems.filter(
      ({ path, message }) => /EACCES|EPERM|permission denied/i.test(message) || reachOf(path) === 'not-readable',
    );
    unreadable.push(...refused.map(({ path }) => path));
    return { ...tree, problems: tree.problems.filter((problem) => !refused.includes(problem)) };
  } catch (error) {
    if (!isRefused(error)) throw error;
    unreadable.push(folder);
    return undefined;
  }
}

function inspectKeys(folder: string, name: string, now: Date | undefined, unreadable: string[]): SelfFacts['keys'] {
  const [key, certificate] = [join(folder, `${name}.key.pem`), join(folder, `${name}.cer.pem`)];
  const refused = [certificate, key].filter((file) => reachOf(file) === 'not-readable');
  unreadable.push(...refused);
  if (refused.length > 0) return [];
  const problem = reachOf(certificate) === 'there' ? problemOf(certificate, key, now) : 'it is missing';
  return [{ file: certificate, problem }];
}

function problemOf(certificateFile: string, keyFile: string, now: Date | undefined): string | undefined {
  try {
    const certificate = new X509Certificate(readNamedFile(certificateFile));
    if (now && certificate.validToDate < now) return `it expired on ${certificate.validTo}`;
    // The authority's key may be kept elsewhere.
    if (!existsSync(keyFile)) return keyFile.includes('operator-ca') ? undefined : `${keyFile} is missing`;
    return certificate.checkPrivateKey(createPrivateKey(readNamedFile(keyFile)))
      ? undefined
      : `${keyFile} is not its key`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** True while a process has this id. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The findings of the data directory. Pure. */
export function observeSelf(facts: SelfFacts): Observation[] {
  const { dataDir, holder, alive, unreadable } = facts;
  const found: Observation[] = observeUnreadable(unreadable);
  const values = { found: dataDir, server: 'this server', product: 'moult' };
  // A lock that may not be read says nothing of the process.
  const isLockKnown = !unreadable.includes(join(dataDir, 'moult.lock'));
  if (!alive && isLockKnown) {
    const text = holder ? `moult.lock names process ${holder.pid}, which is gone` : 'no process holds the directory';
    found.push(
      observe('DOCTOR_SERVER_NOT_RUNNING', 'fail', ['server'], values, [{ source: join(dataDir, 'moult.lock'), text }]),
    );
    if (holder)
      found.push(
        observe('DOCTOR_STALE_LOCK', 'fail', ['server', 'lock'], values, [
          { source: join(dataDir, 'moult.lock'), text },
        ]),
      );
  }
  for (const { file, problem } of facts.keys) {
    if (problem)
      found.push(
        observe('DOCTOR_KEYS', 'fail', ['server'], { ...values, why: `${file}: ${problem}` }, [
          { source: file, text: problem },
        ]),
      );
  }
  for (const { path, mode } of facts.open) {
    const evidence = [{ source: path, text: `mode ${mode.toString(8)}` }];
    found.push(observe('DOCTOR_KEY_PERMISSIONS', 'fail', ['server', path], { ...values, file: path }, evidence));
  }
  if (facts.restorePending) {
    const evidence = [{ source: join(dataDir, 'restoring'), text: 'the folder is there' }];
    found.push(observe('DOCTOR_RESTORE_UNFINISHED', 'fail', ['server', 'restore'], values, evidence));
  }
  if (facts.clock) {
    const { headline, cause } = facts.clock;
    const why = `${headline} ${cause}`.replace(/\.$/, '');
    const evidence = [{ source: join(dataDir, 'clock.json'), text: cause }];
    found.push(observe('DOCTOR_SERVER_CLOCK', 'fail', ['server', 'clock'], { ...values, why }, evidence));
  }
  for (const problem of facts.tree?.problems ?? []) {
    const code = treeCodes[problem.code];
    const more = {
      ...values,
      path: problem.path,
      url: problem.path,
      why: problem.message,
      found: problem.message,
      signer: problem.message,
    };
    found.push(
      observe(code, 'fail', ['server', 'tree', problem.path], more, [{ source: problem.path, text: problem.message }]),
    );
  }
  if (facts.tree && facts.tree.problems.length === 0) {
    found.push(
      observe('DOCTOR_TREE_HEALTHY', 'pass', ['server', 'tree'], values, [
        { source: join(dataDir, 'self-update'), text: `${counted(facts.tree.checked, 'file')} checked` },
      ]),
    );
  }
  return found;
}

const treeCodes = {
  MISSING: 'DOCTOR_TREE_INCOMPLETE',
  CHANGED: 'DOCTOR_CABINET_ALTERED',
  ALTERED: 'DOCTOR_CABINET_ALTERED',
  DAMAGED: 'DOCTOR_CABINET_DAMAGED',
  NOT_A_RELEASE: 'DOCTOR_CABINET_DAMAGED',
  UNSIGNED: 'DOCTOR_CABINET_UNSIGNED',
  UNTRUSTED: 'DOCTOR_CABINET_WRONG_SIGNER',
  BAD_IDENT: 'DOCTOR_IDENT_MALFORMED',
  UNSAFE: 'DOCTOR_CABINET_ALTERED',
  UNLISTED: 'DOCTOR_TREES_DIFFER',
} as const satisfies Record<string, FindingCode>;
