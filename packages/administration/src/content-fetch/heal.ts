// Reads every file of updates again, and fetches those that are damaged or missing.
import { type CheckedContent, verifyContent } from '../content.ts';
import type { Administration } from '../open-server.ts';
import { type FetchedContent, type FetchParts, fetchContent } from './fetch-content.ts';

interface HealedContent {
  files: (Omit<CheckedContent, 'state'> & { state: CheckedContent['state'] | 'fetched' })[];
  /** Undefined if all files were there, or if fetching is off. */
  fetched: FetchedContent | undefined;
}

/**
 * A file is `fetched` if it was damaged or missing and is here now. Throws what `verifyContent` and `fetchContent` throw. Nothing is
 * fetched without `fetches`, and while the setting `content-fetch` is never.
 */
export async function healContent(
  administration: Administration,
  { fetches, ...parts }: Omit<FetchParts, 'store' | 'folder' | 'config'> & { fetches: boolean },
): Promise<HealedContent> {
  const { store, server } = administration;
  const { config, contentDir: folder } = server;
  const files = await verifyContent(administration, parts.log);
  const bad = files.filter(({ state }) => state !== 'present').map(({ sha1 }) => sha1);
  if (bad.length === 0 || !fetches || config.contentFetch === 'never') return { files, fetched: undefined };
  const fetched = await fetchContent({ ...parts, store, folder, config }, new Set(bad));
  const here = new Set<string>();
  for (const sha1 of bad) if ((await store.findContentFile(sha1))?.state === 'present') here.add(sha1);
  return { files: files.map((file) => (here.has(file.sha1) ? { ...file, state: 'fetched' } : file)), fetched };
}
