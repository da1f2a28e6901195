// What the tests of the repository share: folders, a release, clients of both kinds.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { BaseFetcher, Updater } from 'tuf-js';
import { type MetadataStore, memoryStore, UpdateClient } from '../src/client/index.ts';
import type { ReleaseTarget } from '../src/metadata/index.ts';
import { createDefault, Repository } from '../src/repository/index.ts';
import { fetchFromFolder } from '../src/repository/rehearse.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-repository-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let serial = 0;
export const newFolder = () => join(folder, `${++serial}`);
export const start = new Date('2026-12-01T00:00:00Z');
export const inDays = (days: number) => new Date(start.getTime() + days * 86_400_000);

export const release: ReleaseTarget = {
  ...{ kind: 'release', product: 'moult-agent', generation: 'wsus', platform: 'any', epoch: 0, version: '7.9.0.2' },
  ...{ floors: [], deltas: [] },
};
export const path = 'agent/wsus/7.9.0.2-any.cab';

export function newDefault(): Repository {
  const directory = newFolder();
  createDefault(directory, start);
  return new Repository(directory);
}

/** Adds, signs with the keys of the folder, publishes. */
export function publishRelease(repository: Repository, now = start, bytes = Buffer.from('the release')): void {
  repository.add('agent', path, bytes, release, now);
  repository.signWithOwnKeys();
  repository.publish(now);
}

/** A client that may have seen more: it keeps its metadata in `store`. */
export function clientWith(store: MetadataStore, repository: Repository, now: Date): UpdateClient {
  const fetch = fetchFromFolder(repository.folder.metadata);
  return new UpdateClient({ store, fetch, metadataUrls: ['file:'], now: () => now, mode: 'strict' });
}

/** The root of that version, in a store in memory. */
export function storeWithRoot(repository: Repository, version = 1): MetadataStore {
  return memoryStore(readFileSync(join(repository.folder.metadata, `${version}.root.json`)));
}

export async function clientOf(repository: Repository, now = start, root = 1): Promise<UpdateClient> {
  const client = clientWith(storeWithRoot(repository, root), repository, now);
  await client.refresh();
  return client;
}

export function foreign(repository: Repository): Updater {
  const metadataDir = newFolder();
  mkdirSync(metadataDir);
  cpSync(join(repository.folder.metadata, '1.root.json'), join(metadataDir, 'root.json'));
  const served = repository.folder.metadata;
  class FolderFetcher extends BaseFetcher {
    async fetch(url: string): Promise<ReadableStream> {
      const file = join(served, url.slice(url.lastIndexOf('/') + 1));
      if (existsSync(file)) return new Blob([readFileSync(file)]).stream();
      const { DownloadHTTPError } = await import(new URL('./error.js', import.meta.resolve('tuf-js')).href);
      throw new DownloadHTTPError('not found', 404);
    }
  }
  return new Updater({ metadataDir, metadataBaseUrl: 'http://r/', fetcher: new FolderFetcher() });
}
