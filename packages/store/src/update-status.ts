// The state of updates on computers, derived from events as real WSUS does (seen in captures): a status report (156)
// replaces everything known of its computer. A failed installation (182) counts at once. Everything else changes
// nothing until the next status report.
import { eventNumbers } from '@moult/protocol/reporting';
import { type Kysely, sql } from 'kysely';
import type { StoreBounds } from './bounds.ts';
import type { ReportedEvent, UpdateState } from './contract/index.ts';
import type { Engine } from './database.ts';
import { prepare } from './prepared.ts';
import type { Tables } from './schema.ts';

/** The numbers that the tables hold. The first two have no rows: lists/states.ts tells them apart. */
export const updateStates = {
  unknown: 0,
  notApplicable: 1,
  notInstalled: 2,
  downloaded: 3,
  installed: 4,
  failed: 5,
  pendingReboot: 6,
} as const satisfies Record<UpdateState, number>;

const { statusOfUpdates, installFailed } = eventNumbers;

/** Lists of a status report, weakest first: an update in several is in the state of the last. */
const lists: readonly (readonly [tag: string, state: UpdateState])[] = [
  ['U', 'notInstalled'],
  ['h', 'downloaded'],
  ['g', 'failed'],
  ['W', 'pendingReboot'],
  ['V', 'installed'],
];

/** Only these say something about the state of updates. */
export function changesStates({ eventNumber }: ReportedEvent): boolean {
  return eventNumber === statusOfUpdates || eventNumber === installFailed;
}

interface Circumstances extends Pick<StoreBounds, 'statesPerComputer'> {
  receivedAt: Date;
}

/**
 * Applies new events in the order of their time, within the transaction that stores them. Of one computer no more
 * states are kept than the bound says: those of a report that come first in it.
 */
export async function applyEvents(
  transaction: Kysely<Tables>,
  statements: UpdateStatusStatements,
  events: readonly ReportedEvent[],
  circumstances: Circumstances,
): Promise<void> {
  const relevant = events.filter(changesStates);
  // Computer → states that may still be added. Counted once for many failures.
  const rooms = new Map<string, number>();
  for (const event of relevant.sort((a, b) => a.timeAtTarget.getTime() - b.timeAtTarget.getTime())) {
    const { computerId } = event;
    if (event.eventNumber === statusOfUpdates) {
      await replaceStates(transaction, statements, event, circumstances);
      rooms.delete(computerId);
      continue;
    }
    const room =
      rooms.get(computerId) ?? circumstances.statesPerComputer - (await countStates(transaction, computerId));
    rooms.set(computerId, room - Number(await markFailed(transaction, event, room > 0)));
  }
}

async function countStates(transaction: Kysely<Tables>, computerId: string): Promise<number> {
  const { count } = await transaction
    .selectFrom('computer_update_status')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('computer_id', '=', computerId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Update id → state, out of the `tag=id;id` strings of a status report. */
function statesIn(miscData: readonly string[]): Map<string, UpdateState> {
  const states = new Map<string, UpdateState>();
  for (const [tag, state] of lists) {
    for (const line of miscData) {
      if (!line.startsWith(`${tag}=`)) continue;
      for (const id of line.slice(tag.length + 1).split(';')) {
        const bare = id.trim().toLowerCase();
        if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(bare)) states.set(bare, state);
      }
    }
  }
  return states;
}

type UpdateStatusStatements = ReturnType<typeof updateStatusStatements>;

/** The statements of each status report. */
export function updateStatusStatements(tables: Kysely<Tables>, engine: Engine) {
  // One text instead of hundreds of rows: most of them only say that nothing changed.
  const joined = sql.raw(engine === 'sqlite' ? 'group_concat' : 'string_agg');
  return {
    loadStates: prepare([''], (computerId) =>
      tables
        .selectFrom('computer_update_status')
        .select(sql<string | null>`${joined}(update_id || '=' || state, ';')`.as('states'))
        .where('computer_id', '=', computerId),
    ),

    noteScan: prepare([0, ''] as [at: number, computerId: string], (at, computerId) =>
      tables.updateTable('computers').set({ scanned_at: at }).where('computer_id', '=', computerId),
    ),
  };
}

/** Update id → number of its state, out of what loadStates answers. */
function statesKnown(joined: string | null | undefined): Map<string, number> {
  const states = new Map<string, number>();
  if (!joined) return states;
  for (const one of joined.split(';')) {
    const end = one.lastIndexOf('=');
    states.set(one.slice(0, end), Number(one.slice(end + 1)));
  }
  return states;
}

async function replaceStates(
  transaction: Kysely<Tables>,
  statements: UpdateStatusStatements,
  { computerId, miscData, timeAtTarget }: ReportedEvent,
  { statesPerComputer, receivedAt }: Circumstances,
): Promise<void> {
  // By the earlier clock: one that is ahead has not seen what came after its report. It goes with the states, also
  // back.
  await statements.noteScan(transaction, Math.min(timeAtTarget.getTime(), receivedAt.getTime()), computerId);
  const reported = new Map([...statesIn(miscData)].slice(0, statesPerComputer));
  const { rows } = await statements.loadStates(transaction, computerId);
  const before = statesKnown(rows[0]?.states);
  const gone = [...before.keys()].filter((id) => !reported.has(id));
  for (let start = 0; start < gone.length; start += idsPerStatement) {
    await transaction
      .deleteFrom('computer_update_status')
      .where('computer_id', '=', computerId)
      .where('update_id', 'in', gone.slice(start, start + idsPerStatement))
      .execute();
  }
  // Most reports repeat the one before: only what differs is written.
  const differing = [...reported].filter(([id, state]) => before.get(id) !== updateStates[state]);
  const others = await idsOfNoUpdates(
    transaction,
    differing.map(([id]) => id),
  );
  const changed = differing.filter(([id]) => !others.has(id));
  for (let start = 0; start < changed.length; start += idsPerStatement) {
    const rows = changed
      .slice(start, start + idsPerStatement)
      .map(([id, state]) => rowOf(computerId, id, state, timeAtTarget));
    await transaction
      .insertInto('computer_update_status')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(['computer_id', 'update_id']).doUpdateSet(({ ref }) => ({
          state: ref('excluded.state'),
          changed_at: ref('excluded.changed_at'),
        })),
      )
      .execute();
  }
}

/**
 * Categories, detectoids and parts of bundles have no states: whatever a client says of them, no administrator decides
 * on them. An id that the catalog does not know may be that of an update.
 */
async function idsOfNoUpdates(transaction: Kysely<Tables>, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let start = 0; start < ids.length; start += idsPerStatement) {
    const some = sql.join(ids.slice(start, start + idsPerStatement));
    const { rows } = await sql<{ update_id: string }>`
      select update_id from revision_summaries
      where update_id in (${some}) and update_type in ('Category', 'Detectoid')
      union all select update_id from update_titles where update_id in (${some}) and is_listed = 0`.execute(
      transaction,
    );
    for (const { update_id } of rows) found.add(update_id);
  }
  return found;
}

/** Answers whether a state was added. Without room for one, only what is known already is marked. */
async function markFailed(
  transaction: Kysely<Tables>,
  { computerId, updateId, timeAtTarget }: ReportedEvent,
  hasRoom: boolean,
): Promise<boolean> {
  if (updateId === undefined || (await idsOfNoUpdates(transaction, [updateId])).size > 0) return false;
  const row = rowOf(computerId, updateId, 'failed', timeAtTarget);
  const { numUpdatedRows } = await transaction
    .updateTable('computer_update_status')
    .set({ state: row.state, changed_at: row.changed_at })
    .where('computer_id', '=', computerId)
    .where('update_id', '=', updateId)
    .executeTakeFirstOrThrow();
  if (Number(numUpdatedRows) > 0 || !hasRoom) return false;
  await transaction
    .insertInto('computer_update_status')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['computer_id', 'update_id']).doUpdateSet({ state: row.state, changed_at: row.changed_at }),
    )
    .execute();
  return true;
}

const idsPerStatement = 500;

function rowOf(computerId: string, updateId: string, state: UpdateState, at: Date) {
  return { computer_id: computerId, update_id: updateId, state: updateStates[state], changed_at: at.getTime() };
}
