// Compares the offer of this server with that of a WSUS, for each computer. It reads an export of the WSUS, its answers to
// questions, and the store. It changes none of them.
import {
  allComputers,
  linesOf,
  type TargetGroup,
  type UpdateId,
  type UpdateIdentity,
  unassignedComputers,
} from '@moult/catalog';
import type { ListedIdentity } from '@moult/protocol/server-sync';
import { type LiveCatalog, openLiveCatalog } from '@moult/store/catalog';
import { AdministrationError } from '../errors.ts';
import { migrationBounds } from '../migration/bounds.ts';
import { groupsHere } from '../migration/migrate-wsus.ts';
import { readExportFiles, unusable } from '../migration/records.ts';
import { readWsusExport, type WsusExport } from '../migration/wsus-export.ts';
import type { Administration } from '../open-server.ts';
import type { UpstreamParts } from '../synchronisation/one-session.ts';
import { askWsus } from './ask-wsus.ts';
import { compareOffers, type Difference, type DifferenceReason, differenceSays, type Places } from './compare.ts';
import { type WsusComputer, type WsusDecisions, WsusSide } from './wsus-side.ts';

/** Computers with the same groups on both servers, and so with the same offers. */
export interface ShadowProfile {
  computers: { computerId: string; name: string; isHere: boolean }[];
  /** Names of groups. Of a computer that is not here: those that `moult migrate wsus` will put it into. */
  groups: { wsus: string[]; here: string[] };
  /** `said`: the WSUS said what it offers. `worked-out`: from its groups and approvals. */
  offers: 'said' | 'worked-out';
  /** Updates that both offer in the same way. */
  same: number;
  /** The first ones. `differs` counts all. */
  differences: Difference[];
  differs: number;
}

export interface Shadow {
  /** Its name, or its address if it was asked. */
  wsus: string | undefined;
  /** Revisions that the WSUS has and the catalog here does not. Undefined if it was not asked. */
  missing: { revisions: number; listed: number; first: ListedIdentity[] } | undefined;
  computers: number;
  /** Computers that get the same from both servers. */
  same: number;
  /** Computers of the WSUS that have not come here yet. */
  notHere: number;
  /** Computers here that the WSUS does not have. They are not compared. */
  onlyHere: number;
  /** Those with differences, most computers first. */
  profiles: ShadowProfile[];
  reasons: { because: DifferenceReason; says: string; updates: number; computers: number }[];
}

interface ShadowSources {
  /** An export of the WSUS. Without it the computers of this server are compared, in their groups here. */
  path?: string | undefined;
  /** The WSUS is asked for its groups and approvals. They count in place of those of the export. */
  upstream?: Omit<UpstreamParts, 'store' | 'isReadOnly'> | undefined;
}

interface ShadowOptions {
  /** Only this one: its id, or its name or the first label of it. */
  computer?: string | undefined;
  limits?: typeof migrationBounds;
}

/**
 * Nothing is written, and only questions are sent. Throws AdministrationError ADMINISTRATION_UPSTREAM_…. Throws ADMINISTRATION_MIGRATION for an export that cannot be
 * read, or that lacks approvals or computers. Throws SERVER_NOT_FOUND for a computer that it does not have, and DiskError.
 */
export async function shadowWsus(
  administration: Administration,
  { path, upstream }: ShadowSources,
  { computer, limits = migrationBounds }: ShadowOptions = {},
): Promise<Shadow> {
  const { store, server, author } = administration;
  const found = readWsusExport(path === undefined ? [] : readExportFiles(path, limits).files);
  const asked = upstream && (await askWsus({ ...upstream, store }));
  const catalog = await openLiveCatalog(store, { unapproved: server.config.unapproved });
  const side = new WsusSide(asked ?? exportedDecisions(found, path, catalog.groups), found.offers, author.at);
  const comparison = new Comparison(administration, catalog, side, found, limits.maxDifferences);
  const computers = path === undefined ? await comparison.computersHere() : side.computersOf(found);
  if (computers.length === 0) throw unusable(path ?? 'this server', 'it has no computers to compare');
  const wanted = computer === undefined ? computers : [findComputer(computers, computer)];
  const compared = await comparison.of(wanted, computers);
  const wsus = asked?.upstream ?? found.server.name;
  return { wsus, missing: asked && missingHere(catalog, asked.listed, limits.maxNamed), ...compared };
}

function exportedDecisions(found: WsusExport, path: string | undefined, here: readonly TargetGroup[]): WsusDecisions {
  const { approvals, declined = [], groups } = found;
  if (!approvals) throw unusable(path ?? 'The export', 'it has no approvals. Export them, too');
  return { approvals, declined, groups: placed(groups, here) };
}

function missingHere({ index }: LiveCatalog, listed: readonly ListedIdentity[], maxNamed: number): Shadow['missing'] {
  const missing = listed.filter((one) => !index.find(one as UpdateIdentity));
  return { revisions: missing.length, listed: listed.length, first: missing.slice(0, maxNamed) };
}

/** CLIXML of the API has no parents. Groups are in the place then that they have here. Without groups, ids tell them. */
function placed(groups: WsusExport['groups'], here: readonly TargetGroup[]): TargetGroup[] {
  if (groups.length === 0) return [...here];
  if (groups.some(({ parentId }) => parentId !== undefined)) return groups;
  const places = groupsHere(here, [], groups);
  const parents = new Map(here.map(({ groupId, parentId }) => [groupId, parentId]));
  const back = new Map([...places].map(([wsusId, { groupId }]) => [groupId, wsusId]));
  return groups.map((group) => {
    const parent = parents.get(places.get(group.groupId)?.groupId ?? '');
    return { ...group, parentId: parent === undefined ? undefined : (back.get(parent) ?? parent) };
  });
}

function findComputer(computers: readonly WsusComputer[], text: string): WsusComputer {
  const wanted = text.trim().toLowerCase();
  const fits = computers.filter(
    ({ computerId, name }) => computerId === wanted || name.toLowerCase() === wanted || firstLabel(name) === wanted,
  );
  const [first, second] = fits;
  if (first && !second) return first;
  const why = first ? 'fits more than one computer of the WSUS. Give the id' : 'is not a computer of the export';
  throw new AdministrationError('SERVER_NOT_FOUND', `"${text.slice(0, 100)}" ${why}.`);
}

function firstLabel(name: string): string {
  return name.toLowerCase().split('.')[0] ?? '';
}

/** One computer as both servers see it. */
interface Viewed extends WsusComputer {
  isHere: boolean;
  view: Parameters<LiveCatalog['decide']>[0];
}

class Comparison {
  readonly #administration: Administration;
  readonly #catalog: LiveCatalog;
  readonly #side: WsusSide;
  readonly #titles: WsusExport['titles'];
  readonly #updates: readonly string[];
  readonly #places: ReturnType<typeof groupsHere>;
  /** Groups of the WSUS by the group here that stands for them. */
  readonly #back: ReadonlyMap<string | undefined, readonly TargetGroup[]>;
  readonly #reasons = new Map<DifferenceReason, { updates: Set<string>; computers: number }>();
  #left: number;

  constructor(
    administration: Administration,
    catalog: LiveCatalog,
    side: WsusSide,
    found: WsusExport,
    maxDifferences: number,
  ) {
    this.#administration = administration;
    this.#catalog = catalog;
    this.#side = side;
    this.#titles = found.titles;
    this.#updates = [...new Set([...side.updates(), ...catalog.decisions.keys()])].sort();
    this.#places = groupsHere(catalog.groups, [], side.groups);
    this.#back = Map.groupBy(side.groups, ({ groupId }) => this.#places.get(groupId)?.groupId);
    this.#left = maxDifferences;
  }

  /** Computers of this server, as members of the groups of the WSUS that their groups here stand for. */
  async computersHere(): Promise<WsusComputer[]> {
    const { store } = this.#administration;
    const { items } = await store.pageComputers({}, { limit: undefined });
    const computers: WsusComputer[] = [];
    for (const { computerId, dnsName } of items) {
      const groups = (await store.loadTargeting(computerId))?.groupIds ?? [];
      const groupIds = groups.flatMap((id) => (this.#back.get(id) ?? []).map(({ groupId }) => groupId)).sort();
      const own = groupIds.length > 0 ? groupIds : [unassignedComputers];
      computers.push({ computerId, name: dnsName, groupIds: own, isSaid: false, hasReports: false });
    }
    return computers;
  }

  async of(wanted: readonly WsusComputer[], all: readonly WsusComputer[]): Promise<Omit<Shadow, 'wsus' | 'missing'>> {
    const { store } = this.#administration;
    const known = await store.listKnownIds(all.map(({ computerId }) => computerId));
    const viewed: Viewed[] = [];
    for (const one of wanted) viewed.push(await this.#view(one, known.has(one.computerId)));
    // Those with the same groups one after the other: the catalog keeps few sets of decisions.
    const profiles = [...Map.groupBy(viewed, (one) => this.#keyOf(one))]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, computers]) => this.#profile(computers));
    const differing = profiles.filter(({ differs }) => differs > 0);
    await this.#giveTitles(differing);
    const same = profiles.filter(({ differs }) => differs === 0).reduce((sum, one) => sum + one.computers.length, 0);
    return {
      ...{ computers: viewed.length, same },
      notHere: viewed.filter(({ isHere }) => !isHere).length,
      onlyHere: (await store.countComputers()) - known.size,
      profiles: differing.sort((one, other) => other.computers.length - one.computers.length),
      reasons: [...this.#reasons]
        .map(([because, { updates, computers }]) => {
          return { because, says: differenceSays[because], updates: updates.size, computers };
        })
        .sort((one, other) => other.computers * other.updates - one.computers * one.updates),
    };
  }

  async #view(computer: WsusComputer, isHere: boolean): Promise<Viewed> {
    const targeting = isHere ? await this.#administration.store.loadTargeting(computer.computerId) : undefined;
    const coming = computer.groupIds.flatMap((id) => this.#places.get(id)?.groupId ?? []);
    const view = targeting
      ? { groupIds: targeting.groupIds, facts: targeting.facts }
      : { groupIds: coming, facts: { computerId: computer.computerId } };
    return { ...computer, isHere: targeting !== undefined, view };
  }

  #keyOf({ view, groupIds, isSaid, hasReports, computerId }: Viewed): string {
    const { fingerprint } = this.#catalog.decide(view, this.#administration.author.at).withholding;
    const own = isSaid || hasReports ? computerId : '';
    return JSON.stringify([[...view.groupIds].sort(), groupIds, fingerprint, own]);
  }

  #profile(computers: readonly Viewed[]): ShadowProfile {
    const [first] = computers as [Viewed, ...Viewed[]];
    const offer = this.#catalog.decide(first.view, this.#administration.author.at);
    const offered = this.#side.offersTo(first);
    const places = this.#placesOf(first);
    const profile: ShadowProfile = {
      computers: computers.map(({ computerId, name, isHere }) => ({ computerId, name, isHere })),
      groups: {
        wsus: first.groupIds.map((id) => places.nameOnWsus(id) ?? id),
        here: first.view.groupIds.map((id) => places.nameHere(id) ?? id),
      },
      ...{ offers: first.isSaid ? 'said' : 'worked-out', same: 0, differences: [], differs: 0 },
    };
    const seen = new Set<DifferenceReason>();
    for (const updateId of this.#updates) {
      const wsus = offered(updateId);
      const different = compareOffers(wsus, offer.on(updateId as UpdateId), places);
      if (different) {
        this.#count(different.because, updateId, seen.has(different.because) ? 0 : computers.length);
        seen.add(different.because);
        profile.differs++;
        if (this.#left-- > 0) profile.differences.push(this.#named(updateId, different, first));
      } else if (wsus.action !== undefined) profile.same++;
    }
    return profile;
  }

  #named(
    updateId: string,
    different: NonNullable<ReturnType<typeof compareOffers>>,
    computer: WsusComputer,
  ): Difference {
    const reported = this.#side.reported(computer, updateId);
    return { updateId, title: undefined, ...different, says: differenceSays[different.because], reported };
  }

  #count(because: DifferenceReason, updateId: string, computers: number): void {
    const counted = this.#reasons.get(because) ?? { updates: new Set(), computers: 0 };
    this.#reasons.set(because, counted);
    counted.updates.add(updateId);
    counted.computers += computers;
  }

  #placesOf({ groupIds, view }: Viewed): Places {
    const here = new Map(this.#catalog.groups.map(({ groupId, name }) => [groupId, name]));
    const there = new Map(this.#side.groups.map(({ groupId, name }) => [groupId, name]));
    return {
      here: (id) => this.#places.get(id)?.groupId ?? (here.has(id) ? id : undefined),
      // Both have All Computers, whether the export names it or not.
      wsus: (id) => (id === allComputers ? [id] : (this.#back.get(id) ?? []).map(({ groupId }) => groupId)),
      reachedHere: new Set(linesOf(this.#catalog.groups, view.groupIds).flat()),
      reachedOnWsus: new Set(linesOf(this.#side.groups, groupIds).flat()),
      nameHere: (id) => here.get(id),
      nameOnWsus: (id) => there.get(id) ?? here.get(id),
    };
  }

  /** Of the catalog here, or else of the export. */
  async #giveTitles(profiles: readonly ShadowProfile[]): Promise<void> {
    const titles = new Map<string, string | undefined>();
    for (const difference of profiles.flatMap(({ differences }) => differences)) {
      const { updateId } = difference;
      if (!titles.has(updateId)) {
        const revisions = titles.size < titlesFromHere ? await this.#administration.store.findRevisions(updateId) : [];
        titles.set(updateId, revisions.at(-1)?.title ?? this.#titles.get(updateId));
      }
      difference.title = titles.get(updateId);
    }
  }
}

/** Each costs a look into the store. The others keep the title of the export. */
const titlesFromHere = 2000;
