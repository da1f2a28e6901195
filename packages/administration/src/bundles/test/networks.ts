// For tests: servers of two operators, each with keys and a content folder of its own.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Log, openStore, type Store } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { createContentStore } from '@moult/store/content';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { approve, declineAll } from '../../approvals.ts';
import { loadConfig } from '../../config/index.ts';
import { addGroup, setTimeZone } from '../../groups.ts';
import type { Administration } from '../../open-server.ts';
import { documentOf, idOf } from '../../test/administration.ts';

export const at = new Date('2026-12-01T12:00:00Z');

export const silent = Object.fromEntries(
  ['debug', 'info', 'warn', 'error', 'fatal', 'trace'].map((name) => [name, () => undefined]),
) as unknown as Log;

/** A folder with keys, made once: it takes a second. */
export async function makeNetwork(): Promise<{ dataDir: string; remove(): void }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'moult-network-'));
  await loadOrCreateOperatorKeys(dataDir, { now: at });
  return { dataDir, remove: () => rmSync(dataDir, { recursive: true, force: true }) };
}

export interface TestServer extends Administration, AsyncDisposable {
  /** Adds a file that an update names. */
  addFile(bytes: Uint8Array, fileName: string): Promise<string>;
}

/** A server with an empty database. `database`: an address. */
export async function startServer(dataDir: string, database = ':memory:', now = at): Promise<TestServer> {
  const contentDir = mkdtempSync(join(dataDir, 'content-'));
  const store = await openStore(database, { now: () => now });
  const loaded = loadConfig({ flags: { dataDir, contentDir }, environment: {} });
  const config = { ...loaded.config, diskReserveMib: 0 as const };
  const server = { ...loaded, config, configFile: undefined, dataDir, database, contentDir };
  const files = createContentStore({ folder: contentDir, facts: store, now: () => now, log: silent });
  return {
    ...{ store, server, author: { name: 'anna', at: now } },
    addFile: async (bytes, fileName) => (await files.add(bytes, fileName)).sha1,
    [Symbol.asyncDispose]: () => store.close(),
  };
}

export function filesElement(bytes: Uint8Array, name: string): string {
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('base64');
  const more = `<upd:AdditionalDigest Algorithm="SHA256">${digest('sha256')}</upd:AdditionalDigest>`;
  return `<upd:Files><upd:File Digest="${digest('sha1')}" DigestAlgorithm="SHA1" FileName="${name}" Size="${bytes.length}">${more}</upd:File></upd:Files>`;
}

/** Everything that a bundle carries, in a form that two servers can be compared by. */
export async function carried({ store }: { store: Store }): Promise<object> {
  const documents: string[] = [];
  for (let after = 0; ; ) {
    const page = await store.loadDocumentsAfter(after, 100);
    // Their digests: a difference is told without megabytes of text.
    documents.push(...page.map(({ document }) => createHash('sha256').update(document).digest('hex')));
    after = page.at(-1)?.revisionId ?? after;
    if (page.length === 0) break;
  }
  const decisions = (await store.loadDeployments()).map(({ updateId, groupId, action, deadline }) =>
    [updateId, groupId, action, deadline?.toISOString()].join(' '),
  );
  const content = (await store.listContent()).filter(({ state }) => state === 'present').map(({ sha1 }) => sha1);
  const zones = [...(await store.loadTimeZones())].sort();
  return {
    ...{ documents: documents.sort(), decisions: decisions.sort(), content: content.sort(), zones },
    ...{ groups: await store.loadGroups(), declined: (await store.loadDeclined()).sort() },
  };
}

export async function addDocuments({ store }: { store: Store }, documents: readonly string[]): Promise<void> {
  await importDocuments(store, documents, at);
}

export function newFolder(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'note.txt'), 'of somebody');
  return folder;
}

export const payload = Buffer.from('the file of an update');
const hard = `Ünïcode 𝄞 &amp; "quotes"\r\n\tand lines`;

/** A detectoid, a classification, a bundle with its part, and two plain updates. */
export async function fill(server: TestServer, { isLarge = false } = {}): Promise<void> {
  const needs = (id: string, isCategory = false) =>
    `<upd:Relationships><upd:Prerequisites>${isCategory ? '<upd:AtLeastOne IsCategory="true">' : ''}<upd:UpdateIdentity UpdateID="${id}" />${isCategory ? '</upd:AtLeastOne>' : ''}</upd:Prerequisites></upd:Relationships>`;
  await addDocuments(server, [
    documentOf(idOf(10), 'Bundle', { bundles: [idOf(11)] }),
    documentOf(idOf(11), 'Part', { attributes: '', rest: filesElement(payload, 'part.cab') }),
    documentOf(idOf(12), hard, { rest: needs(idOf(20)) }).replaceAll('\n', '\r\n'),
    documentOf(idOf(13), 'Thirteen', { revision: 2 }),
    documentOf(idOf(13), 'Thirteen', { revision: 7, rest: `<!-- ${'x'.repeat(990)} -->`.repeat(isLarge ? 5000 : 5) }),
    documentOf(idOf(20), 'category:Rule').replace('UpdateType="Category"', 'UpdateType="Detectoid"'),
  ]);
  await server.addFile(payload, 'part.cab');
  await addGroup(server, 'Servers');
  await addGroup(server, 'Pilot', 'Servers');
  await setTimeZone(server, 'Pilot', 'Europe/Berlin');
  await approve(server, {
    update: idOf(10),
    action: 'Install',
    groups: ['Pilot'],
    deadline: new Date(at.getTime() + 86_400_000),
  });
  await approve(server, { update: idOf(12), action: 'Block', groups: ['Servers'] });
  await declineAll(server, [idOf(13)], true);
}

export const later = (server: TestServer, hours: number): TestServer => ({
  ...server,
  author: { ...server.author, at: new Date(at.getTime() + hours * 3_600_000) },
});
