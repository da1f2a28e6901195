// moult release add, publish, list, recall, status: the signed contents.

import { extname } from 'node:path';
import type { PinOwner, ReleaseTarget, UpdateTarget } from '@moult/releases/metadata';
import {
  deltaReports,
  offlineRoles,
  pinReports,
  publishStaged,
  Repository,
  raiseAdvice,
  releasePath,
  roleReports,
  targetReports,
  waitingLines,
  withoutPin,
  withPin,
} from '@moult/releases/repository';
import { readNamedFile } from '../files/named-file.ts';
import { type Column, type ListFlags, pageOfAll, showList } from '../lists.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { type Common, passphraseOf, tell, versionOf } from './options.ts';
import { printJson, printTable } from './report.ts';

interface AddOptions extends Common {
  releaseVersion?: string;
  generation: string;
  product: string;
  platform: string;
  floor: string[];
  update?: string;
  delta: string;
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
  repository.add('agent', path, bytes, ours, new Date(), deltaCountOf(options.delta));
  const deltas = deltaReports(repository, path);
  if (!options.json)
    for (const { from, length, perCent } of deltas)
      console.log(`Delta from ${from}: ${length} bytes, ${perCent.toFixed(1)} %.`);
  tell(repository, options, { added: path, deltas });
}

function deltaCountOf(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 30) return Number(text);
  throw new UsageError(`--delta ${text} is not a number from 0 to 30.`);
}

/** The fields of docs/trust-metadata.md. The repository checks them. */
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

type ListedTarget = ReturnType<typeof targetReports>[number];

/** The columns of `moult release list`. */
export const targetColumns: readonly Column<ListedTarget>[] = [
  { name: 'path', cell: ({ path }) => path },
  { name: 'what', cell: ({ what }) => what },
  { name: 'bytes', cell: ({ length }) => length },
  { name: 'role', cell: ({ role }) => role, isExtra: true },
  { name: 'sha-256', cell: ({ sha256 }) => sha256, isExtra: true },
  {
    name: 'state',
    cell: ({ staged, recalled }) =>
      recalled === undefined ? (staged ? 'staged' : 'published') : `recalled: ${recalled}`,
  },
];

export function runList(options: Common & ListFlags): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const page = pageOfAll('targets', targetReports(repository), options, ({ path }) => path);
  const pins = pinReports(repository);
  showList(page, options, targetColumns, ['entry', 'entries'], {
    fields: { pins },
    below: pins.map(({ who, version }) => `${who} has ${version} in place of the newest.`),
  });
}

export function runRecall(path: string, options: Common & { reason: string; replacement?: string }): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const now = new Date();
  const replacement =
    options.replacement === undefined ? {} : { replacement: versionOf(options.replacement, '--replacement') };
  // Changes that were staged before are not published along with it, unless asked for.
  const isAlone = !repository.state().staged.targets.has('agent');
  repository.recall(path, { at: now.toISOString(), reason: options.reason, ...replacement }, now);
  repository.signWithOwnKeys();
  const isPublished = isAlone && publishStaged(repository, 'agent', now);
  if (isPublished && !options.json) console.log('Published: agent, snapshot, timestamp.');
  tell(repository, options, { recalled: path, ...(isPublished && { published: ['agent'] }) });
}

interface PinOptions extends Common {
  group?: string;
  computer?: string;
}

export function runPin(version: string, options: PinOptions): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const pin = { ...ownerOf(options), ...versionOf(version, 'VERSION') };
  repository.changeAgent((signed) => withPin(signed, pin), new Date());
  tell(repository, options, { pinned: pin });
}

export function runUnpin(options: PinOptions): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const owner = ownerOf(options);
  repository.changeAgent((signed) => withoutPin(signed, owner), new Date());
  tell(repository, options, { unpinned: owner });
}

function ownerOf({ group, computer }: PinOptions): PinOwner {
  if ((group === undefined) === (computer === undefined)) throw new UsageError('Give --group or --computer.');
  if (group !== undefined) return { group };
  const id = (computer ?? '').toLowerCase();
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return { computer: id };
  throw new UsageError(`--computer ${computer} is not a client id. See moult agent status, or moult computers list.`);
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
