// From the cache to the work: which updates are needed, what they consist of and where their files are.
import type { Handler, UpdateFile } from '@moult/catalog';
import { clientWebService, type FileLocation } from '@moult/protocol/client-web-service';
import type { UpdateKind } from '../../plan/work.ts';
import type { WebServices } from '../web-services.ts';
import { type Evaluation, identityKey } from './evaluate.ts';
import { isExtendedFragment, readExtendedFragment, readTitle } from './fragments.ts';
import type { ServerSession } from './server-session.ts';
import type { CachedRevision, UpdateCache } from './update-cache.ts';

/** A revision that can be installed by itself: a plain update, or a member of a bundle. */
interface InstallableRevision {
  revision: CachedRevision;
  title: string;
  files: UpdateFile[];
  handler: Handler | undefined;
  /** SHA-1 in base64 → URL. */
  urls: ReadonlyMap<string, string>;
}

export interface ApplicableUpdate {
  revision: CachedRevision;
  title: string;
  deadline: Date | undefined;
  kind: UpdateKind;
  /** Its metadata says that it never needs a restart. */
  isMinor: boolean;
  parts: InstallableRevision[];
}

/** Leaf software that an administrator deployed: what is shown, counted and reported. */
export function deployedUpdates(cache: UpdateCache): CachedRevision[] {
  const reported = new Set(['Install', 'OptionalInstall', 'Uninstall', 'PreDeploymentCheck']);
  return cache
    .all()
    .filter(({ core, deployment }) => core.updateType === 'Software' && reported.has(deployment?.action ?? ''));
}

/**
 * Approved for installation and needed here. An update that is only offered to the user (IsAssigned false) is left to
 * the user.
 */
export function neededUpdates(cache: UpdateCache, evaluation: Evaluation): CachedRevision[] {
  return deployedUpdates(cache).filter(
    (revision) => isAssigned(revision) && evaluation.stateOf(revision) === 'installable',
  );
}

/** Approved for removal and installed here. */
export function unwantedUpdates(cache: UpdateCache, evaluation: Evaluation): CachedRevision[] {
  return deployedUpdates(cache).filter(
    (revision) => revision.deployment?.action === 'Uninstall' && evaluation.stateOf(revision) === 'installed',
  );
}

function isAssigned({ deployment }: CachedRevision): boolean {
  return deployment?.action === 'Install' && deployment.isAssigned !== false;
}

/** GetExtendedUpdateInfo for the needed updates and the members that they need. */
export async function describeUpdates(
  {
    services,
    session,
    cache,
    evaluation,
  }: { services: WebServices; session: ServerSession; cache: UpdateCache; evaluation: Evaluation },
  needed: CachedRevision[],
  locales: string[],
): Promise<ApplicableUpdate[]> {
  const members = new Map(
    needed.map((revision) => [revision.revisionId, membersToInstall(revision, cache, evaluation)]),
  );
  const wanted = [...new Map([...needed, ...[...members.values()].flat()].map((one) => [one.revisionId, one])).keys()];
  const known = await fetchExtended(services, session, wanted, locales);
  cache.remove(known.outOfScope);
  const describe = (revision: CachedRevision): InstallableRevision => {
    const { files = [], handler, title } = known.byRevision.get(revision.revisionId) ?? {};
    return { revision, title: title ?? revision.core.identity.updateId, files, handler, urls: known.urls };
  };
  return needed
    .filter(({ revisionId }) => !known.outOfScope.includes(revisionId))
    .map((revision) => {
      const inside = members.get(revision.revisionId) ?? [];
      const deadline = revision.deployment?.deadline === undefined ? undefined : new Date(revision.deployment.deadline);
      const parts = (inside.length > 0 ? inside : [revision]).map(describe);
      const isMinor = parts.every(
        ({ revision: { revisionId } }) => known.byRevision.get(revisionId)?.neverRestarts === true,
      );
      return { revision, title: describe(revision).title, deadline, kind: kindOf(revision), isMinor, parts };
    });
}

function membersToInstall(bundle: CachedRevision, cache: UpdateCache, evaluation: Evaluation): CachedRevision[] {
  const byIdentity = new Map(cache.all().map((revision) => [identityKey(revision.core.identity), revision]));
  return bundle.core.bundleClauses.flatMap((clause) => {
    const alternatives = clause.flatMap((identity) => byIdentity.get(identityKey(identity)) ?? []);
    const chosen = alternatives.find((member) => evaluation.own.get(member.revisionId) === 'installable');
    if (!chosen) return [];
    const nested = membersToInstall(chosen, cache, evaluation);
    return nested.length > 0 ? nested : [chosen];
  });
}

/** Updates of the classification Upgrades are those that a policy calls feature updates. */
const upgrades = '3689bdc8-b205-4af4-8d4a-a63924c5e9d5';

function kindOf({ core }: CachedRevision): UpdateKind {
  return core.prerequisiteClauses.some(({ anyOf }) => anyOf.some((id) => id === upgrades)) ? 'feature' : 'quality';
}

interface Described {
  files?: UpdateFile[];
  handler?: Handler | undefined;
  neverRestarts?: boolean;
  title?: string | undefined;
}

async function fetchExtended(services: WebServices, session: ServerSession, revisionIds: number[], locales: string[]) {
  const byRevision = new Map<number, Described>();
  const urls = new Map<string, string>();
  const outOfScope: number[] = [];
  for (let start = 0; start < revisionIds.length; start += session.maxExtendedUpdates) {
    const batch = revisionIds.slice(start, start + session.maxExtendedUpdates);
    const { result } = await session.call((cookie) =>
      services.call(clientWebService, 'GetExtendedUpdateInfo', {
        cookie,
        revisionIds: batch,
        infoTypes: ['Extended', 'LocalizedProperties'],
        locales,
      }),
    );
    for (const { id, xml } of result?.updates ?? []) {
      if (xml) byRevision.set(id, { ...byRevision.get(id), ...readFragment(xml.text, byRevision.get(id)) });
    }
    for (const location of result?.fileLocations ?? []) addUrl(urls, location);
    outOfScope.push(...(result?.outOfScopeRevisionIds ?? []));
  }
  return { byRevision, urls, outOfScope };
}

/** The first title wins: locales are asked for in the order of preference. */
function readFragment(xml: string, known: Described | undefined): Described {
  if (isExtendedFragment(xml)) return readExtendedFragment(xml);
  return known?.title === undefined ? { title: readTitle(xml) } : {};
}

function addUrl(urls: Map<string, string>, { fileDigest, url }: FileLocation): void {
  if (fileDigest && url) urls.set(Buffer.from(fileDigest).toString('base64'), url);
}
