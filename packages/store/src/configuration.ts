// Facts about the server itself that outlive each process: its identity, and when its configuration changed.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Configuration, ServerIdentity, Topic } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { type DatabaseClock, databaseTime, takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

export function configurationStore(database: Database, clock: DatabaseClock): Omit<Configuration, 'loadNewestTime'> {
  const { tables, engine } = database;
  const marks = sql<{ name: string; value: number }>`select name, value from counters where name like 'change:%'`;
  // PostgreSQL says with them what time it is: that costs nothing beside the question.
  const generations =
    engine === 'sqlite'
      ? marks
      : sql<{ name: string; value: number }>`${marks}
    union all select ${sql.lit(timeName)}, ${databaseTime}`;
  return {
    async loadSetting(name: string): Promise<string | undefined> {
      return loadSetting(tables, name);
    },

    async loadSettings(prefix: string): Promise<Map<string, string>> {
      const rows = await tables
        .selectFrom('configuration')
        .selectAll()
        .where(({ fn, val }) => fn('substr', ['name', val(1), val(prefix.length)]), '=', prefix)
        .orderBy('name')
        .execute();
      return new Map(rows.map(({ name, value }) => [name, value]));
    },

    async saveSetting(name: string, value: string): Promise<void> {
      await saveSetting(tables, name, value);
    },

    async changeSetting(name, decide): Promise<boolean> {
      return transact(database, async (transaction) => {
        // SQLite has one writer at a time. PostgreSQL locks the row.
        const row = transaction.selectFrom('configuration').select('value').where('name', '=', name);
        const found = await (engine === 'sqlite' ? row : row.forUpdate()).executeTakeFirst();
        const after = decide(found?.value);
        if (after === undefined) return false;
        if (after === null) await transaction.deleteFrom('configuration').where('name', '=', name).execute();
        else await saveSetting(transaction, name, after);
        return true;
      });
    },

    async listAcceptedTerms(): Promise<string[]> {
      const rows = await tables
        .selectFrom('configuration')
        .select('name')
        .where('name', 'like', `${acceptedTerms}%`)
        .execute();
      const ids = rows.map(({ name }) => name.slice(acceptedTerms.length).split(':', 1)[0] ?? '');
      return [...new Set(ids)].sort();
    },

    async loadServerIdentity(told: string, now: Date): Promise<ServerIdentity> {
      return transact(database, async (transaction) => {
        // Servers that start at the same moment must not each make an identity.
        const stamp = await takeStamp(transaction, engine, now.getTime());
        let serverId = await loadSetting(transaction, 'server-id');
        if (serverId === undefined) {
          serverId = randomUUID();
          await saveSetting(transaction, 'server-id', serverId);
        }
        let lastChange = await loadSetting(transaction, 'last-change');
        if (lastChange === undefined || (await loadSetting(transaction, 'told')) !== told) {
          // Two changes within a second are two changes.
          const earliest = lastChange === undefined ? 0 : wholeSecond(Date.parse(lastChange)) + 1000;
          lastChange = new Date(Math.max(wholeSecond(stamp), earliest)).toISOString();
          await saveSetting(transaction, 'told', told);
          await saveSetting(transaction, 'last-change', lastChange);
          await markChange(transaction, 'configuration');
        }
        return { serverId, lastChange: new Date(wholeSecond(Date.parse(lastChange))) };
      });
    },

    async reloadServerIdentity(): Promise<Partial<ServerIdentity>> {
      const serverId = await loadSetting(tables, 'server-id');
      const lastChange = await loadSetting(tables, 'last-change');
      return {
        ...(serverId && { serverId }),
        ...(lastChange && { lastChange: new Date(wholeSecond(Date.parse(lastChange))) }),
      };
    },

    async loadGenerations(): Promise<Map<Topic, number>> {
      const { rows } = await generations.execute(tables);
      const time = rows.find(({ name }) => name === timeName);
      if (time) clock.note(Number(time.value));
      const changes = rows.filter(({ name }) => name !== timeName);
      return new Map(changes.map(({ name, value }) => [name.slice('change:'.length) as Topic, Number(value)]));
    },

    now: () => clock.now(),
  };
}

/** Before the id of the terms, in the name of the setting. */
export const acceptedTerms = 'license-accepted:';

/** A time in milliseconds, cut to the second: as LastChange is told, and compared with what clients give back. */
export function wholeSecond(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

const timeName = 'time';

const lastContactName = 'last-contact';

/**
 * The newest contact of any computer. Last in its transaction: all who note contacts wait for this row. Never goes
 * back.
 */
export async function noteLastContact(transaction: Kysely<Tables>, at: number): Promise<void> {
  await sql`insert into configuration (name, value) values (${lastContactName}, ${String(at)})
    on conflict (name) do update set value = case
      when cast(excluded.value as bigint) > cast(configuration.value as bigint) then excluded.value
      else configuration.value end`.execute(transaction);
}

/** A contact later than any that is believed was noted by a wrong clock. */
export async function correctLastContact(tables: Kysely<Tables>, { now, newest }: { now: Date; newest: Date }) {
  await sql`update configuration set value = ${String(now.getTime())}
    where name = ${lastContactName} and cast(value as bigint) > ${newest.getTime()}`.execute(tables);
}

/** In milliseconds since 1970. 0 if no computer was here. */
export async function loadLastContact(tables: Kysely<Tables>): Promise<number> {
  return Number((await loadSetting(tables, lastContactName)) ?? 0);
}

/** Marks a change of `topic` inside the transaction that makes it, for every process that watches. */
export async function markChange(transaction: Kysely<Tables>, topic: Topic): Promise<void> {
  await transaction
    .insertInto('counters')
    .values({ name: `change:${topic}`, value: 1 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql`counters.value + 1` }))
    .execute();
}

async function loadSetting(tables: Kysely<Tables>, name: string): Promise<string | undefined> {
  const row = await tables.selectFrom('configuration').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value;
}

export async function saveSetting(tables: Kysely<Tables>, name: string, value: string): Promise<void> {
  await tables
    .insertInto('configuration')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}
