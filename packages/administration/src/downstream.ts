// Servers below this one, and the computers that they reported. Lists of computers and figures of updates are those of this
// server alone: these are beside them.
import type { DownstreamComputer, DownstreamServer, Page } from '@moult/store';
import { AdministrationError, asAdministrationError } from './errors.ts';
import type { Administration } from './open-server.ts';
import { type ListRequest, paged, toPageRequest } from './pages.ts';

/** Each after the one above it. */
export function listDownstreamServers({ store }: Pick<Administration, 'store'>): Promise<DownstreamServer[]> {
  return store.listDownstreamServers();
}

interface DownstreamQuery extends ListRequest {
  /** Name or id of a downstream server. */
  server?: string | undefined;
  isNeeding?: boolean | undefined;
  isFailing?: boolean | undefined;
}

/** Throws AdministrationError SERVER_NOT_FOUND for a server, SERVER_REFUSED for a cursor of another list. */
export async function listDownstreamComputers(
  administration: Administration,
  { server, isNeeding, isFailing, ...request }: DownstreamQuery,
): Promise<Page<DownstreamComputer>> {
  const serverId = server === undefined ? undefined : (await findDownstreamServer(administration, server)).serverId;
  const filter = { serverId, isNeeding, isFailing };
  return paged(administration.store.pageDownstreamComputers(filter, toPageRequest(request)));
}

/**
 * Forgets a downstream server, those below it and their computers. They come back with their next report. Throws
 * AdministrationError SERVER_NOT_FOUND.
 */
export async function removeDownstreamServer(administration: Administration, named: string) {
  const { store, author } = administration;
  const found = await findDownstreamServer(administration, named);
  try {
    return { ...found, removed: await store.removeDownstreamServer(found.serverId, author) };
  } catch (error) {
    throw asAdministrationError(error, 'downstream server');
  }
}

/** By id, or by name, letter case aside. */
async function findDownstreamServer({ store }: Administration, named: string): Promise<DownstreamServer> {
  const key = named.trim().toLowerCase();
  const all = await store.listDownstreamServers();
  const found = all.filter(({ serverId, name }) => serverId === key || name.toLowerCase() === key);
  const [only] = found;
  if (only && found.length === 1) return only;
  const why =
    found.length === 0
      ? `There is no downstream server "${named}".`
      : `${found.length} downstream servers are called "${named}". Name one by its id.`;
  throw new AdministrationError('SERVER_NOT_FOUND', why, { subject: 'downstream server' });
}
