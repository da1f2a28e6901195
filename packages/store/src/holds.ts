// Known issues and the emergency stop. Both change what clients are told, so a change is marked as one of deployments.
import { parseUpdateId } from '@moult/catalog';
import type { EmergencyStop, HoldCondition } from '@moult/catalog/holds';
import type { Kysely, Selectable } from 'kysely';
import { recordAudit } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { HoldStore, StoredHold } from './contract/index.ts';
import type { Database } from './database.ts';
import { readUpdateFacts } from './lists/update-facts.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

const stopName = 'emergency-stop';

export function holdStore(database: Database, changes: Changes): HoldStore {
  const { tables, engine } = database;
  return {
    async saveHolds(holds, author) {
      await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        for (const { holdId, effect, says, link, endsAt, condition, source } of holds) {
          const told = { effect, says, link: link ?? null, ends_at: endsAt?.getTime() ?? null };
          const row = { ...told, condition: JSON.stringify(condition), source: source ?? null };
          const before = await holdIn(transaction, holdId);
          await transaction
            .insertInto('holds')
            .values({ ...row, hold_id: holdId, added_by: author.name, added_at: author.at.getTime() })
            .onConflict((conflict) => conflict.column('hold_id').doUpdateSet(row))
            .execute();
          await recordAudit(transaction, author, {
            action: before ? 'change hold' : 'add hold',
            subject: holdId,
            before: before && recorded(toHold(before)),
            after: { effect, says, link, endsAt, condition, source },
          });
        }
        await markChange(transaction, 'deployments');
      });
      changes.announce('deployments');
    },

    async liftHold(holdId, author) {
      const isLifted = await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        const before = await holdIn(transaction, holdId);
        if (!before) return false;
        await transaction.deleteFrom('holds').where('hold_id', '=', holdId).execute();
        const record = { action: 'lift hold', subject: holdId, before: recorded(toHold(before)) };
        await recordAudit(transaction, author, record);
        await markChange(transaction, 'deployments');
        return true;
      });
      if (isLifted) changes.announce('deployments');
      return isLifted;
    },

    listHolds: () => loadHolds(tables),

    async resolveHolds() {
      const holds = await loadHolds(tables);
      const articles = [...new Set(holds.flatMap(({ condition }) => condition.articles))];
      // Articles are read of documents when somebody asks for them first.
      if (articles.length > 0) await readUpdateFacts(database);
      const named = new Map<string, string[]>();
      for (let at = 0; at < articles.length; at += articlesPerQuery) {
        const some = articles.slice(at, at + articlesPerQuery);
        const rows = await tables.selectFrom('update_articles').selectAll().where('article', 'in', some).execute();
        for (const { article, update_id } of rows) named.set(article, [...(named.get(article) ?? []), update_id]);
      }
      return holds.map((hold) => {
        const byArticle = hold.condition.articles.flatMap((article) => named.get(article) ?? []);
        const all = new Set([...hold.condition.updates, ...byArticle.map((id) => parseUpdateId(id))]);
        return { ...hold, heldUpdates: [...all].sort() };
      });
    },

    loadStop: () => stopIn(tables),

    async changeStop(author, decide) {
      const { after, isChanged } = await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        const before = await stopIn(transaction);
        const decided = decide(before);
        if (!decided) return { after: before, isChanged: false };
        const value = decided.after ? JSON.stringify(decided.after) : '';
        await transaction
          .insertInto('configuration')
          .values({ name: stopName, value })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
          .execute();
        const record = { action: decided.action, subject: stopName, before, after: decided.after };
        await recordAudit(transaction, author, record);
        await markChange(transaction, 'deployments');
        return { after: decided.after, isChanged: true };
      });
      if (isChanged) changes.announce('deployments');
      return after;
    },
  };
}

const articlesPerQuery = 500;

function holdIn(tables: Kysely<Tables>, holdId: string) {
  return tables.selectFrom('holds').selectAll().where('hold_id', '=', holdId).executeTakeFirst();
}

async function loadHolds(tables: Kysely<Tables>): Promise<StoredHold[]> {
  const rows = await tables.selectFrom('holds').selectAll().orderBy('added_at').orderBy('hold_id').execute();
  return rows.map(toHold);
}

function toHold(row: Selectable<Tables['holds']>): StoredHold {
  return {
    ...{ holdId: row.hold_id, effect: row.effect === 'advise' ? 'advise' : 'hold', says: row.says },
    ...{ link: row.link ?? undefined, endsAt: row.ends_at === null ? undefined : new Date(row.ends_at) },
    ...{ condition: JSON.parse(row.condition) as HoldCondition, source: row.source ?? undefined },
    ...{ addedBy: row.added_by, addedAt: new Date(row.added_at) },
  };
}

/** As the record has it: its id is the subject. */
function recorded({ holdId: _, addedBy: __, addedAt: ___, ...told }: StoredHold) {
  return told;
}

async function stopIn(tables: Kysely<Tables>): Promise<EmergencyStop | undefined> {
  const row = await tables.selectFrom('configuration').select('value').where('name', '=', stopName).executeTakeFirst();
  if (!row?.value) return undefined;
  const stop = JSON.parse(row.value) as EmergencyStop;
  return { ...stop, until: new Date(stop.until), since: new Date(stop.since) };
}
