// Fills a database for the bench of the service, in a process of its own. It writes `updates` generated documents, some
// of them approved, and `computers` registered computers. Or it stores `events` events. Also writes the scans of some
// machines.
import { writeFileSync } from 'node:fs';
import type { RevisionId } from '@moult/catalog';
import { allComputers, openStore, type Store, unassignedComputers } from '@moult/store';
import { toRevision } from '@moult/store/catalog';
import { sql } from 'kysely';
import {
  classificationId,
  detectoidId,
  generateCatalog,
  productId,
  shapeOf,
} from '../../packages/catalog/test/generate-catalog.ts';
import { type LiveCatalog, openLiveCatalog } from '../../packages/store/src/catalog/live-catalog.ts';
import { openDatabase } from '../../packages/store/src/database.ts';
import {
  computerIdSql,
  dailyComputers,
  type MachineScan,
  neededUpdates,
  reportedUpdates,
  type ScanPage,
} from './machines.ts';

const [what, file = '', scansFile = '', ...counts] = process.argv.slice(2);
const [updates = 0, computers = 0] = counts.map(Number);
const now = () => new Date();
const machines = 16;
const installedOnEach = 90;
/** New since a machine's last visit: one category or detectoid and a few updates. */
const newSinceLastVisit = 4;
const computersPerStatement = 2_500;

if (what === 'catalog') {
  const store = await openStore(file, { now });
  await importGenerated(store);
  await registerComputers();
  const catalog = await openLiveCatalog(store, { unapproved: 'report' });
  await approveSome(store, catalog);
  await catalog.refresh();
  writeFileSync(scansFile, JSON.stringify(Array.from({ length: machines }, (_, number) => scan(catalog, number))));
  await store.close();
} else await storeEvents(updates, computers);

async function importGenerated(store: Store): Promise<void> {
  let batch: string[] = [];
  const flush = async () => {
    await store.importRevisions(batch.map(toRevision), now());
    batch = [];
  };
  for (const xml of generateCatalog(updates)) if (batch.push(xml) === 500) await flush();
  await flush();
}

async function registerComputers(): Promise<void> {
  const database = await openDatabase(file);
  const at = Date.now() - 86_400_000;
  await sql`insert into computers (computer_id, dns_name, address, requested_groups, agent_generation, agent_version,
      os_version, os_description, architecture, manufacturer, model, registration, first_contact, last_contact,
      registered_at, last_sync, last_report)
    with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n + 1 < ${computers})
    select ${sql.raw(computerIdSql('n'))}, 'client-' || n || '.example.test', '192.0.2.1', '', 'wsus', '1507.2601.30012.0',
      '10.0.26200', 'Windows 10 Pro', 'AMD64', 'Example', 'Model 1', '{}', ${at}, ${at}, ${at}, ${at}, ${at}
    from numbers`.execute(database.tables);
  // Yesterday they needed two more.
  await sql`insert into computer_update_status (computer_id, update_id, state, changed_at)
    with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n + 1 < ${reportedUpdates}),
      machines (m) as (select 0 union all select m + 1 from machines where m + 1 < ${dailyComputers})
    select ${sql.raw(computerIdSql('m'))}, printf('00000000-0000-4000-8000-%012d', n),
      case when n < ${neededUpdates + 2} then 2 else 4 end, ${at}
    from machines, numbers order by 1, 2`.execute(database.tables);
  await database.close();
}

/** Every tenth update that can be approved is. */
async function approveSome(store: Store, { index }: LiveCatalog): Promise<void> {
  const approvable = [...index.updates()].filter(({ revisions }) => revisions.at(-1)?.summary.explicitlyDeployable);
  const decision = { groupId: allComputers, action: 'Install', deadline: undefined, administrator: 'bench' } as const;
  const chosen = approvable.filter((_, at) => at % 10 === 0);
  await Promise.all(
    chosen.map(({ revisions }) =>
      store.deploy({ ...decision, updateId: revisions[0]?.summary.identity.updateId ?? '' }, now()),
    ),
  );
}

/** How a fresh machine gets through its scan, page by page, and what it lacks at its next visit. */
function scan(catalog: LiveCatalog, machine: number): MachineScan {
  const offer = catalog.decide({ groupIds: [unassignedComputers], facts: {} }, new Date());
  const isInstalled = installedOn(machine);
  const pages: ScanPage[] = [];
  let [installed, other]: [RevisionId[], RevisionId[]] = [[], []];
  for (;;) {
    const { newRevisions, truncated } = offer.sync({
      ...{ installedNonLeaf: installed, otherCached: other, filterCategoryIds: [] },
      ...{ needTwoGroupOutOfScope: true, maxNew: 500 },
    });
    pages.push({ installed, other, brings: newRevisions.length });
    [installed, other] = [[...installed], [...other]];
    for (const { revisionId, isLeaf } of newRevisions) {
      const id = catalog.index.get(revisionId)?.summary.identity.updateId ?? '';
      const counts = !isLeaf && isInstalled(id) && installed.length < installedOnEach;
      (counts ? installed : other).push(revisionId);
    }
    if (!truncated && newRevisions.every(({ isLeaf }) => isLeaf)) break;
  }
  const lacking = { installed, other: other.slice(0, -newSinceLastVisit) };
  return { pages, all: { installed, other }, lacking, toShow: other.slice(-newSinceLastVisit) };
}

/** A few products, their classifications and detectoids, and other detectoids up to ninety. */
function installedOn(machine: number): (id: string) => boolean {
  const { products, detectoids, classifications } = shapeOf(updates);
  const ids = new Set<string>();
  for (let number = 0; number < classifications; number++) ids.add(classificationId(number));
  for (let step = 0; step < 8; step++) {
    const product = (machine * 5 + step) % products;
    ids.add(productId(product));
    for (let near = 0; near < 4; near++) ids.add(detectoidId((product * 3 + near) % detectoids));
  }
  for (let number = 0; number < 60; number++) ids.add(detectoidId((machine + number * 7) % detectoids));
  return (id) => ids.has(id) || id.includes('-4000-8000-000100000000');
}

/** Computer by computer, in the order of the index. The other index is made afterwards: 10 million take a minute. */
async function storeEvents(count: number, ofComputers: number): Promise<void> {
  const { tables, close } = await openDatabase(file);
  const at = Date.now() - 3_600_000;
  await sql`pragma synchronous = off`.execute(tables);
  await sql`drop index reporting_events_by_time`.execute(tables);
  for (let from = 0; from < ofComputers; from += computersPerStatement) {
    await sql`insert into reporting_events (instance_id, computer_id, received_at, time_at_target, namespace_id,
        event_number, source_id, update_id, revision_number, win32_hresult, app_name, replacement_strings, misc_data)
      with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n + 1 < ${count / ofComputers}),
        some (computer_id) as (
          select computer_id from computers order by computer_id limit ${computersPerStatement} offset ${from})
      select printf('%08x-0000-4000-8000-', n * 40000000) || lower(hex(randomblob(6))), computer_id, ${at} + n, ${at}, 1,
        162 + n % 22, 101, printf('00000000-0000-4000-8000-%012x', n % 17000), 200, 0, 'AutomaticUpdatesWuApp',
        '["An update"]', '[]'
      from some, numbers`.execute(tables);
  }
  await sql`create index reporting_events_by_time on reporting_events (received_at)`.execute(tables);
  await close();
}
