// SoftwareDistribution\DataStore\updates.json: the revisions that this machine was offered, by the server's ids for
// them. Losing it costs one longer scan, nothing else.
import { join } from 'node:path';
import type { Deployment } from '@moult/protocol/client-web-service';
import { asCount, isRecord, isTime } from '../../host/state-file.ts';
import { readTextIfThere, writeFileAtomically } from '../../machine/atomic-file.ts';
import type { MachineRoot } from '../../machine/machine-root.ts';
import { type CoreFragment, readCoreFragment } from './fragments.ts';

export interface CachedRevision {
  revisionId: number;
  isLeaf: boolean;
  deployment: Deployment | undefined;
  /** Core fragment as received. */
  xml: string;
  core: CoreFragment;
}

type Stored = Omit<CachedRevision, 'core'>;

/** A newer agent may have written it: what it is not as it is known here, the next scan brings again. */
function isStored(value: unknown): value is Stored {
  if (!isRecord(value)) return false;
  const { revisionId, isLeaf, xml, deployment } = value;
  const isDeployment = isRecord(deployment) && typeof deployment.action === 'string' && isDeadline(deployment.deadline);
  return (
    asCount(revisionId) !== undefined &&
    typeof isLeaf === 'boolean' &&
    typeof xml === 'string' &&
    (deployment === undefined || isDeployment)
  );
}

function isDeadline(value: unknown): boolean {
  return value === undefined || isTime(value);
}

export class UpdateCache {
  readonly #file: string;
  readonly #server: string;
  #revisions = new Map<number, CachedRevision>();

  /** The files on the disk for `server`. Nothing when that was another server's, or damaged. */
  constructor(root: MachineRoot, server: string) {
    this.#file = join(root.dataStoreFolder, 'updates.json');
    this.#server = server;
    try {
      const stored: unknown = JSON.parse(readTextIfThere(this.#file) ?? '{}');
      if (!isRecord(stored) || stored.server !== server || !Array.isArray(stored.revisions)) return;
      for (const one of stored.revisions) if (isStored(one)) this.put(one);
    } catch {
      this.#revisions.clear();
    }
  }

  all(): CachedRevision[] {
    return [...this.#revisions.values()];
  }

  get(revisionId: number): CachedRevision | undefined {
    return this.#revisions.get(revisionId);
  }

  /** Adds or replaces. Throws for a fragment that cannot be read. */
  put(revision: Stored): void {
    this.#revisions.set(revision.revisionId, { ...revision, core: readCoreFragment(revision.xml) });
  }

  change(revisionId: number, isLeaf: boolean, deployment: Deployment | undefined): void {
    const known = this.#revisions.get(revisionId);
    if (known) this.#revisions.set(revisionId, { ...known, isLeaf, deployment });
  }

  remove(revisionIds: readonly number[]): void {
    for (const id of revisionIds) this.#revisions.delete(id);
  }

  /** After RefreshCache: the same revisions under the server's new ids. Those without one are forgotten. */
  renumber(
    newIds: ReadonlyMap<number, { revisionId: number; isLeaf: boolean; deployment: Deployment | undefined }>,
  ): void {
    const renumbered = new Map<number, CachedRevision>();
    for (const [id, revision] of this.#revisions) {
      const now = newIds.get(id);
      if (now) renumbered.set(now.revisionId, { ...revision, ...now });
    }
    this.#revisions = renumbered;
  }

  save(): void {
    const revisions: Stored[] = this.all().map(({ core: _, ...stored }) => stored);
    writeFileAtomically(this.#file, JSON.stringify({ server: this.#server, revisions }));
  }
}
