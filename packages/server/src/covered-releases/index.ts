// The agent releases that this server carries, listed in the role `agent` of the operator's metadata: agents with a
// pinned root install no others. Without the key of that role the list waits for a signature, and a notice says so.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { encodeRelease } from '@moult/protocol/self-update';
import {
  type CarriedRelease,
  type CoverState,
  coverReleases,
  Repository,
  releasePath,
} from '@moult/releases/repository';
import type { Notice } from '@moult/store';
import type { Logger } from '../log/log.ts';
import { type PublishedRelease, releaseIn, unsignedCabinet } from '../sites/self-update/index.ts';
import { canary } from './canary.ts';

interface ReleaseCoverParts {
  /** The repository. */
  directory: string;
  /** Those that are, or were, offered. */
  releases(): readonly PublishedRelease[];
  now(): Date;
  /** While the clock is not believed, nothing is signed. */
  isClockBelieved(): boolean;
  log: Pick<Logger, 'info' | 'error'>;
  /** Called when the notices may have changed. */
  changed(): void;
  /** Milliseconds between two looks. 0 for none but the first. */
  everyMs?: number;
}

interface ReleaseCoverKeeper {
  /** Lists what is offered by now. Never throws. */
  look(): void;
  notices(): Notice[];
  close(): void;
}

/** Lists the releases at once, or as soon as the repository is published. Never throws: what fails is a notice. */
export function keepReleasesCovered(parts: ReleaseCoverParts): ReleaseCoverKeeper {
  const { directory, now, isClockBelieved, log, changed, everyMs = 60_000 } = parts;
  const stagedFile = join(directory, 'staged', 'agent.json');
  let listed = '';
  let changedVersions: string[] = [];
  let last: CoverState | undefined;
  let failure: unknown;

  const look = () => {
    const releases = parts.releases();
    const carried = new Map([canary(), ...releases.map(carry)]);
    const names = [...carried.keys()].join();
    const isSettled = names === listed && last !== undefined && (last.state !== 'waits' || existsSync(stagedFile));
    if (isSettled || !isClockBelieved() || !hasPublished(directory)) return;
    try {
      last = coverReleases(directory, carried, now());
      listed = names;
      if (last.state === 'published') log.info(`${last.covered} agent releases are signed`);
      changedVersions = releases.filter((one) => isOther(directory, one)).map(({ release }) => release.version);
      failure = undefined;
    } catch (error) {
      if (failure === undefined) log.error({ err: error }, 'the agent releases cannot be listed in signed metadata');
      failure = error;
    }
    changed();
  };
  look();
  const timer = everyMs > 0 ? setInterval(look, everyMs).unref() : undefined;
  return {
    look,
    notices: () => [
      ...(failure === undefined ? [] : [failureNotice(directory, failure)]),
      ...(last?.state === 'waits' && existsSync(stagedFile) ? [waitingNotice(stagedFile, last.missing)] : []),
      ...(changedVersions.length === 0 ? [] : [changedNotice(changedVersions)]),
    ],
    close: () => clearInterval(timer),
  };
}

/** Whether another release is listed under this version: agents take the one that is listed. */
function isOther(directory: string, published: PublishedRelease): boolean {
  const [path] = carry(published);
  const listed = new Repository(directory).state().published.targets.get('agent')?.signed.targets[path];
  const sha256 = listed?.hashes.sha256;
  if (sha256 === undefined) return false;
  const file = new Repository(directory).folder.targetFile(path, sha256);
  const bytes = readOwnFile(file, { followLink: false });
  return bytes !== undefined && encodeRelease(releaseIn(bytes)) !== encodeRelease(published.release);
}

function carry(published: PublishedRelease): [string, CarriedRelease] {
  const { product, generation, epoch = 0, version } = published.release;
  const numbers = { epoch, version, platform: 'any', floors: [], deltas: [] };
  const ours = { kind: 'release' as const, product, generation, ...numbers };
  return [releasePath(ours, '.cab'), { bytes: () => unsignedCabinet(published), ours }];
}

function hasPublished(directory: string): boolean {
  return existsSync(join(directory, 'public', 'metadata', 'timestamp.json'));
}

function failureNotice(directory: string, failure: unknown): Notice {
  return {
    headline: 'New agent releases are not signed: agents do not install them.',
    cause: failure instanceof Error ? failure.message : String(failure),
    remedy: `Run moult release status --dir ${directory}.`,
  };
}

function changedNotice(versions: readonly string[]): Notice {
  return {
    headline: 'Agents do not install a changed release.',
    cause: `Of ${versions.join(', ')} other bytes were signed under the same version, and those count.`,
    remedy: 'Give the changed release a new version.',
  };
}

function waitingNotice(stagedFile: string, missing: readonly string[]): Notice {
  return {
    headline: 'New agent releases wait for a signature: agents do not install them yet.',
    cause: `The key of the role agent is not on this server, or somebody changes the role. Not signed yet: ${missing.join(', ') || 'none'}.`,
    remedy: `Sign ${stagedFile} with moult release sign, then run moult release publish.`,
  };
}
