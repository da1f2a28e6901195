// Which releases agents are offered. An upgrade of the server brings new ones. They wait for the administrator, or for
// so many days, unless a setting says at-once. An offered release stays so: a recall withdraws it (moult release
// recall).
import type { ServerConfig } from '@moult/administration/config';
import { isTemporary, ServerError } from '@moult/store/errors';
import { agentKinds, hostKinds, type ReleaseKind, releasesIn } from './releases.ts';
import { offerFile, readTreeFile, releasesFolder, writeTreeFile } from './tree-folders.ts';

export type WhenOffered = ServerConfig['newAgentReleases'];

export interface Offer {
  /** ISO 8601. */
  seenAt: string;
  /** Undefined while it waits. */
  offeredAt?: string;
}

/** A release folder by its name. */
interface ReleaseName {
  kind: ReleaseKind;
  version: string;
}

interface OfferParts {
  when: WhenOffered;
  now: Date;
  /** The releases that were stored before this start looked for new ones. */
  before: readonly ReleaseName[];
  /** Told of a disk that takes no writes: what is decided is decided again at the next look. */
  refused(error: unknown): void;
}

/**
 * Notes the releases that are new here and offers those whose time has come. Answers the names (nameOf) of all that are
 * offered. Of a new server, and of one from before there were offers, everything is offered that it has.
 */
export async function settleOffers(dataDir: string, { when, now, before, refused }: OfferParts): Promise<Set<string>> {
  const present = await storedReleases(dataDir);
  const known = new Map<string, Offer>();
  for (const one of present) {
    const offer = await readOffer(dataDir, one);
    if (offer) known.set(nameOf(one), offer);
  }
  const isNew = before.length === 0;
  const isFromBefore = !before.some((one) => known.has(nameOf(one)));
  const offered = new Set<string>();
  for (const one of present) {
    const name = nameOf(one);
    const wasHere = before.some((other) => nameOf(other) === name);
    const offer = known.get(name) ?? { seenAt: now.toISOString() };
    const isDue = offer.offeredAt !== undefined || (isFromBefore && (isNew || wasHere)) || isTime(offer, when, now);
    if (isDue) offered.add(name);
    const settled = isDue ? { ...offer, offeredAt: offer.offeredAt ?? now.toISOString() } : offer;
    if (known.get(name)?.offeredAt !== settled.offeredAt || !known.has(name)) {
      await writeOffer(dataDir, one, settled).catch((error) => {
        if (!isTemporary(error)) throw error;
        refused(error);
      });
    }
  }
  return offered;
}

/** As they were last settled, by nameOf. Of a release without a note nothing is decided yet. */
export async function readOffers(dataDir: string): Promise<Map<string, Offer>> {
  const offers = new Map<string, Offer>();
  for (const one of await storedReleases(dataDir)) {
    const offer = await readOffer(dataDir, one);
    if (offer) offers.set(nameOf(one), offer);
  }
  return offers;
}

/**
 * Offers every release of this version, of agents and hosts, from now on. Answers their names. Throws ServerError
 * SERVER_NOT_FOUND when none is stored.
 */
export async function offerRelease(dataDir: string, version: string, now: Date): Promise<ReleaseName[]> {
  const meant = (await storedReleases(dataDir)).filter((one) => one.version === version);
  if (meant.length === 0) {
    throw new ServerError('SERVER_NOT_FOUND', `No release ${version} is in the tree. "moult tree list" lists them.`);
  }
  for (const one of meant) {
    const offer = (await readOffer(dataDir, one)) ?? { seenAt: now.toISOString() };
    if (offer.offeredAt === undefined) await writeOffer(dataDir, one, { ...offer, offeredAt: now.toISOString() });
  }
  return meant;
}

/** `wsus/7.9.0.2`, `host/7.9.0.2`. */
export function nameOf({ kind, version }: ReleaseName): string {
  return `${kind}/${version}`;
}

function storedReleases(dataDir: string): Promise<ReleaseName[]> {
  return releasesIn(releasesFolder(dataDir), [...agentKinds, ...hostKinds]);
}

function isTime({ seenAt }: Offer, when: WhenOffered, now: Date): boolean {
  if (when === 'at-once') return true;
  return when !== 'by-command' && now.getTime() - new Date(seenAt).getTime() >= when * dayMs;
}

const dayMs = 86_400_000;

async function readOffer(dataDir: string, { kind, version }: ReleaseName): Promise<Offer | undefined> {
  try {
    const bytes = await readTreeFile(offerFile(dataDir, kind, version));
    const { seenAt, offeredAt } = JSON.parse(bytes?.toString('utf8') ?? '{}');
    if (!isTimeText(seenAt)) return undefined;
    return { seenAt, ...(isTimeText(offeredAt) && { offeredAt }) };
  } catch (error) {
    // Rubbish does not count as a note: it is made again.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isTimeText(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(new Date(value).getTime());
}

async function writeOffer(dataDir: string, { kind, version }: ReleaseName, offer: Offer): Promise<void> {
  await writeTreeFile(offerFile(dataDir, kind, version), `${JSON.stringify(offer, undefined, 2)}\n`);
}
