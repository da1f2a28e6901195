// Removes computers that did not come back, in small steps along their ids.
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Changes } from './changes.ts';
import { correctLastContact, markChange } from './configuration.ts';
import type { AgeingStep, AgeingStepResult, ComputerLists, ComputerRemoval } from './contract/index.ts';
import type { Database } from './database.ts';
import { loadFigures } from './figures.ts';
import { forgetInRings } from './rings.ts';
import type { Tables } from './schema.ts';
import { earliestStamp } from './stamps.ts';
import { lockComputers, retried, transact } from './transact.ts';

/** Computers that were here for no longer than this were here once. */
const onceMs = 86_400_000;
/** Of one kind, in one step. The rest of a computer's events goes with the others of its age. */
const eventsPerStep = 5_000;
const idsPerStatement = 500;

const stamps = ['first_contact', 'last_contact', 'last_sync', 'last_report', 'registered_at'] as const;
type Seen = Pick<Selectable<Tables['computers']>, 'computer_id' | (typeof stamps)[number]> & { grouped: number };

export function computerAgeingStore(
  database: Database,
  changes: Changes,
): Pick<ComputerRemoval, 'ageComputers'> & Pick<ComputerLists, 'countComputers'> {
  const { tables } = database;
  return {
    async countComputers(): Promise<number> {
      return (await loadFigures(tables)).known;
    },

    async ageComputers(step: AgeingStep): Promise<AgeingStepResult> {
      const seen = await lookAt(tables, step);
      const wrong = seen.filter((one) => isWronglyStamped(one, step.believed?.newest));
      const { believed } = step;
      if (believed && wrong.length > 0) await retried(() => setStamps(database, wrong, believed.now.getTime()));
      const rightly = seen.filter((one) => !wrong.includes(one));
      const strangers = rightly.filter((one) => isStranger(one, step));
      const silent = rightly.filter((one) => !strangers.includes(one) && isSilent(one, step));
      const removed = { strangers: 0, silent: 0 };
      if (strangers.length + silent.length > 0) {
        Object.assign(removed, await retried(() => remove(database, { strangers, silent })));
        changes.announce('computers');
      }
      const isDone = seen.length < step.count;
      if (isDone && believed) await correctLastContact(tables, believed);
      return { ...removed, after: seen.at(-1)?.computer_id ?? step.after, isDone };
    },
  };
}

async function lookAt(tables: Kysely<Tables>, { after, count }: AgeingStep): Promise<Seen[]> {
  const { rows } = await sql<Seen>`
    select computer_id, first_contact, last_contact, registered_at, last_sync, last_report,
      case when exists (select 1 from computer_groups where computer_groups.computer_id = computers.computer_id)
        then 1 else 0 end as grouped
    from computers where computer_id > ${after} order by computer_id limit ${count}`.execute(tables);
  return rows;
}

function isStranger(one: Seen, { strangersBefore, onceBefore, groupsKeep }: AgeingStep): boolean {
  if (one.last_contact - one.first_contact >= onceMs || (groupsKeep && one.grouped === 1)) return false;
  const isAtHome = one.registered_at !== null && one.last_sync !== null;
  const before = isAtHome ? onceBefore : strangersBefore;
  return before !== undefined && one.last_contact < before.getTime();
}

function isSilent(one: Seen, { silentBefore }: AgeingStep): boolean {
  return silentBefore !== undefined && one.last_contact < silentBefore.getTime();
}

function isWrong(stamp: number | null, newest: Date | undefined): boolean {
  return (
    stamp !== null && (Number(stamp) < earliestStamp || Number(stamp) > (newest?.getTime() ?? Number.MAX_SAFE_INTEGER))
  );
}

function isWronglyStamped(one: Seen, newest: Date | undefined): boolean {
  return stamps.some((name) => isWrong(one[name], newest));
}

/**
 * Gives computers that a wrong clock stamped the time of now where it did. One that was here meanwhile keeps its
 * stamps.
 */
function setStamps(database: Database, wrong: readonly Seen[], now: number): Promise<void> {
  return transact(database, async (transaction) => {
    const ids = wrong.map(({ computer_id }) => computer_id);
    await lockComputers(transaction, database.engine, ids);
    for (const name of stamps) {
      for (let start = 0; start < ids.length; start += idsPerStatement) {
        await transaction
          .updateTable('computers')
          .set({ [name]: now })
          .where('computer_id', 'in', ids.slice(start, start + idsPerStatement))
          .where((where) => where.or([where(name, '<', earliestStamp), where(name, '>', now)]))
          .execute();
      }
    }
  });
}

async function remove(
  database: Database,
  { strangers, silent }: { strangers: readonly Seen[]; silent: readonly Seen[] },
): Promise<{ strangers: number; silent: number }> {
  return transact(database, async (transaction) => {
    const all = [...strangers, ...silent].map(({ computer_id }) => computer_id);
    await lockComputers(transaction, database.engine, all);
    const gone = {
      strangers: await removeUnlessBack(transaction, strangers),
      silent: await removeUnlessBack(transaction, silent),
    };
    const ids = [...gone.strangers, ...gone.silent];
    for (let start = 0; start < ids.length; start += idsPerStatement) {
      await removeTraces(transaction, ids.slice(start, start + idsPerStatement));
    }
    await markChange(transaction, 'computers');
    return { strangers: gone.strangers.length, silent: gone.silent.length };
  });
}

/** One that came back since it was looked at stays. */
async function removeUnlessBack(transaction: Kysely<Tables>, computers: readonly Seen[]): Promise<string[]> {
  const gone: string[] = [];
  for (let start = 0; start < computers.length; start += idsPerStatement) {
    const some = computers.slice(start, start + idsPerStatement);
    const newest = Math.max(...some.map(({ last_contact }) => last_contact));
    const rows = await transaction
      .deleteFrom('computers')
      .where(
        'computer_id',
        'in',
        some.map(({ computer_id }) => computer_id),
      )
      .where('last_contact', '<=', newest)
      .returning('computer_id')
      .execute();
    gone.push(...rows.map(({ computer_id }) => computer_id));
  }
  return gone;
}

async function removeTraces(transaction: Kysely<Tables>, ids: readonly string[]): Promise<void> {
  await transaction.deleteFrom('computer_update_status').where('computer_id', 'in', ids).execute();
  await forgetInRings(transaction, ids);
  for (const table of ['reporting_events', 'self_update_events'] as const) {
    const some = transaction.selectFrom(table).select('event_id').where('computer_id', 'in', ids).limit(eventsPerStep);
    await transaction.deleteFrom(table).where('event_id', 'in', some).execute();
  }
}
