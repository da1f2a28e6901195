// A server with 20,000 computers and 3,000 updates or more, written by the database itself: clients need hours to report so
// much.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../packages/store/src/database.ts';
import type { Tables } from '../../packages/store/src/schema.ts';

type Sizes = Record<'computers' | 'updates' | 'groups' | 'statesPerComputer' | 'eventsPerComputer', number>;

export const filled: Sizes = {
  ...{ computers: 20_000, updates: 3000, groups: 100, statesPerComputer: 60, eventsPerComputer: 10 },
};

/** The ids of row `n`, as text of SQL. */
const idOf = (mark: string, number: string) =>
  `('${mark}' || substr('0000000' || (${number}), -7) || '-5601-43c9-bac3-52d5db701494')`;
const ids = {
  computer: (number: string) => idOf('c', number),
  update: (number: string) => idOf('a', number),
  group: (number: string) => idOf('d', number),
  category: (number: string) => idOf('e', number),
};

export const updateId = 'a0000007-5601-43c9-bac3-52d5db701494';

/** Fills an empty, migrated database. `at`: the time of the newest events, in milliseconds. */
export async function fill(database: Database, at: number, sizes: Sizes = filled): Promise<void> {
  const { engine, tables } = database;
  const id = (text: string) =>
    engine === 'sqlite' ? text : text.replaceAll('substr(', 'right(').replaceAll(', -7)', ', 7)');
  const bytes = (text: string) => (engine === 'sqlite' ? `cast(${text} as blob)` : `convert_to(${text}, 'UTF8')`);
  const days = 'cast(86400000 as bigint)';
  await tables.transaction().execute(async (transaction: Kysely<Tables>) => {
    const inside = (statement: string) => sql.raw(id(statement)).execute(transaction);
    await inside(`insert into target_groups (group_id, name, name_key, parent_id, created_at)
      select ${ids.group('n')}, 'Group ' || n, 'group ' || n, (select group_id from target_groups where parent_id is null), 0
      from (${numbers(sizes.groups)}) as numbers`);
    await inside(`insert into computers (computer_id, dns_name, address, requested_groups, agent_generation, agent_version,
        os_version, os_name, os_description, registration, first_contact, last_contact, last_sync, last_report, scanned_at)
      select ${ids.computer('n')}, 'pc-' || n || '.example.test', '10.0.' || (n / 250) || '.' || (n % 250), '',
        case when n % 20 = 0 then 'sus' else 'wsus' end, '10.0.' || (n % 40), '10.0.' || (n % 9),
        'Windows ' || (n % 9), 'Windows', '{"text":"' || '${'x'.repeat(900)}' || '"}', 0,
        ${at} - (n % 60) * ${days}, ${at}, ${at}, ${at} from (${numbers(sizes.computers)}) as numbers`);
    await inside(`insert into computer_groups (computer_id, group_id)
      select ${ids.computer('n')}, ${ids.group(`n % ${sizes.groups} + 1`)} from (${numbers(sizes.computers)}) as numbers
      where n % 10 > 0`);
    await inside(`insert into updates (update_id, is_declined, changed_at)
      select ${ids.update('n')}, case when n % 30 = 0 then 1 else 0 end, 0 from (${numbers(sizes.updates)}) as numbers
      union all select ${ids.category('n')}, 0, 0 from (${numbers(40)}) as numbers`);
    await inside(`insert into revisions (update_id, revision_number, update_type, category_type, title, document,
        document_bytes, core, extended, imported_at)
      select ${ids.category('n')}, 1, 'Category', case when n <= 8 then 'UpdateClassification' else 'Product' end,
        case when n <= 8 then 'Classification ' else 'Product ' end || n, ${bytes("'<a/>'")}, 4, ${bytes("'<a/>'")},
        ${bytes("'<a/>'")}, 1 from (${numbers(40)}) as numbers`);
    await inside(`insert into revisions (update_id, revision_number, update_type, category_type, title, document,
        document_bytes, core, extended, imported_at)
      select ${ids.update('n')}, 1, 'Software', null,
        '2026-' || (n % 12) || ' Security Update for Product ' || (n % 32) || ' (KB' || (5000000 + n) || ')',
        ${bytes("'<a/>'")}, 4, ${bytes("'<a/>'")}, ${bytes(
          `'<ExtendedProperties MsrcSeverity="Critical"><KBArticleID>' || (5000000 + n) || '</KBArticleID></ExtendedProperties>'`,
        )}, ${at} - (n % 900) * ${days} from (${numbers(sizes.updates)}) as numbers`);
    await inside(`insert into revision_summaries (revision_id, update_id, revision_number, update_type, category_type,
        imported_at, explicitly_deployable, is_expired, clauses, more)
      select revision_id, update_id, 1, update_type, category_type, imported_at, 1, 0,
        case when update_type = 'Category' then '' else
          '+' || ${ids.category('revision_id % 8 + 1')} || ';+' || ${ids.category('revision_id % 32 + 9')} end, null
      from revisions`);
    await inside(`insert into deployments (update_id, group_id, action, deadline, created_at, changed_at, administrator)
      select ${ids.update('n')}, ${ids.group(`n % ${sizes.groups} + 1`)}, 'Install', null, 0, 0, 'bench'
      from (${numbers(1500)}) as numbers`);
    // 30 needed, 2 failed, the rest installed, on different computers different ones.
    await inside(`insert into computer_update_status (computer_id, update_id, state, changed_at)
      select ${ids.computer('numbers.n')}, ${ids.update(`(numbers.n * 7 + other.n) % ${sizes.updates} + 1`)},
        case when other.n <= 30 then 2 when other.n <= 32 then 5 else 4 end, ${at}
      from (${numbers(sizes.computers)}) as numbers, (${numbers(sizes.statesPerComputer)}) as other`);
    await inside(`insert into reporting_events (instance_id, computer_id, received_at, time_at_target, namespace_id,
        event_number, source_id, update_id, revision_number, win32_hresult, app_name, replacement_strings, misc_data)
      select 'i' || numbers.n || '-' || other.n, ${ids.computer('numbers.n')}, ${at}, ${at}, 1,
        case when (numbers.n + other.n) % 100 = 0 then 182 else 183 end, 101, ${ids.update(`numbers.n % ${sizes.updates} + 1`)},
        1, case when (numbers.n + other.n) % 100 = 0 then -1 else 0 end, '', '["text"]', '[]'
      from (${numbers(sizes.eventsPerComputer)}) as other, (${numbers(sizes.computers)}) as numbers`);
    await inside(`insert into audit (occurred_at, actor, action, subject)
      select n, 'bench', 'approve update', ${ids.update(`n % ${sizes.updates} + 1`)} from (${numbers(20_000)}) as numbers`);
  });
}

/** As an administrator does now and then. It comes after sort keys and facts are filled: a database that knows them empty plans badly. */
export async function analyze({ engine, tables }: Database): Promise<void> {
  await sql.raw(engine === 'sqlite' ? 'analyze' : 'vacuum analyze').execute(tables);
  // Such a log comes of one transaction that writes a million rows. Those of a server are short.
  if (engine === 'sqlite') await sql`pragma wal_checkpoint(truncate)`.execute(tables);
}

function numbers(most: number): string {
  return `with recursive counted (n) as (select 1 union all select n + 1 from counted where n < ${most}) select n from counted`;
}
