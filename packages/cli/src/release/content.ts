// moult release add, publish, list, recall, status: what is signed.

import { extname } from 'node:path';
import type { ReleaseTarget, UpdateTarget } from '@moult/releases/metadata';
import { offlineRoles, Repository, raiseAdvice, releasePath } from '@moult/releases/repository';
import { readNamedFile } from '../files/named-file.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { type Common, passphraseOf, tell, versionOf } from './options.ts';
import { printJson, printTable, roleReports, targetReports, waitingLines } from './report.ts';

interface AddOptions extends Common {
  releaseVersion?: string;
  generation: string;
  product: string;
  platform: string;
  floor: string[];
  update?: string;
}

export function runAdd(file: string, options: AddOptions): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const bytes = readNamedFile(file);
  if ((options.releaseVersion === undefined) === (options.update === undefined)) {
    throw new UsageError('Give --release-version for a release, or --update for an update.');
  }
  if (options.update !== undefined) {
    const ours = readInstructions(options.update);
    const path = `updates/${ours.updateId}/${ours.revision}`;
    repository.add('updates', path, bytes, ours, new Date());
    tell(repository, options, { added: path });
    return;
  }
  const version = versionOf(options.releaseVersion ?? '', '--release-version');
  const { product, generation, platform } = options;
  const floors = options.floor.map((floor) => versionOf(floor, '--floor'));
  const ours: ReleaseTarget = { kind: 'release', product, generation, platform, ...version, floors, deltas: [] };
  const path = releasePath(ours, extname(file).toLowerCase());
  repository.add('agent', path, bytes, ours, new Date());
  tell(repository, options, { added: path });
}

/** The fields of docs/trust-metadata.md; the repository checks them. */
function readInstructions(file: string): UpdateTarget {
  try {
    const fields: UpdateTarget = JSON.parse(readNamedFile(file).toString('utf8'));
    return { ...fields, kind: 'update' };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} is not JSON.`);
  }
}

export function runPublish(options: Common & { renew?: true; afterRestore?: true }): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const now = new Date();
  const skip = options.afterRestore ? 1000 : 0;
  if (options.renew || options.afterRestore) {
    for (const role of offlineRoles) if (role !== 'root' || options.renew) repository.renew(role, now, skip);
  }
  repository.signWithOwnKeys();
  const { roles } = repository.publish(now, { skip });
  if (options.json) printJson({ published: roles });
  else console.log(`Published: ${[...roles, 'snapshot', 'timestamp'].join(', ')}.`);
}

export function runList(options: Common): void {
  const targets = targetReports(new Repository(options.dir, passphraseOf(options)));
  if (options.json) {
    printJson({ targets });
    return;
  }
  const rows = targets.map(({ path, what, length, staged, recalled }) => [
    path,
    what,
    String(length),
    recalled === undefined ? (staged ? 'staged' : 'published') : `recalled: ${recalled}`,
  ]);
  printTable(['PATH', 'WHAT', 'BYTES', 'STATE'], rows);
}

export function runRecall(path: string, options: Common & { reason: string; replacement?: string }): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const now = new Date();
  const replacement =
    options.replacement === undefined ? {} : { replacement: versionOf(options.replacement, '--replacement') };
  repository.recall(path, { at: now.toISOString(), reason: options.reason, ...replacement }, now);
  tell(repository, options, { recalled: path });
}

export function runStatus(options: Common): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const roles = roleReports(repository, new Date());
  if (roles.some(({ level }) => level !== undefined && level !== 'fine')) process.exitCode = exitCode.findings;
  if (options.json) {
    printJson({ roles });
    return;
  }
  const rows = roles.map((one) => [
    one.role,
    String(one.version ?? '-'),
    one.daysLeft === undefined
      ? 'not published'
      : `${one.daysLeft} days${one.level === 'fine' ? '' : ` (${one.level})`}`,
    `${one.threshold} of ${one.keys.length}`,
    one.keys.map(({ keyid, owner }) => `${owner} ${keyid.slice(0, 12)}`).join(', '),
  ]);
  printTable(['ROLE', 'VERSION', 'VALID', 'THRESHOLD', 'KEYS'], rows);
  for (const { role, staged } of roles)
    if (staged) console.log(`${role} version ${staged.version} waits, SHA-256 ${staged.sha256}`);
  for (const line of waitingLines(repository)) console.log(line);
  if (roles.every(({ threshold }) => threshold === 1)) console.log(raiseAdvice);
}
