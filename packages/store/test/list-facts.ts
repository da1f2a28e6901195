// Computers, updates and events of the tests of lists.
import type { ReportedEvent, Store } from '../src/index.ts';

export const day = 86_400_000;
// PostgreSQL stamps imports by its own clock: everything else here is told to have happened before.
export const start = Date.now() - 100 * day;
export const author = { name: 'anna', at: new Date(start) };
export const idOf = (number: number) => `${String(number).padStart(8, '0')}-5601-43c9-bac3-52d5db701494`;
export const updateOf = (number: number) => `${String(number).padStart(8, '0')}-aaaa-43c9-bac3-52d5db701494`;
export const security = updateOf(901);
export const windows = updateOf(902);
export const windows11 = updateOf(903);

export function contact(store: Store, number: number, dnsName: string, at = start): Promise<void> {
  return store.noteAuthorization(
    { computerId: idOf(number), dnsName, address: `192.0.2.${number}`, requestedGroups: [], at: new Date(at) },
    { assign: false },
  );
}

export function register(store: Store, number: number, registration: Record<string, unknown>): Promise<void> {
  return store.registerComputer({
    ...{
      computerId: idOf(number),
      dnsName: 'pc-02',
      address: '192.0.2.2',
      agentVersion: '7.9.0.1',
      osVersion: '10.0.26200',
    },
    ...{ osDescription: '', architecture: 'AMD64', manufacturer: '', model: '', at: new Date(start) },
    registration: { osMajorVersion: 10, osMinorVersion: 0, oldProductType: 1, suiteMask: 0, ...registration },
  });
}

export function report(number: number, miscData: string[], at = start): ReportedEvent {
  return {
    ...{ instanceId: crypto.randomUUID(), computerId: idOf(number), timeAtTarget: new Date(at), namespaceId: 1 },
    ...{ eventNumber: 156, sourceId: 101, updateId: undefined, revisionNumber: 1, win32HResult: 0, appName: '' },
    ...{ replacementStrings: [], miscData },
  };
}

export function decision(number: number) {
  return {
    ...{ updateId: updateOf(number), groupId: 'a0a08746-4dbe-4a37-9adf-9e7652c0b421', deadline: undefined },
    administrator: 'tester',
  };
}

interface Facts {
  severity?: string;
  articles?: string[];
  clauses?: string;
  explicitlyDeployable?: boolean;
  supersedes?: string[];
}

export function update(number: number, title: string, { severity, articles = [], clauses = '', ...facts }: Facts) {
  const { explicitlyDeployable = true, supersedes = [] } = facts;
  const more = supersedes.length > 0 ? JSON.stringify({ bundleClauses: [], supersedes, drivers: [] }) : undefined;
  const attribute = severity === undefined ? '' : ` MsrcSeverity="${severity}"`;
  const elements = articles.map((article) => `<KBArticleID>${article}</KBArticleID>`).join('');
  const extended = `<ExtendedProperties DefaultPropertiesLanguage="en"${attribute}>${elements}</ExtendedProperties>`;
  return revision(number, title, {
    updateType: 'Software',
    categoryType: undefined,
    extended,
    explicitlyDeployable,
    clauses,
    more,
  });
}

export function category(number: number, title: string, categoryType: string, clauses = '') {
  const rest = { explicitlyDeployable: false, clauses, more: undefined };
  return revision(number, title, { updateType: 'Category', categoryType, extended: '<a/>', ...rest });
}

export function revision(number: number, title: string, facts: Record<string, unknown>) {
  const { updateType, categoryType, extended, ...summary } = facts;
  const identity = { updateId: updateOf(number), revisionNumber: 1, updateType };
  return {
    ...{ ...identity, categoryType, title, xml: '<a/>', core: '<a/>', extended, files: [] },
    summary: { ...identity, isExpired: false, ...summary },
  };
}

export function importAll(store: Store, revisions: unknown[], at = new Date(start)) {
  return store.importRevisions(revisions as Parameters<Store['importRevisions']>[0], at);
}
