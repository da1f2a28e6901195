// From facts to the home document. Pure: the words of the page are decided here and nowhere else.
import { cutText, visibleText } from '@moult/formats/text';
import { describeReport } from '@moult/protocol/reporting';
import { compareVersions, isVersion, isWindowsAgentVersion } from '@moult/protocol/self-update';
import type { Attention, HomeFacts, Notice, Noticed } from '@moult/store';
import { homeBounds } from '../../bounds.ts';
import type {
  Generation,
  HomeAttention,
  HomeComputers,
  HomeDocument,
  HomeEvent,
  HomeEventCount,
  HomeFault,
  HomeNotice,
  HomeNoticed,
  HomePort,
  HomeRelease,
  HomeSelfUpdate,
  NamesFor,
  Standing,
} from '../../home-document.ts';
import type { SelfUpdateHealth, SelfUpdatePort, ServerFacts } from '../../home-facts.ts';
import { type PortFault, portAnswersWrong, portNotHad } from '../../http/port-faults.ts';
import { describeEvent } from './describe-event.ts';

/** The whole home page at `now`, with names. It stays small whatever clients say: see docs/limits.md. */
export function composeHome(
  facts: HomeFacts,
  health: SelfUpdateHealth,
  server: ServerFacts,
  now: Date,
  notices: readonly Notice[] = [],
  namesFor: NamesFor = 'local',
): HomeDocument {
  const events = facts.events.map(describeEvent);
  const known = new Set(events.map(({ id }) => id));
  const faults = facts.faults.map(describeEvent).filter(({ id }) => !known.has(id));
  return {
    generatedAt: now.toISOString(),
    names: { shown: true, for: namesFor },
    server: { ...server, startedAt: server.startedAt.toISOString() },
    notices: notices.map(({ headline, cause, remedy }) => ({ headline, cause, remedy })),
    selfUpdate: selfUpdateOf(health, facts.counters.get('malformed-pings') ?? 0),
    computers: computersOf(facts, health.releases),
    updates: {
      ...{ total: facts.updates, approved: facts.approved, declined: facts.declined, deployments: facts.deployments },
    },
    events: [...events, ...faults].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)),
    eventCounts: countByKind(events),
    faults: faultsOf(facts.faultCounts),
  };
}

/**
 * The page for those who are not told names: counts and health. Without names, addresses and ids, also those of the
 * server, and without its version. Notices lose their words about its disk, its keys and its database.
 */
export function withoutNames(home: HomeDocument, notices: readonly Notice[] = []): HomeDocument {
  const { attention } = home.computers;
  const unnamed = ({ computers }: HomeNoticed): HomeNoticed => ({ computers, first: [] });
  const [needing, failing, silent] = [attention.needing, attention.failing, attention.silent].map(unnamed);
  return {
    ...home,
    computers: { ...home.computers, attention: { ...attention, ...({ needing, failing, silent } as Named) } },
    names: { ...home.names, shown: false },
    server: { ...home.server, version: '', addresses: [] },
    notices: noticesForAll(notices),
    events: [],
  };
}

type Named = Pick<HomeAttention, 'needing' | 'failing' | 'silent'>;

function noticesForAll(notices: readonly Notice[]): HomeNotice[] {
  const others = notices.filter(({ isForAll }) => !isForAll).length;
  return [
    ...notices.filter(({ isForAll }) => isForAll).map(({ headline }) => ({ headline, ...whereDetailsAre })),
    ...(others > 0 ? [{ headline: 'This server has something to say to its administrator.', ...whereDetailsAre }] : []),
  ];
}

const whereDetailsAre = {
  cause: 'The server itself shows the details.',
  remedy: 'Open this page on the server, or run "moult status" there.',
};

function countByKind(events: readonly HomeEvent[]): HomeEventCount[] {
  const counts = new Map<HomeEvent['kind'], HomeEventCount>();
  for (const { kind, outcome } of events) {
    const count = counts.get(kind) ?? { kind, total: 0, failed: 0 };
    counts.set(kind, count);
    count.total++;
    if (outcome === 'failed') count.failed++;
  }
  return [...counts.values()].sort((a, b) => a.kind.localeCompare(b.kind, 'en'));
}

function faultsOf({ reports, pings }: HomeFacts['faultCounts']): HomeDocument['faults'] {
  const totals = new Map<HomeEvent['kind'], number>(pings > 0 ? [['self-update', pings]] : []);
  for (const [number, count] of reports) {
    // Only failed ones were counted, so an unpublished number is one with a result.
    const { kind } = describeReport(number, -1);
    totals.set(kind, (totals.get(kind) ?? 0) + count);
  }
  return [...totals].map(([kind, total]) => ({ kind, total })).sort((a, b) => a.kind.localeCompare(b.kind, 'en'));
}

function attentionOf({ needing, failing, silent, silentDays, neverReported }: Attention): HomeAttention {
  const noticed = ({ computers, first }: Noticed): HomeNoticed => ({
    computers,
    first: first.map(({ computerId, dnsName, address, updates, lastContact }) => ({
      computer: cutText(visibleText(dnsName || address || computerId), homeBounds.maxNameBytes),
      ...{ computerId, updates, lastContactAt: lastContact.toISOString() },
    })),
  });
  const named = { needing: noticed(needing), failing: noticed(failing), silent: noticed(silent) };
  return { ...named, silentDays, neverReported };
}

function selfUpdateOf(health: SelfUpdateHealth, malformedPings: number): HomeSelfUpdate {
  const ports = health.ports.map(portOf);
  const used = ports.filter(({ state }) => state !== 'off');
  const available = used.filter(({ state }) => state === 'available');
  const state = available.length === 0 ? 'not-available' : available.length < used.length ? 'partly' : 'available';
  return { state, ports, releases: health.releases, malformedPings };
}

function portOf({ port, site, listening, checkedAt, files }: SelfUpdatePort): HomePort {
  const asked = checkedAt ? { checkedAt: checkedAt.toISOString() } : {};
  if (listening.kind === 'off') return { port, site, state: 'off', files: [] };
  const wrong = files.filter(({ fine }) => !fine);
  // Another program may have the port and pass our files on: what counts is what clients are answered.
  const available = wrong.length === 0 && (listening.kind === 'listening' || files.length > 0);
  if (available) return { port, site, state: 'available', files, ...asked };
  const fault = listening.kind === 'listening' ? portAnswersWrong(port, wrong) : portNotHad(port, listening.reason);
  return { port, site, state: 'not-available', files, ...asked, fault: homeFault(fault) };
}

// B6 and B7 of the admins' folklore: people search for this fault by these texts since 2005.
const wsusEvents = [
  { id: 13042, text: 'Self-update is not working.' },
  {
    id: 506,
    text: 'The SelfUpdate Tree is not working. Clients may not be able to update to the latest WUA client software and communicate with the WSUS Server.',
  },
];

function homeFault({ code, headline, cause, steps }: PortFault): HomeFault {
  return { code, headline, cause, remedy: steps.join(' '), wsusEvents };
}

function computersOf(facts: HomeFacts, releases: HomeRelease[]): HomeComputers {
  const generations = (['wsus', 'sus', 'unknown'] as const).map((generation) => ({
    generation,
    versions: facts.agents
      .filter((agent) => agent.generation === generation)
      .map(({ version, computers }) => ({ version, computers, standing: standingOf(generation, version, releases) }))
      .sort((a, b) => newestFirst(a.version, b.version))
      .map((one) => ({ ...one, version: cutText(visibleText(one.version), versionBytes) })),
    others: facts.otherAgents.find((others) => others.generation === generation),
  }));
  return {
    total: facts.computers,
    ...(facts.lastContactAt ? { lastContactAt: facts.lastContactAt.toISOString() } : {}),
    generations: generations
      .map(({ generation, versions, others }) => ({
        generation,
        computers: versions.reduce((sum, { computers }) => sum + computers, others?.computers ?? 0),
        versions,
        ...(others && { others: { versions: others.versions, computers: others.computers } }),
      }))
      .filter(({ computers }) => computers > 0),
    attention: attentionOf(facts.attention),
    identities: facts.identities,
  };
}

const versionBytes = 64;

// A SUS client is led to the newest WSUS client, whatever its own number: it is always an older one.
function standingOf(generation: Generation, version: string, releases: HomeRelease[]): Standing {
  if (generation === 'unknown') return 'unknown';
  const isOurs = releases.some((release) => release.version === version);
  // Our SUS client always names its version. Windows' own does not.
  if (!isOurs && (isWindowsAgentVersion(version) || (generation === 'sus' && version === ''))) return 'windows';
  const [newest] = releases
    .filter((release) => release.generation === 'wsus')
    .map((release) => release.version)
    .sort(newestFirst);
  if (newest === undefined || !isVersion(version)) return 'unknown';
  if (generation === 'sus') return 'older';
  const order = compareVersions(version, newest);
  return order === 0 ? 'newest' : order < 0 ? 'older' : 'newer';
}

// A client's version is any text. Other texts than versions come last.
function newestFirst(a: string, b: string): number {
  if (isVersion(a) && isVersion(b)) return compareVersions(b, a);
  return Number(isVersion(b)) - Number(isVersion(a)) || a.localeCompare(b, 'en');
}
