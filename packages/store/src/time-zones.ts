// Time zones of groups: what a time of day in a deadline means for their computers.
import { recordAudit } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Author, RuleStore } from './contract/index.ts';
import type { Database } from './database.ts';
import { ServerError } from './errors.ts';
import { transact } from './transact.ts';

export function timeZoneStore(database: Database, changes: Changes): Pick<RuleStore, 'loadTimeZones' | 'setTimeZone'> {
  const { tables } = database;
  return {
    async loadTimeZones(): Promise<Map<string, string>> {
      const rows = await tables.selectFrom('group_zones').selectAll().execute();
      return new Map(rows.map(({ group_id, time_zone }) => [group_id, time_zone]));
    },

    async setTimeZone(nameOrId: string, timeZone: string | undefined, author: Author): Promise<void> {
      const key = nameOrId.trim().toLowerCase();
      await transact(database, async (transaction) => {
        const group = await transaction
          .selectFrom('target_groups')
          .select('group_id')
          .where((where) => where.or([where('name_key', '=', key), where('group_id', '=', key)]))
          .executeTakeFirst();
        if (!group) throw new ServerError('SERVER_NOT_FOUND', `There is no group "${nameOrId}".`);
        const before = await transaction
          .selectFrom('group_zones')
          .select('time_zone')
          .where('group_id', '=', group.group_id)
          .executeTakeFirst();
        await transaction.deleteFrom('group_zones').where('group_id', '=', group.group_id).execute();
        if (timeZone !== undefined)
          await transaction
            .insertInto('group_zones')
            .values({ group_id: group.group_id, time_zone: timeZone })
            .execute();
        await recordAudit(transaction, author, {
          action: 'set time zone of group',
          subject: group.group_id,
          before: { timeZone: before?.time_zone },
          after: { timeZone },
        });
        await markChange(transaction, 'groups');
      });
      changes.announce('groups');
    },
  };
}
