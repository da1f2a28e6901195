// Decides which version is the agent, and which one runs in any state of the disk. current-file.ts has the file.
import { randomBytes } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listIfThere, pathInside } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { isVersion } from '@moult/protocol/self-update';
import { compareReleases } from '@moult/releases/metadata';
import { hostBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { type AgentVersion, type Current, type FailedTrial, readCurrent } from './current-file.ts';
import { readIntactRelease } from './release-folder.ts';

export * from './current-file.ts';

/** The folder of a version. */
export function versionFolder(root: MachineRoot, version: string): string {
  return pathInside(root.versionsFolder, version);
}

/**
 * The version to run, whatever state the disk is in: current.json when its version is intact, else what the version
 * folders allow. Two intact versions without a current.json are an unfinished trial of the newer one. Throws AgentError
 * AGENT_HOST_NO_WORKING_VERSION when nothing on the disk can run, DiskError when the disk does not tell what there is.
 */
export function recoverCurrent(root: MachineRoot): { current: Current; repaired: string | undefined } {
  const written = readCurrent(root);
  const failed = written?.failed ?? [];
  if (written && isIntact(root, written.version)) {
    if (written.previous && isIntact(root, written.previous.version)) return { current: written, repaired: undefined };
    const { previous: _, ...alone } = written;
    if (written.state === 'committed') return { current: alone, repaired: undefined };
  }
  if (written?.previous && isIntact(root, written.previous.version)) {
    const repaired = `version ${written.version} is damaged; going back to ${written.previous.version}`;
    return { current: { ...written.previous, state: 'committed', failed }, repaired };
  }
  const whole = intactVersions(root);
  const newest = whole.at(-1);
  if (!newest) {
    throw new AgentError(
      'AGENT_HOST_NO_WORKING_VERSION',
      `No intact agent version is left in ${root.versionsFolder}. Run "moult agent install" again.`,
      { hresult: hresult.setupUnexpected },
    );
  }
  const what = written ? `version ${written.version} is damaged` : 'current.json is missing or damaged';
  const previous = whole.at(-2);
  if (previous && !written) {
    const current: Current = { ...newest, state: 'trial', previous, attempt: 0, failed };
    return { current, repaired: `${what}; ${newest.version} is proven again, ${previous.version} stays behind it` };
  }
  return { current: { ...newest, state: 'committed', failed }, repaired: `${what}; ${newest.version} is taken` };
}

/** The failures of `current` with one more of `version`. The newest are kept. */
export function withFailure({ failed }: Pick<Current, 'failed'>, failure: Omit<FailedTrial, 'tries'>): FailedTrial[] {
  const before = failed.find(({ version }) => version === failure.version);
  const tries = before ? (before.tries ?? 1) + 1 : 1;
  return [...failed.filter(({ version }) => version !== failure.version), { ...failure, tries }].slice(
    -hostBounds.maxFailures,
  );
}

/**
 * Removes every version folder that `current` does not name. The folder is renamed first: half a version does not
 * count.
 */
export function pruneVersions(root: MachineRoot, current: Current): void {
  const kept = [current.version, current.previous?.version];
  for (const name of namesIn(root.versionsFolder)) {
    if (kept.includes(name)) continue;
    const folder = join(root.versionsFolder, name);
    const gone = isVersion(name) ? `${folder}.gone-${randomBytes(4).toString('hex')}` : folder;
    try {
      if (gone !== folder) renameSync(folder, gone);
      rmSync(gone, { recursive: true, force: true });
    } catch {
      // In use (Windows): the next start removes it.
    }
  }
}

function intactVersions(root: MachineRoot): AgentVersion[] {
  return listIfThere(root.versionsFolder)
    .filter(isVersion)
    .flatMap((version) => {
      const release = readIntactRelease(versionFolder(root, version));
      return release?.version === version ? [{ ...release, epoch: release.epoch ?? 0 }] : [];
    })
    .sort(compareReleases)
    .map(({ version, generation }) => ({ version, generation }));
}

/** A folder that cannot be read is tidied another time. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isIntact(root: MachineRoot, version: string): boolean {
  return readIntactRelease(versionFolder(root, version))?.version === version;
}
