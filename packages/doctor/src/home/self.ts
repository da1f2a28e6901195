// This server, from its data directory: does it run, are its keys whole and private, is its tree as it was signed?

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isPostgres, type Notice, sqliteFileOf } from '@moult/store';
import { isRestorePending } from '@moult/store/backup';
import { clockNotice, inspectClock } from '@moult/store/clock';
import { type LockHolder, type OpenPlace, openPlacesIn, readLockHolder } from '@moult/store/data-dir';
import { type Observation, observe } from '../finding.ts';
import { readNamedFile } from '../named-file.ts';
import type { FindingCode } from '../words/codes.ts';

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
  /** What other users may read or write although they should not. */
  open: OpenPlace[];
  tree: TreeFacts | undefined;
  /** A restore was cut off, or is under way. */
  restorePending: boolean;
  /** What there is to say of this server's clock. */
  clock: Notice | undefined;
}

const keyPairs = ['operator-ca', 'operator-signing'];

/** Looks at the data directory, and at the file of a database elsewhere; starts nothing, changes nothing. */
export async function collectSelf(
  dataDir: string,
  now: Date,
  { verifyTree, database = join(dataDir, 'moult.sqlite') }: SelfSources,
): Promise<SelfFacts> {
  const holder = readLockHolder(dataDir);
  const caFile = join(dataDir, 'keys', 'operator-ca.cer.pem');
  const ca = existsSync(caFile) ? readNamedFile(caFile).toString('utf8') : undefined;
  // By a clock that is not believed no certificate is called expired: the remedy would cost every agent.
  const clock = inspectClock(dataDir, now);
  const believed = clock.kind === 'right' ? now : undefined;
  const hasTree = existsSync(join(dataDir, 'self-update'));
  return {
    dataDir,
    holder,
    alive: holder !== undefined && isAlive(holder.pid),
    keys: keyPairs.flatMap((name) => inspectKeys(join(dataDir, 'keys'), name, believed)),
    open: openPlacesIn(dataDir, isPostgres(database) ? undefined : sqliteFileOf(database)),
    tree: hasTree ? await verifyTree(dataDir, { operatorCaPem: ca, trustedCertificatesPem: [], now }) : undefined,
    clock: clockNotice(clock),
    restorePending: isRestorePending(dataDir),
  };
}

function inspectKeys(folder: string, name: string, now: Date | undefined): SelfFacts['keys'] {
  const [key, certificate] = [join(folder, `${name}.key.pem`), join(folder, `${name}.cer.pem`)];
  const problem = existsSync(certificate) ? problemOf(certificate, key, now) : 'it is missing';
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
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** What the data directory says. Pure. */
export function observeSelf(facts: SelfFacts): Observation[] {
  const { dataDir, holder, alive } = facts;
  const found: Observation[] = [];
  const values = { found: dataDir, server: 'this server', host: 'this server', message: '', why: '' };
  if (!alive) {
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
        { source: join(dataDir, 'self-update'), text: `${facts.tree.checked} files checked` },
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
