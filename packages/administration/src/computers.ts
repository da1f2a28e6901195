// Computers: which there are, in which groups, and which share an identity.
import {
  type ClonedIdentity,
  type ComputerSort,
  type KnownComputer,
  type ListedComputer,
  type ListedIdentityChange,
  type Page,
  type PagedComputer,
  pageOf,
  type StateCounts,
  type Store,
  type UpdateOnComputer,
  type UpdateState,
} from '@moult/store';
import { AdministrationError, asAdministrationError } from './errors.ts';
import { findComputer, findGroup, findUpdate, guidIn } from './find.ts';
import type { Administration, FoundServer } from './open-server.ts';
import { groupIdsOf, type ListRequest, paged, toPageRequest } from './pages.ts';

interface ComputerQuery extends ListRequest {
  /** A part of the name or the address. */
  search?: string | undefined;
  /** Names or ids: those directly in one of them. */
  groups?: readonly string[] | undefined;
  /** Also those in groups inside of these. */
  below?: boolean | undefined;
  /** `sus`, `wsus`, `unknown`, or how a version begins. */
  agent?: string | undefined;
  /** A part of what the system is called. */
  system?: string | undefined;
  isNeeding?: boolean | undefined;
  isFailing?: boolean | undefined;
  /** No contact for so many days. */
  silentDays?: number | undefined;
  /** As findUpdate takes it: shows the state of this update, and with `states` only computers in one of these. */
  update?: string | undefined;
  states?: readonly UpdateState[] | undefined;
  sort?: ComputerSort | undefined;
  isDescending?: boolean | undefined;
}

type ComputerDetails = KnownComputer &
  Partial<ListedComputer> & {
    /** How many updates are in each state on it. */
    states: StateCounts;
    /** Its reports about updates. Those that are not in it are unknown, or do not apply. */
    updates: Page<UpdateOnComputer>;
    identity: Pick<ListedIdentityChange, 'at' | 'aspect' | 'before' | 'after'>[];
  };

/**
 * Throws AdministrationError SERVER_NOT_FOUND for a group or an update, SERVER_REFUSED for a cursor of another list.
 */
export async function listComputers(
  { store, author }: Administration,
  query: ComputerQuery,
): Promise<Page<PagedComputer>> {
  const { search, groups, below, agent, system, isNeeding, isFailing, silentDays, states } = query;
  const groupIds = groups && (await groupIdsOf(store, groups, { below: below ?? false }));
  const update = query.update === undefined ? undefined : (await findUpdate(store, query.update)).updateId;
  const silentSince = silentDays === undefined ? undefined : new Date(author.at.getTime() - silentDays * 86_400_000);
  return paged(
    store.pageComputers(
      {
        ...{ search, groupIds, agent, system, isNeeding, isFailing, silentSince },
        update: update === undefined ? undefined : { updateId: update, states },
      },
      { ...toPageRequest(query), sort: query.sort ?? 'name', isDescending: query.isDescending ?? false },
    ),
  );
}

/**
 * One computer, the states of its updates (`states` narrows them), and how its identity changed. Throws
 * AdministrationError SERVER_NOT_FOUND.
 */
export async function showComputer(
  { store }: Administration,
  computer: string,
  { states, ...request }: Partial<ListRequest> & { states?: readonly UpdateState[] | undefined } = {},
): Promise<ComputerDetails> {
  const found = await findComputer(store, computer);
  const listed = await store.findListedComputer(found.computerId);
  const changes = await store.listIdentityChanges({ computerId: found.computerId, limit: 100 });
  const all = await store.listStatesOf(found.computerId);
  const shown = states ? all.filter(({ state }) => states.includes(state)) : all;
  const updates = pageOf('states', shown, toPageRequest({ limit: 0, ...request }), ({ updateId }) => updateId);
  return {
    ...{ ...found, ...listed, states: await store.countStatesOn(found.computerId), updates },
    identity: changes.map(({ at, aspect, before, after }) => ({ at, aspect, before, after })),
  };
}

interface Membership {
  computerId: string;
  dnsName: string;
  groupId: string;
  group: string;
  isMember: boolean;
}

/**
 * Puts computers into a group or takes them out. All names are looked up before anything is changed. Throws
 * AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED, and ADMINISTRATION_CLIENT_TARGETING where policy on the
 * computers says at each contact which groups they are in.
 */
export async function setMemberships(
  { store, server, author }: Administration,
  { computers, group, isMember }: { computers: readonly string[]; group: string; isMember: boolean },
): Promise<Membership[]> {
  const found: KnownComputer[] = [];
  for (const computer of computers) found.push(await findComputer(store, computer));
  const { groupId, name } = await findGroup(store, group);
  await requireServerTargeting({ store, server }, { computer: found[0]?.dnsName ?? '', group: name });
  const done: Membership[] = [];
  for (const { computerId, dnsName } of found) {
    try {
      await store.setMembership(computerId, groupId, isMember, author);
    } catch (error) {
      throw asAdministrationError(error, 'group');
    }
    done.push({ computerId, dnsName, groupId, group: name, isMember });
  }
  return done;
}

/** Throws AdministrationError ADMINISTRATION_CLIENT_TARGETING, as setMemberships does. `computer` is named as an example. */
export async function requireServerTargeting(
  { store, server }: Pick<Administration, 'store' | 'server'>,
  { computer, group }: { computer: string; group: string },
): Promise<void> {
  if ((await targetingOf(store, server)) !== 'client') return;
  throw new AdministrationError(
    'ADMINISTRATION_CLIENT_TARGETING',
    `The computers of this server say themselves which groups they are in (targeting = "client"): ${computer} goes back at its next contact. Set the policy "Enable client-side targeting" (TargetGroup) of the computer to "${group}". Or set targeting to "server" and restart the server.`,
  );
}

/** As setMemberships, of one computer. */
export async function setMembership(
  administration: Administration,
  { computer, ...membership }: { computer: string; group: string; isMember: boolean },
): Promise<Membership> {
  const [only] = await setMemberships(administration, { computers: [computer], ...membership });
  return only as Membership;
}

/**
 * The source of a computer's groups: as the server told its clients when it last started, which may have had other
 * settings than this command. Before its first start, as the settings here say.
 */
async function targetingOf(store: Store, { config }: FoundServer): Promise<'server' | 'client'> {
  try {
    const { targeting } = JSON.parse((await store.loadSetting('told')) ?? '{}');
    return targeting === 'client' || targeting === 'server' ? targeting : config.targeting;
  } catch {
    return config.targeting;
  }
}

/** Identities that several computers used within the last `days`: copies of one disk. */
export async function listClones(
  { store, author }: Administration,
  { days, ...request }: ListRequest & { days: number },
): Promise<Page<ClonedIdentity>> {
  const all = await store.listClones(new Date(author.at.getTime() - days * 86_400_000));
  return paged((async () => pageOf('clones', all, toPageRequest(request), ({ computerId }) => computerId))());
}

interface RemovedComputer {
  computerId: string;
  dnsName: string;
  events: number;
}

/**
 * Forgets computers with all that they left behind, also those of whose ids nothing is left but their events. They come
 * back with their next contact. All names are looked up before anything is changed. Throws AdministrationError
 * SERVER_NOT_FOUND.
 */
export async function removeComputers(
  { store, author }: Administration,
  computers: readonly string[],
): Promise<RemovedComputer[]> {
  const ids = new Set<string>();
  for (const computer of computers) ids.add(guidIn(computer) ?? (await findComputer(store, computer)).computerId);
  const removed: RemovedComputer[] = [];
  for (const computerId of ids) {
    try {
      removed.push({ computerId, ...(await store.removeComputer(computerId, author)) });
    } catch (error) {
      throw asAdministrationError(error, 'computer');
    }
  }
  return removed;
}
