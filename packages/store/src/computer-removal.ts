// Removes a computer with all of its data.
import type { Kysely } from 'kysely';
import { recordAudit } from './audit.ts';
import { beginningOf } from './bounds.ts';
import type { Changes } from './changes.ts';
import { groupNamesOf } from './computer-list.ts';
import { markChange } from './configuration.ts';
import type { Author, ComputerRemoval, RemovedComputer } from './contract/index.ts';
import type { Database } from './database.ts';
import { textBytes } from './declared-bounds.ts';
import { ServerError } from './errors.ts';
import { forgetInRings } from './rings.ts';
import type { Tables } from './schema.ts';
import { lockComputers, retried, transact } from './transact.ts';

/** Others are served between two steps. */
const rowsPerStep = 2000;

export function computerRemovalStore(database: Database, changes: Changes): Pick<ComputerRemoval, 'removeComputer'> {
  const { tables } = database;
  return {
    async removeComputer(computerId: string, author: Author): Promise<RemovedComputer> {
      // Events first and in steps, however many they are: a removal that is interrupted is begun again.
      let events = 0;
      for (;;) {
        const step = await retried(() => removeEvents(tables, computerId));
        events += step;
        if (step < rowsPerStep) break;
      }
      const found = await transact(database, async (transaction) => {
        await lockComputers(transaction, database.engine, [computerId]);
        const computer = await loadComputer(transaction, computerId);
        await transaction.deleteFrom('computers').where('computer_id', '=', computerId).execute();
        const states = await transaction
          .deleteFrom('computer_update_status')
          .where('computer_id', '=', computerId)
          .executeTakeFirst();
        await forgetInRings(transaction, [computerId]);
        // The rows that came since then.
        const removed = events + (await removeEvents(transaction, computerId));
        if (!computer && removed === 0 && Number(states.numDeletedRows) === 0) throw isUnknown(computerId);
        await recordAudit(transaction, author, {
          ...{ action: 'remove computer', subject: computerId },
          before: { ...computer, events: removed },
        });
        await markChange(transaction, 'computers');
        return { dnsName: computer?.dns_name ?? '', events: removed };
      });
      changes.announce('computers');
      return found;
    },
  };
}

/** Answers how many went: rowsPerStep when there may be more. */
async function removeEvents(executor: Kysely<Tables>, computerId: string): Promise<number> {
  let removed = 0;
  for (const table of ['reporting_events', 'self_update_events'] as const) {
    const some = executor
      .selectFrom(table)
      .select('event_id')
      .where('computer_id', '=', computerId)
      .limit(rowsPerStep - removed);
    const result = await executor.deleteFrom(table).where('event_id', 'in', some).executeTakeFirst();
    removed += Number(result.numDeletedRows);
  }
  return removed;
}

async function loadComputer(transaction: Kysely<Tables>, computerId: string) {
  const row = await transaction
    .selectFrom('computers')
    .select(['address', 'agent_version', beginningOf('os_description', textBytes.fact).as('os_description')])
    .select(beginningOf('dns_name', textBytes.name).as('dns_name'))
    .where('computer_id', '=', computerId)
    .executeTakeFirst();
  return row && { ...row, groups: (await groupNamesOf(transaction, [computerId])).get(computerId) ?? [] };
}

function isUnknown(computerId: string): ServerError {
  return new ServerError('SERVER_NOT_FOUND', `There is no computer ${computerId}, and no event of one.`);
}
