// One update on one computer: the offer of the WSUS beside that of this server, and why they differ. Pure.
import type { Offer } from '@moult/catalog';
import type { ReportedState } from '../migration/wsus-export.ts';
import { isShown, type ShownAction, type WsusOffer } from './wsus-side.ts';

/** Why two offers differ, as a word for programs. `differenceSays` has the sentences. */
export type DifferenceReason = keyof typeof differenceSays;

interface Side {
  /** Undefined: the computer only reports on it. */
  action: ShownAction | undefined;
  deadline: Date | undefined;
  revisionNumber: number | undefined;
  /** Name of the group that it is approved for. */
  group: string | undefined;
}

export interface Difference {
  updateId: string;
  title: string | undefined;
  kind: 'only-wsus' | 'only-here' | 'action' | 'deadline' | 'revision';
  because: DifferenceReason;
  says: string;
  wsus: Side;
  here: Side;
  /** By the computer to the WSUS. On an installed update a difference changes nothing now. */
  reported: ReportedState | undefined;
}

export const differenceSays = {
  unknown: 'The update is not in the catalog here.',
  declined: 'It is declined here.',
  expired: 'Its publisher expired it, and Moult does not offer it.',
  incomplete: 'Parts of it are not in the catalog here.',
  'bundle-member': 'Here it is a part of other updates, and comes with them.',
  blocked: 'It is blocked here.',
  stopped: 'The emergency stop is on here.',
  held: 'A hold keeps it back here.',
  ring: 'Rings here did not reach the computer yet.',
  'group-missing': 'The group that it is approved for is not here.',
  'not-in-group': 'The computer is not in the group here that it is approved for on the WSUS.',
  'not-approved': 'It is not approved here for a group of the computer.',
  'wsus-declined': 'It is declined on the WSUS.',
  'wsus-later': 'The approval of the WSUS begins later.',
  'wsus-group-missing': 'The group that it is approved for here is not on the WSUS.',
  'wsus-not-in-group': 'The computer is not in the group on the WSUS that it is approved for here.',
  'wsus-not-approved': 'It is not approved on the WSUS for a group of the computer.',
  action: 'Both offer it, with another action.',
  deadline: 'Both offer it, with another deadline.',
  'older-here': 'The WSUS offers a newer revision. Synchronise.',
  'newer-here': 'The WSUS offers an older revision. Here an approval is for the newest one.',
} as const;

/** Groups of both servers, as the comparison needs them. */
export interface Places {
  /** The group here that stands for one of the WSUS. */
  here(wsusGroupId: string): string | undefined;
  /** Groups of the WSUS that a group here stands for. */
  wsus(groupId: string): readonly string[];
  /** The computer gets what is approved for this group. */
  reachedHere: ReadonlySet<string>;
  reachedOnWsus: ReadonlySet<string>;
  nameHere(groupId: string): string | undefined;
  nameOnWsus(groupId: string): string | undefined;
}

type HereOffer = ReturnType<Offer['on']>;

/** Undefined when both offer the same. */
export function compareOffers(
  wsus: WsusOffer,
  here: HereOffer,
  places: Places,
): Pick<Difference, 'kind' | 'because' | 'wsus' | 'here'> | undefined {
  const action = isShown(here.action) ? here.action : undefined;
  const kind = kindOf(wsus, { ...here, action });
  if (kind === undefined) return undefined;
  const approved = here.reasons.find(({ code }) => code === 'approved');
  const origin = approved?.code === 'approved' ? approved.origin : undefined;
  return {
    kind,
    because: becauseOf(kind, { wsus, here, origin, places }),
    wsus: {
      ...{ action: wsus.action, deadline: wsus.deadline, revisionNumber: wsus.revisionNumber },
      group: wsus.groupId === undefined ? undefined : places.nameOnWsus(wsus.groupId),
    },
    here: {
      ...{ action, deadline: here.deadline === undefined ? undefined : new Date(here.deadline) },
      revisionNumber: here.revision?.summary.identity.revisionNumber,
      group: origin && places.nameHere(origin.groupId),
    },
  };
}

function kindOf(wsus: WsusOffer, here: Omit<HereOffer, 'action'> & { action: ShownAction | undefined }) {
  if (wsus.action === undefined) return here.action === undefined ? undefined : 'only-here';
  if (here.action === undefined) return 'only-wsus';
  if (wsus.action !== here.action) return 'action';
  if (secondsOf(wsus.deadline) !== secondsOf(here.deadline)) return 'deadline';
  const revision = here.revision?.summary.identity.revisionNumber;
  return wsus.revisionNumber !== undefined && wsus.revisionNumber !== revision ? 'revision' : undefined;
}

/** Exports have whole seconds. */
function secondsOf(time: Date | string | undefined): number | undefined {
  return time === undefined ? undefined : Math.floor(new Date(time).getTime() / 1000);
}

interface Compared {
  wsus: WsusOffer;
  here: HereOffer;
  origin: { groupId: string } | undefined;
  places: Places;
}

function becauseOf(kind: Difference['kind'], { wsus, here, origin, places }: Compared): DifferenceReason {
  if (kind === 'action' || kind === 'deadline') return kind;
  if (kind === 'revision') {
    const revision = here.revision?.summary.identity.revisionNumber ?? 0;
    return (wsus.revisionNumber ?? 0) > revision ? 'older-here' : 'newer-here';
  }
  return kind === 'only-here' ? whyNotOnWsus(wsus, origin, places) : whyNotHere(wsus, here, places);
}

const plain: Partial<Record<HereOffer['reasons'][number]['code'], DifferenceReason>> = {
  ...{ unknown: 'unknown', declined: 'declined', expired: 'expired', incomplete: 'incomplete', held: 'held' },
  ...{ 'bundle-member': 'bundle-member', blocked: 'blocked', stopped: 'stopped', ring: 'ring' },
};

function whyNotHere(wsus: WsusOffer, { reasons }: HereOffer, places: Places): DifferenceReason {
  // An advice keeps nothing back. The first other reason is the strongest.
  const strongest = reasons.find(({ code }) => code !== 'advised');
  const known = strongest && plain[strongest.code];
  if (known) return known;
  if (wsus.groupId === undefined) return 'not-approved';
  const place = places.here(wsus.groupId);
  if (place === undefined) return 'group-missing';
  return places.reachedHere.has(place) ? 'not-approved' : 'not-in-group';
}

function whyNotOnWsus(wsus: WsusOffer, origin: Compared['origin'], places: Places): DifferenceReason {
  if (wsus.because === 'declined') return 'wsus-declined';
  if (wsus.because === 'later') return 'wsus-later';
  if (origin === undefined) return 'wsus-not-approved';
  const there = places.wsus(origin.groupId);
  if (there.length === 0) return 'wsus-group-missing';
  return there.some((groupId) => places.reachedOnWsus.has(groupId)) ? 'wsus-not-approved' : 'wsus-not-in-group';
}
