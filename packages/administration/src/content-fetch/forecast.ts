// Forecasts the cost of fetching content before it is done, and lists the files that no update needs any more.
import type { ListedContent, Log } from '@moult/store';
import { createContentStore } from '@moult/store/content';
import { findUpdate } from '../find.ts';
import type { Administration } from '../open-server.ts';
import { bytesPerSecondAt } from './bandwidth.ts';
import { isNeeded, wantedFiles } from './wanted-files.ts';

export interface ContentForecast {
  files: number;
  bytes: number;
  /** Of these, how many have no known source. */
  withoutSource: number;
  /** At the limit of `content-bandwidth` now. Undefined without one. */
  seconds: number | undefined;
  /** Bytes that `content-quota-mib` leaves. Undefined without a quota. */
  quotaLeftBytes: number | undefined;
  /** Files that are here and nothing needs: `moult content purge` removes them. */
  unneeded: { files: number; bytes: number };
  /** Of updates that were named: the first files, with the address of the publisher where it is known. */
  addresses: { sha1: string; fileName: string; url: string | undefined }[];
}

/**
 * The files that `moult content fetch` fetches now. With `updates`, as if these were approved for installation. Throws
 * AdministrationError SERVER_NOT_FOUND for a name that no update has.
 */
export async function forecastContent(
  administration: Administration,
  updates: readonly string[] = [],
): Promise<ContentForecast> {
  const { store, server, author } = administration;
  const { contentFetch, contentBandwidth, contentQuotaMib } = server.config;
  const content = await store.listContent();
  const asked = updates.length === 0 ? undefined : await filesOfUpdates(administration, updates);
  const wanted = wantedFiles(content, contentFetch, asked);
  const sources = await store.findContentSources(wanted.map(({ sha1 }) => sha1));
  const bytes = sumOf(wanted);
  const limit = bytesPerSecondAt(contentBandwidth, author.at);
  const present = content.filter(({ state }) => state === 'present');
  const unneeded = await unneededIn({ store, server }, content);
  return {
    ...{ files: wanted.length, bytes, withoutSource: wanted.filter(({ sha1 }) => !sources.has(sha1)).length },
    seconds: limit === undefined || limit === 0 ? undefined : Math.ceil(bytes / limit),
    quotaLeftBytes: contentQuotaMib === 'off' ? undefined : contentQuotaMib * 1_048_576 - sumOf(present),
    unneeded: { files: unneeded.length, bytes: sumOf(unneeded) },
    addresses: asked
      ? wanted.slice(0, addressesTold).map(({ sha1, fileName = '' }) => ({ sha1, fileName, url: sources.get(sha1) }))
      : [],
  };
}

const addressesTold = 1000;

/** SHA-1 of the files of updates that somebody named. Throws AdministrationError SERVER_NOT_FOUND. */
export async function filesOfUpdates({ store }: Administration, names: readonly string[]): Promise<Set<string>> {
  const ids = await Promise.all(names.map(async (one) => (await findUpdate(store, one)).updateId as string));
  return store.listFilesOfUpdates(ids);
}

/**
 * Removes files that nothing needs, on record. A file stays if an update names it and no upstream server said where it is:
 * it could not be fetched again.
 */
export async function purgeContent(
  { store, server, author }: Administration,
  log: Log,
): Promise<Pick<ListedContent, 'sha1' | 'fileName' | 'sizeBytes'>[]> {
  const content = createContentStore({
    ...{ folder: server.contentDir, facts: store, now: () => author.at, log, actor: author.name },
  });
  const unneeded = await unneededIn({ store, server }, await store.listContent());
  for (const { sha1, extension, fileName, sizeBytes } of unneeded) {
    await store.recordChange(author, { action: 'purge content', subject: sha1, after: { fileName, sizeBytes } });
    await content.remove({ sha1, extension: extension ?? '' });
  }
  return unneeded.map(({ sha1, fileName, sizeBytes }) => ({ sha1, fileName, sizeBytes }));
}

async function unneededIn(
  { store, server }: Pick<Administration, 'store' | 'server'>,
  content: readonly ListedContent[],
): Promise<ListedContent[]> {
  const policy = server.config.contentFetch === 'never' ? 'approved' : server.config.contentFetch;
  const idle = content.filter((file) => file.state === 'present' && !isNeeded(file, policy));
  const sources = await store.findContentSources(idle.map(({ sha1 }) => sha1));
  return idle.filter(({ sha1, fileName }) => fileName === undefined || sources.has(sha1));
}

function sumOf(files: readonly { sizeBytes: number }[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
