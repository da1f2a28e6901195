// For tests: a server's store in memory, with a catalog, as the rules get it.
import { openStore } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { loadConfig } from '../config/index.ts';
import type { Administration } from '../open-server.ts';

export const author = { name: 'anna', at: new Date('2026-11-22T00:00:00Z') };

/** The id of the update that stands at `number` in the catalog. */
export function idOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** Open until the end of the test that made it. `updates`: a title, or a category where it begins with `category:`. */
export async function createAdministration(
  updates: readonly string[] = [],
  { targeting = 'server', database = ':memory:' }: { targeting?: 'server' | 'client'; database?: string } = {},
): Promise<Administration & AsyncDisposable> {
  const store = await openStore(database, { now: () => author.at });
  await importDocuments(
    store,
    updates.map((title, at) => documentOf(idOf(at), title)),
    author.at,
  );
  const loaded = loadConfig({ flags: { dataDir: 'data', targeting }, environment: {} });
  const server = {
    ...loaded,
    configFile: undefined,
    dataDir: 'data',
    database,
    contentDir: 'data/content',
  };
  return { store, server, author, [Symbol.asyncDispose]: () => store.close() };
}

/** A computer that was authorized once. */
export async function addComputer({ store }: Administration, computerId: string, dnsName: string): Promise<void> {
  await store.noteAuthorization(
    { computerId, dnsName, address: '192.0.2.7', requestedGroups: [], at: author.at },
    { assign: false },
  );
}

export interface DocumentParts {
  revision?: number;
  /** Attributes of Properties beside UpdateType. */
  attributes?: string;
  /** Children of Properties. */
  properties?: string;
  /** Ids of updates whose first revision it bundles. */
  bundles?: readonly string[];
  /** Elements behind Relationships. */
  rest?: string;
  /** Elements behind LocalizedProperties. */
  licenses?: string;
}

export function documentOf(
  updateId: string,
  title: string,
  { revision = 1, attributes = 'ExplicitlyDeployable="true"', properties = '', ...parts }: DocumentParts = {},
): string {
  const { bundles = [], rest = '', licenses = '' } = parts;
  const type = title.startsWith('category:') ? 'Category' : 'Software';
  const members = bundles.map((id) => `<upd:UpdateIdentity UpdateID="${id}" RevisionNumber="1" />`).join('');
  const relationships =
    members && `<upd:Relationships><upd:BundledUpdates>${members}</upd:BundledUpdates></upd:Relationships>`;
  return `<upd:Update xmlns:upd="http://schemas.microsoft.com/msus/2002/12/Update">
<upd:UpdateIdentity UpdateID="${updateId}" RevisionNumber="${revision}" />
<upd:Properties UpdateType="${type}" ${attributes} CreationDate="2026-01-01T00:00:00Z">${properties}</upd:Properties>
<upd:LocalizedPropertiesCollection><upd:LocalizedProperties><upd:Language>en</upd:Language>
<upd:Title>${title}</upd:Title></upd:LocalizedProperties>${licenses}</upd:LocalizedPropertiesCollection>${relationships}${rest}</upd:Update>`;
}
