// Takes groups, approvals, declines, memberships, rules and choices over from what a WSUS exported. Again it changes only
// what is new there. Decisions that an administrator made here stay.
import { allComputers, type KeptAsItWas, type SyncChoice, unassignedComputers, type WantedState } from '@moult/store';
import { requireServerTargeting, setMemberships } from '../computers.ts';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { requireAutonomous } from '../role.ts';
import { loadRuleNames, readRule } from '../rules/definition.ts';
import { fromWsus } from '../rules/from-wsus.ts';
import { migrationBounds } from './bounds.ts';
import { readExportFiles, unusable } from './records.ts';
import { readWsusExport, type WsusExport } from './wsus-export.ts';

export interface MigratedWsus {
  isDryRun: boolean;
  /** Of the WSUS, if the export says it. */
  server: WsusExport['server'];
  groupsAdded: string[];
  groupsChanged: string[];
  decided: number;
  takenBack: number;
  declined: number;
  reinstated: number;
  /** The first of those that stay as they are, and how many there are. `title`: of an update, as the export has it. */
  kept: (KeptAsItWas & { title?: string | undefined })[];
  keptInAll: number;
  /** Approvals and declines were not looked at: the export lacks one of both. */
  withoutDecisions: boolean;
  /** Approvals whose deadline is over. */
  deadlinesOver: number;
  /** Approvals that begin later. They come with a later export. */
  notYet: number;
  /** Declined by the WSUS because the publisher expired them. */
  expired: number;
  memberships: { added: number; known: number; unknownComputers: number; why: string | undefined };
  rules: { added: string[]; known: string[]; refused: { name: string; message: string }[] };
  /** Products and classifications that are synchronised now. */
  chosen: number;
  /** Packages of wsusutil beside the files. */
  packages: string[];
  passedOver: number;
}

/**
 * Groups and decisions change in one transaction, then rules, memberships and choices. A second run does what an interrupted one
 * left. Throws AdministrationError ADMINISTRATION_MIGRATION for a file that cannot be read, ADMINISTRATION_REPLICA on a replica. Both change nothing.
 */
export async function migrateWsus(
  administration: Administration,
  path: string,
  { isDryRun, limits = migrationBounds }: { isDryRun: boolean; limits?: typeof migrationBounds },
): Promise<MigratedWsus> {
  const { store, author } = administration;
  await requireAutonomous({ store });
  const { files, packages } = readExportFiles(path, limits);
  const found = readWsusExport(files);
  requireSomething(path, found, packages);
  const now = author.at.getTime();
  const live = (found.approvals ?? []).filter(({ goesLive }) => !goesLive || goesLive.getTime() <= now);
  const done = await store.takeOver(wantedState(found, live), author, { isDryRun });
  const rules = await addRules(administration, found, isDryRun);
  const memberships = await addMembers(administration, found, isDryRun);
  const titled = done.kept.map((one) => ({ ...one, title: found.titles.get(one.subject) }));
  const { groupsAdded, groupsChanged, decided, takenBack, declined, reinstated } = done;
  return {
    ...{ isDryRun, server: found.server, groupsAdded, groupsChanged, decided, takenBack, declined, reinstated },
    ...{ kept: titled.slice(0, limits.maxNamed), keptInAll: titled.length, withoutDecisions: !hasDecisions(found) },
    deadlinesOver: live.filter(({ deadline }) => deadline !== undefined && deadline.getTime() < now).length,
    ...{ notYet: (found.approvals?.length ?? 0) - live.length, expired: found.expired, memberships, rules },
    chosen: await choose(administration, found, isDryRun),
    ...{ packages, passedOver: found.passedOver },
  };
}

function requireSomething(path: string, found: WsusExport, packages: readonly string[]): void {
  const { groups, computers, memberships, approvals = [], declined = [], rules, products } = found;
  if ([groups, computers, memberships, approvals, declined, rules, products].some(({ length }) => length > 0)) return;
  const hint = packages.length > 0 ? `. "moult catalog import" imports ${packages[0]}` : '';
  throw unusable(path, `it has no groups, computers, approvals or rules of a WSUS${hint}`);
}

/** Withdrawals of the WSUS can only be told from all of its approvals, and all of its declines. */
function hasDecisions({ approvals, declined }: WsusExport): boolean {
  return approvals !== undefined && declined !== undefined;
}

function wantedState(found: WsusExport, live: NonNullable<WsusExport['approvals']>): WantedState {
  const { groups, declined = [], server } = found;
  const hasAll = hasDecisions(found);
  // CLIXML of the API has no parents. Groups that are here stay in their place then.
  const top = groups.some(({ parentId }) => parentId !== undefined) ? allComputers : undefined;
  const byPlace = new Map(live.map((one) => [`${one.updateId} ${one.groupId}`, one]));
  return {
    // Nothing has this origin without decisions: nothing is withdrawn then.
    source: hasAll ? `wsus:${(server.name ?? '').toLowerCase()}` : 'wsus-groups:',
    groups: groups.map((group) => ({ ...group, parentId: group.parentId ?? top })),
    isSparse: true,
    formerGroups: [],
    decisions: hasAll
      ? [...byPlace.values()].map(({ updateId, groupId, action, deadline }) => ({
          updateId,
          groupId,
          action,
          deadline,
        }))
      : [],
    declined: hasAll ? declined : [],
    settings: [],
  };
}

async function addRules(
  { store, author }: Administration,
  found: WsusExport,
  isDryRun: boolean,
): Promise<MigratedWsus['rules']> {
  const { categories, groups } = await loadRuleNames(store);
  const known = new Set(groups.map(({ groupId }) => groupId));
  const coming = found.groups.filter(({ groupId }) => !known.has(groupId));
  const names = { categories, groups: [...groups, ...(isDryRun ? coming : [])] as typeof groups };
  const here = new Set((await store.listRules()).map(({ name }) => name.toLowerCase()));
  const done: MigratedWsus['rules'] = { added: [], known: [], refused: [] };
  for (const given of found.rules) {
    const name = String((given as { Name?: unknown }).Name ?? '').slice(0, 256);
    if (here.has(name.toLowerCase())) {
      done.known.push(name);
      continue;
    }
    try {
      const rule = readRule(fromWsus(given) ?? given, names);
      if (!isDryRun) await store.saveRule(rule, author);
      done.added.push(name);
      here.add(name.toLowerCase());
    } catch (error) {
      if (!(error instanceof AdministrationError)) throw error;
      done.refused.push({ name, message: error.message });
    }
  }
  return done;
}

async function addMembers(
  administration: Administration,
  { memberships, groups }: WsusExport,
  isDryRun: boolean,
): Promise<MigratedWsus['memberships']> {
  const { store } = administration;
  const done: MigratedWsus['memberships'] = { added: 0, known: 0, unknownComputers: 0, why: undefined };
  const places = groupsHere(await store.loadGroups(), isDryRun ? groups : [], groups);
  const wanted = memberships.filter(({ groupId }) => groupId !== allComputers && groupId !== unassignedComputers);
  const byGroup = new Map<string, { name: string; first: string; computers: string[] }>();
  for (const [computerId, all] of Map.groupBy(wanted, (one) => one.computerId)) {
    const computer = await store.findListedComputer(computerId);
    if (!computer) {
      done.unknownComputers++;
      continue;
    }
    const found = new Set(all.flatMap((one) => places.get(one.groupId) ?? []));
    for (const { groupId, name } of found) {
      if (computer.groups.includes(name)) done.known++;
      else if (byGroup.has(groupId)) byGroup.get(groupId)?.computers.push(computerId);
      else byGroup.set(groupId, { name, first: computer.dnsName, computers: [computerId] });
    }
  }
  try {
    for (const [group, { name, first, computers }] of byGroup) {
      if (isDryRun) await requireServerTargeting(administration, { computer: first, group: name });
      else await setMemberships(administration, { computers, group, isMember: true });
      done.added += computers.length;
    }
  } catch (error) {
    if (!(error instanceof AdministrationError) || error.code !== 'ADMINISTRATION_CLIENT_TARGETING') throw error;
    done.why = error.message;
  }
  return done;
}

type Place = Pick<WsusExport['groups'][number], 'groupId' | 'name'>;

/** The group here of each group of the export: by its id, or else by its name, as they were taken over. */
export function groupsHere(
  here: readonly Place[],
  coming: readonly Place[],
  groups: readonly Place[],
): Map<string, Place> {
  const all = [...coming, ...here];
  const byName = new Map(all.map((one) => [one.name.toLowerCase(), one]));
  const places = new Map(here.map((one) => [one.groupId, one]));
  for (const { groupId, name } of groups) {
    const place = places.get(groupId) ?? byName.get(name.toLowerCase());
    if (place) places.set(groupId, place);
  }
  return places;
}

/** Those that the WSUS synchronised, and this server does not yet. */
async function choose({ store, author }: Administration, found: WsusExport, isDryRun: boolean): Promise<number> {
  const known = new Set((await store.loadSyncChoices()).map(({ kind, id }) => `${kind} ${id}`));
  const wanted: SyncChoice[] = [
    ...found.products.map((id) => ({ kind: 'product' as const, id })),
    ...found.classifications.map((id) => ({ kind: 'classification' as const, id })),
  ];
  const add = [...new Map(wanted.map((one) => [`${one.kind} ${one.id}`, one])).values()].filter(
    ({ kind, id }) => !known.has(`${kind} ${id}`),
  );
  if (add.length > 0 && !isDryRun) await store.changeSyncChoices({ add, remove: [] }, author);
  return add.length;
}
