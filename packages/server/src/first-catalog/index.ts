// The first contents of the demo, or of a lab that asks for it: the real update documents of
// packages/server/first-catalog, and one sample update. Its cabinet is built and signed here, with the operator's own
// key.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleCabinetName, sampleDocuments, sampleIds, sampleProgram } from '@moult/catalog';
import { repositoryFile } from '@moult/disk';
import { type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { allComputers, type Store } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import type { ContentStore } from '@moult/store/content';
import { signingTimeOf } from '@moult/store/keys';

interface FirstCatalogParts {
  store: Store;
  content: ContentStore;
  identity: SigningIdentity;
  now: Date;
  /** The sample update is approved for all computers: only where they are the demo's own. */
  approve: boolean;
}

const folder = repositoryFile('packages/server/first-catalog');

// As the first release wrote it into databases.
const progressSetting = 'first-catalogue';

/**
 * Fills an empty catalog. Does nothing when a single revision is there, unless it was cut off in the middle of filling.
 * Answers whether it did.
 */
export async function fillFirstCatalog({
  store,
  content,
  identity,
  now,
  approve,
}: FirstCatalogParts): Promise<boolean> {
  const wasCutOff = (await store.loadSetting(progressSetting)) === 'begun';
  if (!wasCutOff && (await store.countRevisions()) > 0) return false;
  await store.saveSetting(progressSetting, 'begun');
  const cabinet = await signFile(buildCabinet(now), identity, {
    now: signingTimeOf(identity, now),
    description: 'Moult sample update',
  });
  await content.add(cabinet, sampleCabinetName);
  const sample = sampleDocuments({
    sha1: createHash('sha1').update(cabinet).digest('base64'),
    sha256: createHash('sha256').update(cabinet).digest('base64'),
    sizeBytes: cabinet.length,
    modified: now,
  });
  await importDocuments(store, [...realDocuments(), ...sample], now);
  if (approve) {
    const approval = { updateId: sampleIds.update, groupId: allComputers, action: 'Install' } as const;
    await store.deploy({ ...approval, deadline: undefined, administrator: 'first start' }, now);
  }
  await store.saveSetting(progressSetting, 'done');
  return true;
}

function realDocuments(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.xml'))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

function buildCabinet(now: Date): Uint8Array {
  const member = { name: sampleProgram.name, bytes: Buffer.from(sampleProgram.text), modified: now };
  return createCabinet([member], { compression: 'mszip' });
}
