// Reports on a repository for administrators: its roles, its targets, its pins, and the signatures that are missing.
import { counted } from '@moult/formats/text';
import { emptySha256 } from '../delta/index.ts';
import { canonicalBytes, formatRelease, readOurTarget, readPins, sha256Hex } from '../metadata/index.ts';
import { type ExpiryState, expiryStates } from './expiry.ts';
import { offlineRoles, type Repository } from './repository.ts';
import type { Progress } from './signing.ts';

interface RoleReport extends Partial<ExpiryState> {
  role: string;
  threshold: number;
  keys: { keyid: string; owner: string }[];
  /** The part that waits for signatures. */
  staged?: Progress & { version: number; file: string; sha256: string };
}

interface TargetReport {
  role: string;
  path: string;
  length: number;
  sha256: string | undefined;
  /** In words: a release's version, an update's identity. */
  what: string;
  recalled?: string;
  /** Only staged, not published. */
  staged: boolean;
}

const allRoles = ['root', 'targets', 'agent', 'updates', 'snapshot', 'timestamp'] as const;

/** Every role: its keys, how long it lasts, what it waits for. */
export function roleReports(repository: Repository, now: Date): RoleReport[] {
  const { published, staged } = repository.state();
  const states = new Map(expiryStates(published, now).map((state) => [state.role, state]));
  return allRoles.map((role) => {
    const { roleKeys, keys } = repository.keysOf(role) ?? { roleKeys: { keyids: [], threshold: 0 }, keys: {} };
    const progress = repository.progress(role);
    const waiting = role === 'root' ? staged.root : staged.targets.get(role);
    return {
      role,
      ...states.get(role),
      threshold: roleKeys.threshold,
      keys: roleKeys.keyids.map((keyid) => ({ keyid, owner: String(keys[keyid]?.['x-moult-owner'] ?? '') })),
      ...(progress && waiting
        ? {
            staged: {
              ...progress,
              version: waiting.signed.version,
              file: repository.folder.stagedFile(role),
              sha256: digestOf(waiting.signed),
            },
          }
        : {}),
    };
  });
}

interface DeltaReport {
  target: string;
  /** First digits of the SHA-256 of the file that it starts from, or `nothing`. */
  from: string;
  length: number;
  /** Of the whole release, with one decimal. */
  perCent: number;
}

/** The deltas of a release that is staged. */
export function deltaReports(repository: Repository, path: string): DeltaReport[] {
  const targets = repository.state().staged.targets.get('agent')?.signed.targets ?? {};
  const release = targets[path];
  const ours = release && readOurTarget(path, release);
  if (!release || ours?.kind !== 'release') return [];
  return ours.deltas.map(({ target, fromSha256 }) => {
    const { length = 0 } = targets[target] ?? {};
    const from = fromSha256 === emptySha256 ? 'nothing' : `the program ${fromSha256.slice(0, 12)}`;
    return { target, from, length, perCent: Math.round((1000 * length) / release.length) / 10 };
  });
}

/** Every target, published or staged, by path. */
export function targetReports(repository: Repository): TargetReport[] {
  const { published, staged } = repository.state();
  return ['agent', 'updates'].flatMap((role) => {
    const before = published.targets.get(role)?.signed.targets ?? {};
    const targets = (staged.targets.get(role) ?? published.targets.get(role))?.signed.targets ?? {};
    return Object.entries(targets).map(([path, file]) => {
      const ours = readOurTarget(path, file);
      const recalled = ours?.kind === 'release' ? ours.recalled?.reason : undefined;
      return {
        role,
        path,
        length: file.length,
        sha256: file.hashes.sha256,
        what:
          ours === undefined
            ? isDelta(file)
              ? 'delta'
              : ''
            : ours.kind === 'release'
              ? formatRelease(ours)
              : `${ours.updateId} ${ours.revision}`,
        ...(recalled === undefined ? {} : { recalled }),
        staged: JSON.stringify(before[path]) !== JSON.stringify(file),
      };
    });
  });
}

/** Every pin, published or staged. */
export function pinReports(repository: Repository): { who: string; version: string }[] {
  const { published, staged } = repository.state();
  const signed = (staged.targets.get('agent') ?? published.targets.get('agent'))?.signed;
  return readPins(signed ?? {}).map((pin) => ({
    who: 'group' in pin ? `Group ${pin.group}` : `Computer ${pin.computer}`,
    version: formatRelease(pin),
  }));
}

/** The lines that say what is still to be done before `moult release publish` works. */
export function waitingLines(repository: Repository): string[] {
  return offlineRoles.flatMap((role) => {
    const progress = repository.progress(role);
    if (!progress) return [];
    if (progress.complete) return [`${role}: signed, ready for moult release publish`];
    const { have, need, missing } = progress;
    const file = repository.folder.stagedFile(role);
    return [
      `${role}: ${have} of ${counted(need, 'signature')}. Not signed yet: ${missing.join(', ')}. Carry ${file} to them.`,
    ];
  });
}

function digestOf(signed: unknown): string {
  return sha256Hex(canonicalBytes(signed));
}

function isDelta({ custom }: Parameters<typeof readOurTarget>[1]): boolean {
  const ours = custom?.moult;
  return typeof ours === 'object' && ours !== null && 'kind' in ours && ours.kind === 'delta';
}
