// Which site a request belongs to. The port tells where it can: not every log names the site, and one port mostly is
// one site. Only where several named sites share a port (host headers, several addresses) the name tells them apart.
import { type HttpRecord, isLater, siteOf } from './record.ts';
import type { AnswerGroup, HttpTally } from './tally.ts';

/** The parts of a tally about sites. */
export interface Sites {
  groups: AnswerGroup[];
  /** Last good answer, by `kind|site`. */
  lastGood: Map<string, HttpRecord>;
}

/** The groups and good answers of a tally, those of one site put together. */
export function foldSites(tally: Pick<HttpTally, 'groups' | 'lastGood'>): Sites {
  const shared = sharedPorts([...[...tally.groups.values()].map(({ last }) => last), ...tally.lastGood.values()]);
  const nameOf = (record: HttpRecord) => {
    const isShared = record.port !== undefined && shared.has(record.port);
    return record.port === undefined || isShared ? siteOf(record) : `port ${record.port}`;
  };
  const groups = new Map<string, AnswerGroup>();
  for (const group of tally.groups.values()) {
    const site = nameOf(group.last);
    const key = [group.kind, site, group.status, group.substatus, group.win32, group.reason].join('|');
    const known = groups.get(key);
    groups.set(key, { ...(known ? together(known, group) : group), site });
  }
  const lastGood = new Map<string, HttpRecord>();
  for (const record of tally.lastGood.values()) {
    const key = `${record.kind}|${nameOf(record)}`;
    const known = lastGood.get(key);
    if (!known || isLater(record, known)) lastGood.set(key, record);
  }
  return { groups: [...groups.values()], lastGood };
}

/** Ports that more than one named site answers on. */
function sharedPorts(records: readonly HttpRecord[]): Set<string> {
  const names = new Map<string, Set<string>>();
  for (const { port, site } of records) {
    if (port === undefined || site === undefined) continue;
    names.set(port, (names.get(port) ?? new Set()).add(site));
  }
  return new Set([...names].flatMap(([port, sites]) => (sites.size > 1 ? [port] : [])));
}

function together(a: AnswerGroup, b: AnswerGroup): AnswerGroup {
  return {
    ...a,
    count: a.count + b.count,
    clients: new Set([...a.clients, ...b.clients]),
    first: isLater(a.first, b.first) ? b.first : a.first,
    last: isLater(a.last, b.last) ? a.last : b.last,
    sharePoint: a.sharePoint || b.sharePoint,
  };
}
