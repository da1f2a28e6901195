// A version on trial shows that it could bring its successor: it takes a signed release that does nothing (the canary)
// through everything that an agent's release goes through: metadata, download, digest, unpacking, staging.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { moultBrand } from '@moult/protocol/self-update';
import { nextRelease, type OperatorReleases } from '../trust/operator-releases.ts';
import { fetchReleaseFile } from '../trust/release-file.ts';
import { openRelease, stageRelease } from './release-cabinet.ts';
import type { SelfUpdateSession } from './session.ts';

const canaryProduct = 'moult-canary';

/** Throws the errors of an update of the agent. Without a canary in the metadata there is nothing to try. */
export async function tryCanary(session: SelfUpdateSession, operator: OperatorReleases): Promise<void> {
  const { root, watch } = session;
  const own = { epoch: 0, version: '0.0.0.0' };
  const canary = nextRelease(operator, { product: canaryProduct, generation: 'wsus', current: own });
  if (!canary) {
    watch.warned('The operator has listed no canary: how this version updates itself is not tried in full.');
    return;
  }
  const into = join(root.selfUpdateFolder, 'canary.cab');
  const how = { ...operator, root, into, fresh: true, note: watch.warned };
  const { bytes, url } = await fetchReleaseFile(canary, session, how);
  watch.fetched(url, bytes.length, false);
  const { epoch, version, generation } = canary.release;
  const expected = { own: { ...own, generation: session.generation }, promised: { epoch, version, generation } };
  const folder = join(root.selfUpdateFolder, 'canary');
  rmSync(folder, { recursive: true, force: true });
  try {
    stageRelease(root, openRelease(bytes, { ...expected, product: canaryProduct, brand: moultBrand }), { folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  watch.covered(canary.path, 'the canary came through');
}
