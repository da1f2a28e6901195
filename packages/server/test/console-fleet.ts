// A fleet for the console: groups, computers in every state, updates with files, accounts, and script in every text that a
// client, a catalog or a log can bring. Written through the store, beside the running server, as commands do.
import { addAccount } from '../../administration/src/accounts/index.ts';
import { addHold } from '../../administration/src/holds/index.ts';
import type { Administration } from '../../administration/src/index.ts';
import { addPlan, enterRings } from '../../administration/src/rings/index.ts';
import { saveRule } from '../../administration/src/rules/index.ts';
import { documentOf } from '../../administration/src/test/administration.ts';
import { importDocuments } from '../../store/src/catalog/index.ts';
import { openStore, type ReportedEvent, type Store } from '../../store/src/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Runs when a page takes it for HTML, for an attribute or for an address. */
const hostile = `"><img src=x onerror="globalThis.hacked=1"><script>hacked=1</script>{{hacked=1}}javascript:hacked=1`;

const day = 86_400_000;
export const password = 'correct horse battery';
export const updateId = (number: number) => `${String(number).padStart(8, '0')}-aaaa-43c9-bac3-52d5db701494`;
export const computerId = (number: number) => `${String(number).padStart(8, '0')}-5601-43c9-bac3-52d5db701494`;

const groups = ['Pilot', 'Workstations', 'Servers', 'Tills', 'Laboratory'];
const places = ['reception', 'lab', 'till', 'office', 'stock', 'print', 'meeting', 'desk'];
const products = ['Windows 11', 'Windows Server 2022', 'Office LTSC 2024', '.NET 8', 'Edge'];

interface FleetParts {
  dataDir: string;
  consoleDir: string;
  computers?: number;
  updates?: number;
  /** Script in the texts of the first ones; the default. */
  isHostile?: boolean;
  /** Address of its upstream server. */
  upstream?: string;
}

interface Fleet extends AsyncDisposable {
  server: TestServer;
  store: Store;
  administration: Administration;
}

/** A server with so many computers and updates. The first of each are hostile. */
export async function startFleet({
  dataDir,
  consoleDir,
  isHostile = true,
  upstream,
  ...sizes
}: FleetParts): Promise<Fleet> {
  const server = await startTestServer({
    dataDir,
    config: {
      consoleDir,
      passwordMemoryKib: 1024,
      passwordPasses: 1,
      firstCatalog: 'empty',
      ...(upstream && { upstream }),
    },
  });
  const { computers = 60, updates = 24 } = sizes;
  const script = isHostile ? hostile : 'Office';
  const now = Date.now();
  const store = await openStore(server.database, { now: () => new Date() });
  const author = { name: 'anna', at: new Date() };
  const config = { dataDir: server.dataDir, targeting: 'server', passwordMemoryKib: 1024, passwordPasses: 1 };
  const found = { config, dataDir: server.dataDir, database: server.database, contentDir: server.dataDir };
  const administration = { store, server: found, author } as unknown as Administration;
  for (const role of ['administrator', 'approver', 'reporter', 'auditor'] as const)
    await addAccount(administration, { name: role, role, password });
  const filling = { store, script, computers, updates, now };
  await fillUpdates(filling);
  await fillComputers(filling);
  await fillReports(filling);
  await fillPings(filling);
  await fillDecisions(administration, script);
  const close = async () => {
    await store.close();
    await server.stop();
  };
  return { server, store, administration, [Symbol.asyncDispose]: close };
}

interface Filling {
  store: Store;
  /** What the first of each is called. */
  script: string;
  computers: number;
  updates: number;
  now: number;
}

async function fillUpdates({ store, script, updates, now }: Filling): Promise<void> {
  const documents = Array.from({ length: updates }, (_, at) => {
    const sha1 = Buffer.alloc(20, at + 1).toString('base64');
    const escaped = script.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
    const title =
      at === 0
        ? `${escaped} (KB5030000)`
        : `2026-${String((at % 12) + 1).padStart(2, '0')} Cumulative Update for ${products[at % products.length]} (KB${5_030_000 + at})`;
    return documentOf(updateId(at), title, {
      attributes: 'ExplicitlyDeployable="true"',
      properties: `<upd:InstallationBehavior RebootBehavior="${at % 3 === 0 ? 'NeverReboots' : 'CanRequestReboot'}" />`,
      rest: `<upd:Files><upd:File Digest="${sha1}" DigestAlgorithm="SHA1" FileName="${at === 0 ? escaped.slice(0, 60) : `windows-kb${5_030_000 + at}.cab`}" Size="${(at + 1) * 41_943_040}" /></upd:Files>`,
    });
  });
  await importDocuments(store, documents, new Date(now - 20 * day));
}

async function fillComputers({ store, script, computers, now }: Filling): Promise<void> {
  const author = { name: 'anna', at: new Date(now) };
  for (const name of groups) await store.createGroup(name, undefined, author);
  await store.createGroup(`Group ${script.slice(0, 40)}`, undefined, author);
  for (let at = 0; at < computers; at++) {
    const name = at === 0 ? script : `${places[at % places.length]}-${String(at).padStart(3, '0')}.example.test`;
    const isSus = at % 9 === 4;
    const about = {
      ...{ computerId: computerId(at), dnsName: name.slice(0, 255), address: `192.0.2.${at % 250}` },
      at: new Date(now - (at % 7 === 6 ? 40 * day : (at % 50) * 60_000)),
    };
    await store.noteAuthorization({ ...about, requestedGroups: at === 0 ? [script] : [] }, { assign: false });
    if (!isSus)
      await store.registerComputer({
        ...about,
        ...{ agentVersion: at % 5 === 0 ? '7.9.0.0' : '7.9.0.1', osVersion: '10.0.26200' },
        ...{ osDescription: at === 0 ? script : 'Windows 11', architecture: 'AMD64' },
        ...{
          manufacturer: at === 0 ? script : 'Contoso',
          model: 'Desk 4',
          registration: {
            osMajorVersion: 10,
            computerManufacturer: at === 0 ? script : 'Contoso',
            computerModel: 'Desk 4',
            processorArchitecture: 'AMD64',
          },
        },
      });
    if (at % 6 !== 5) await store.setMembership(computerId(at), groups[at % groups.length] ?? '', true, author);
  }
}

function reportOf(number: number, parts: Partial<ReportedEvent>): ReportedEvent {
  return {
    ...{ instanceId: crypto.randomUUID(), computerId: computerId(number), timeAtTarget: new Date(), namespaceId: 1 },
    ...{ eventNumber: 156, sourceId: 101, updateId: undefined, revisionNumber: 1, win32HResult: 0, appName: '' },
    ...{ replacementStrings: [], miscData: [], ...parts },
  };
}

async function fillReports({ store, script, computers, updates, now }: Filling): Promise<void> {
  const events: ReportedEvent[] = [];
  for (let at = 0; at < computers; at++) {
    const states = Array.from({ length: updates }, (_, update) => (at * 5 + update * 3) % 10);
    const of = (wanted: (state: number) => boolean) =>
      states.flatMap((state, update) => (wanted(state) ? [updateId(update)] : [])).join(';');
    const isFailing = at % 8 === 0;
    const miscData = [
      `U=${of((state) => state < 2)}`,
      `V=${of((state) => state > 3)}`,
      `g=${isFailing ? of((state) => state === 2) : ''}`,
      `W=${isFailing ? '' : of((state) => state === 3)}`,
    ];
    const at1 = (minutes: number) => new Date(now - (minutes + at) * 60_000);
    const text = at === 0 ? { replacementStrings: [script], appName: script } : {};
    events.push(reportOf(at, { eventNumber: 147, timeAtTarget: at1(30), ...text }));
    events.push(reportOf(at, { eventNumber: 162, timeAtTarget: at1(20), updateId: updateId(at % updates), ...text }));
    const failure = isFailing ? { eventNumber: 182, win32HResult: -2145124318 } : { eventNumber: 183 };
    events.push(reportOf(at, { ...failure, timeAtTarget: at1(10), updateId: updateId(at % updates), ...text }));
    events.push(reportOf(at, { miscData, timeAtTarget: at1(5) }));
  }
  await store.recordReportingEvents(events, new Date(now));
  // As the server notes it of each request that brings a report. The last ones are new and have none.
  const reported = Array.from({ length: Math.max(0, computers - 3) }, (_, at) => computerId(at));
  const seen = (at: number) => ({ at: new Date(now - (at % 50) * 60_000), synced: true, reported: true });
  await store.noteContacts(new Map(reported.map((id, at) => [id, seen(at)])));
}

async function fillPings({ store, script, computers, now }: Filling): Promise<void> {
  const pings = Array.from({ length: computers }, (_, at) => {
    const text = at === 0 ? script : '';
    return {
      ...{ receivedAt: new Date(now - at * 60_000), occurredAt: new Date(now - at * 60_000) },
      ...{ computerId: computerId(at), address: '192.0.2.1', userAgent: text, component: 'au', activity: 's' },
      ...{ item: text, device: text, platform: text, language: text, status: 's' },
      ...{ resultCode: at % 8 === 0 ? '80240022' : '00000000', message: text },
      agentGeneration: at % 9 === 4 ? ('sus' as const) : ('wsus' as const),
      agentVersion: at % 9 === 4 ? '5.4.0.1' : at % 5 === 0 ? '7.9.0.0' : '7.9.0.1',
    };
  });
  await store.recordSelfUpdateEvents(pings);
}

/** Rules, rings and holds. */
async function fillDecisions(administration: Administration, script: string): Promise<void> {
  const text = script.slice(0, 200);
  await saveRule(administration, {
    ...{ name: `Rule ${text}`, when: { title: script.slice(0, 60) }, action: 'install', groups: ['Pilot'] },
    ...{ 'delay-days': 3, deadline: { days: 7, at: '22:00' } },
  });
  await saveRule(administration, { name: 'Superseded updates', when: { superseded: true }, action: 'decline' });
  await addPlan(administration, `Rings ${text}`, [
    { name: `First ${text}`, groups: ['Pilot', `Group ${script.slice(0, 40)}`] },
    { name: 'All others', groups: ['Workstations', 'Servers'], policy: { hours: 72 } },
  ]);
  await enterRings(administration, `Rings ${text}`, updateId(ringedUpdate));
  for (const effect of ['hold', 'advise'] as const)
    await addHold(administration, {
      ...{ updates: [`KB${5_030_006}`, updateId(8)], effect, says: `Printers stop. ${text}`, model: text },
      ...(effect === 'hold' && { manufacturer: text, link: 'https://example.test/issue' }),
    });
}

/** The update that is on its way through rings. */
export const ringedUpdate = 9;
