// The hosts on the disk: hosts/<version>/ beside the one that was installed. The host to run, and how one takes the
// place of another.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathInside, readOwnFile } from '@moult/disk';
import { isVersion } from '@moult/protocol/self-update';
import { compareReleases, type ReleaseVersion } from '@moult/releases/metadata';
import { hostBounds } from '../bounds.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { type Hosts, readHosts, withFailedHost, writeHosts } from './hosts-file.ts';
import { readIntactRelease } from './release-folder.ts';

export const hostProduct = 'moult-host';

export interface HostChoice {
  /** Undefined: the host that was installed. */
  version: string | undefined;
  /** The file to run. Undefined with the host that was installed. */
  program: string | undefined;
  trial: boolean;
  /** The new content of hosts.json. */
  hosts: Hosts;
  /** Why it is not the one that hosts.json names. */
  because?: string;
}

/** The host to run, whatever state the disk is in. `own` is the installed one. Writes nothing. */
export function chooseHost(root: MachineRoot, own: ReleaseVersion, now: Date): HostChoice {
  const hosts = readHosts(root) ?? unwritten(root, own);
  const { version, state, attempt = 0, starts = 0, failed } = hosts;
  if (version === undefined) return installed(hosts);
  const found = hostIn(root, version);
  // Somebody installed again, with a newer one.
  if (found && compareReleases(found, own) <= 0) return installed(hosts);
  if (!found) return goBack(root, own, hosts, `host ${version} is damaged or gone`);
  const fail = (why: string) => goBack(root, own, { ...hosts, failed: withFailedHost(failed, version, why, now) }, why);
  if (state === 'trial' && attempt >= hostBounds.maxAttempts) {
    return fail(`host ${version} was started ${attempt} times on its trial`);
  }
  if (state === 'committed' && starts >= hostBounds.startsUntilReturn) {
    return fail(`host ${version} was started ${starts} times and no detection went well`);
  }
  return { version, program: found.program, trial: state === 'trial', hosts };
}

/** The host before `hosts.version`, as far as it is there. */
export function goBack(root: MachineRoot, own: ReleaseVersion, { previous, failed }: Hosts, why: string): HostChoice {
  const found = previous === undefined ? undefined : hostIn(root, previous);
  if (!found || previous === undefined || compareReleases(found, own) <= 0)
    return { ...installed({ failed }), because: why };
  const hosts: Hosts = { version: previous, state: 'committed', starts: 0, failed };
  return { version: previous, program: found.program, trial: false, hosts, because: why };
}

/** Names a host that is on the disk as the next one, on trial. */
export function nameNextHost(root: MachineRoot, next: string, running: string | undefined): void {
  const failed = readHosts(root)?.failed ?? [];
  writeHosts(root, {
    version: next,
    state: 'trial',
    ...(running !== undefined && { previous: running }),
    attempt: 0,
    failed,
  });
}

/** Removes every host that `hosts` does not name. A folder that cannot be removed stays for the next start. */
export function pruneHosts(root: MachineRoot, hosts: Hosts): void {
  for (const name of namesIn(root.hostsFolder)) {
    if (name === hosts.version || name === hosts.previous) continue;
    try {
      rmSync(join(root.hostsFolder, name), { recursive: true, force: true });
    } catch {
      // In use (Windows).
    }
  }
}

/** The version that a host's file says of itself, in its first line. Undefined for one of before 7.9.0.2. */
export function versionOfHost(file: string): string | undefined {
  try {
    const start = readOwnFile(file)?.subarray(0, 200).toString('latin1') ?? '';
    return /^globalThis\.moultHostVersion="([\d.:]+)"/.exec(start)?.[1];
  } catch {
    return undefined;
  }
}

interface FoundHost extends ReleaseVersion {
  program: string;
}

/** A host on the disk whose every byte is as released. */
function hostIn(root: MachineRoot, version: string): FoundHost | undefined {
  const folder = pathInside(root.hostsFolder, version);
  const release = readIntactRelease(folder);
  if (release?.product !== hostProduct || release.version !== version) return undefined;
  return { epoch: release.epoch ?? 0, version, program: pathInside(folder, release.entry) };
}

function installed({ failed }: Pick<Hosts, 'failed'>): HostChoice {
  return { version: undefined, program: undefined, trial: false, hosts: { state: 'committed', failed } };
}

/** No hosts.json: the newest on the disk is proven again, the one before it stays behind it. */
function unwritten(root: MachineRoot, own: ReleaseVersion): Hosts {
  const [newest, before] = namesIn(root.hostsFolder)
    .filter(isVersion)
    .flatMap((name) => hostIn(root, name) ?? [])
    .filter((found) => compareReleases(found, own) > 0)
    .sort((a, b) => compareReleases(b, a));
  if (!newest) return { state: 'committed', failed: [] };
  const { version } = newest;
  return { version, state: 'trial', ...(before && { previous: before.version }), attempt: 0, failed: [] };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
