// Known issues and the emergency stop. Both change what clients are told, so a change is marked as one of deployments.
import { parseUpdateId } from '@moult/catalog';
import type { EmergencyStop, Hold, HoldCondition } from '@moult/catalog/holds';
import type { Kysely, Selectable } from 'kysely';
import { recordAudit, recordAudits } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange, saveSetting } from './configuration.ts';
import type { Author, HoldStore, StoredHold } from './contract/index.ts';
import type { Database } from './database.ts';
import { readUpdateFacts } from './lists/update-facts.ts';
import { excluded, inPieces } from './prepared.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

const stopName = 'emergency-stop';

export function holdStore(database: Database, changes: Changes): HoldStore {
  const { tables, engine } = database;
  return {
    async changeHolds({ save: saved = [], lift: lifted = [], list }, author) {
      const { gone, isChanged } = await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        await save(transaction, saved, author);
        const found = await lift(transaction, lifted, author);
        if (list) await saveSetting(transaction, list.setting, list.issuedAt);
        const hasChanged = saved.length + found.length > 0;
        if (hasChanged) await markChange(transaction, 'deployments');
        return { gone: found, isChanged: hasChanged };
      });
      if (isChanged) changes.announce('deployments');
      return gone;
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
        await saveSetting(transaction, stopName, value);
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

/** A list has thousands: they are written, and put on record, in pieces. */
async function save(
  transaction: Kysely<Tables>,
  holds: readonly (Hold & { source: string | undefined })[],
  author: Author,
): Promise<void> {
  const before = await holdsIn(
    transaction,
    holds.map(({ holdId }) => holdId),
  );
  const rows = holds.map(({ holdId, effect, says, link, endsAt, condition, source }) => ({
    ...{ hold_id: holdId, effect, says, link: link ?? null, ends_at: endsAt?.getTime() ?? null },
    ...{ condition: JSON.stringify(condition), source: source ?? null },
    ...{ added_by: author.name, added_at: author.at.getTime() },
  }));
  for (const some of inPieces(rows))
    await transaction
      .insertInto('holds')
      .values(some)
      .onConflict((conflict) =>
        conflict.column('hold_id').doUpdateSet(excluded('effect', 'says', 'link', 'ends_at', 'condition', 'source')),
      )
      .execute();
  const records = holds.map(({ holdId, effect, says, link, endsAt, condition, source }) => {
    const was = before.get(holdId);
    return {
      ...{ action: was ? 'change hold' : 'add hold', subject: holdId, before: was && recorded(was) },
      after: { effect, says, link, endsAt, condition, source },
    };
  });
  await recordAudits(transaction, author, records);
}

/** Answers the ids of those that were there. */
async function lift(transaction: Kysely<Tables>, holdIds: readonly string[], author: Author): Promise<string[]> {
  const before = await holdsIn(transaction, holdIds);
  const gone = [...before.keys()];
  for (const some of inPieces(gone)) await transaction.deleteFrom('holds').where('hold_id', 'in', some).execute();
  const records = [...before.values()].map((hold) => {
    return { action: 'lift hold', subject: hold.holdId, before: recorded(hold) };
  });
  await recordAudits(transaction, author, records);
  return gone;
}

async function holdsIn(tables: Kysely<Tables>, holdIds: readonly string[]): Promise<Map<string, StoredHold>> {
  const found = new Map<string, StoredHold>();
  for (const some of inPieces([...new Set(holdIds)])) {
    const rows = await tables.selectFrom('holds').selectAll().where('hold_id', 'in', some).execute();
    for (const row of rows) found.set(row.hold_id, toHold(row));
  }
  return found;
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
