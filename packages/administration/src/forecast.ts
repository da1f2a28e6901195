// Forecasts an approval before it is done: computers, bytes, restarts. Nothing is changed.
import { parseUpdateDocument } from '@moult/catalog';
import type { ListedRevision, Store, UpdateState } from '@moult/store';
import { findMissing, loadDecided } from './decided-update.ts';
import { findUpdate } from './find.ts';
import type { Administration } from './open-server.ts';
import { groupIdsOf } from './pages.ts';

interface ForecastUpdate {
  updateId: string;
  title: string;
  /** Computers in these groups that reported that they need it. */
  needing: number;
  /** Computers in these groups that have not been scanned for it. */
  unknown: number;
  /** The most that one computer downloads: all files, also those of other languages and of deltas. */
  downloadBytes: number;
  /** Of files that are not on this server. */
  missingBytes: number;
  restart: 'never' | 'can' | 'always';
}

/**
 * For each update, the effect of its installation in these groups and their subgroups. Throws AdministrationError
 * SERVER_NOT_FOUND for an update or a group.
 */
export async function forecastApproval(
  { store }: Administration,
  { updates, groups }: { updates: readonly string[]; groups: readonly string[] },
): Promise<{ computers: number; updates: ForecastUpdate[] }> {
  const groupIds = await groupIdsOf(store, groups, { below: true });
  const { total: computers } = await store.pageComputers({ groupIds }, { limit: 1 });
  const found = new Map<string, ListedRevision>();
  for (const update of updates) {
    const one = await findUpdate(store, update);
    found.set(one.updateId, one);
  }
  const forecast: ForecastUpdate[] = [];
  for (const { updateId, title } of found.values()) {
    const count = async (states: readonly UpdateState[]) =>
      (await store.pageComputers({ groupIds, update: { updateId, states } }, { limit: 1 })).total;
    const needing = await count(['notInstalled', 'downloaded', 'failed']);
    const unknown = await count(['unknown']);
    forecast.push({ updateId, title, needing, unknown, ...(await weighUpdate(store, updateId)) });
  }
  return { computers, updates: forecast };
}

/** The files of an update and of what it bundles. Throws AdministrationError SERVER_NOT_FOUND. */
export async function listFilesOf(
  { store }: Administration,
  update: string,
): Promise<{ sha1: string; fileName: string; sizeBytes: number; isMissing: boolean }[]> {
  const { updateId } = await findUpdate(store, update);
  const { files, missing } = await readFiles(store, updateId);
  return [...files.values()].map((file) => ({ ...file, isMissing: missing.has(file.sha1) }));
}

async function weighUpdate(
  store: Store,
  updateId: string,
): Promise<Pick<ForecastUpdate, 'downloadBytes' | 'missingBytes' | 'restart'>> {
  const { files, missing, restarts } = await readFiles(store, updateId);
  const sum = (wanted: (sha1: string) => boolean) =>
    [...files.values()].reduce((total, { sha1, sizeBytes }) => total + (wanted(sha1) ? sizeBytes : 0), 0);
  const restart = restarts.has('AlwaysRequiresReboot') ? 'always' : restarts.has('CanRequestReboot') ? 'can' : 'never';
  return { downloadBytes: sum(() => true), missingBytes: sum((sha1) => missing.has(sha1)), restart };
}

async function readFiles(store: Store, updateId: string) {
  const newest = (await store.findRevisions(updateId)).at(-1);
  const files = new Map<string, { sha1: string; fileName: string; sizeBytes: number }>();
  const restarts = new Set<string>();
  const missing = new Set<string>();
  if (newest) {
    const decided = await loadDecided(store, newest);
    for (const { sha1 } of await findMissing(store, decided)) missing.add(sha1);
    for (const document of (await store.loadDocuments(decided.revisionIds)).values()) {
      const parsed = parseUpdateDocument(document);
      const behavior = parsed.properties.installationBehavior?.rebootBehavior;
      if (behavior !== undefined) restarts.add(behavior);
      for (const file of parsed.files) {
        const sha1 = Buffer.from(file.sha1, 'base64').toString('hex');
        files.set(sha1, { sha1, fileName: file.fileName, sizeBytes: file.sizeBytes });
      }
    }
  }
  return { files, missing, restarts };
}
