// Revisions between an upstream's list and the catalog: wanted, staged, failed. Activation moves all that is staged into the
// catalog in one transaction.
import type { UpdateIdentity } from '@moult/catalog';
import { type Kysely, sql } from 'kysely';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type {
  ActivatedSync,
  OwnedSync,
  PackedRevision,
  StagedBatch,
  SyncAnchor,
  SyncAnchors,
  SyncFailure,
  SyncListName,
  SyncRevisions,
  UpstreamDecisions,
} from './contract/index.ts';
import type { Database } from './database.ts';
import { syncBounds } from './declared-bounds.ts';
import { takeOffExpiredIn } from './expired-updates.ts';
import { noteFileKeysIn } from './file-keys.ts';
import { insertRevisions } from './insert-revisions.ts';
import { packRevision } from './packing.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { ownRun, requireOwn, toAnchors } from './sync-runs.ts';
import { transact } from './transact.ts';
import { takeFromUpstream } from './upstream-decisions.ts';
import { removedNames, wantRemoved } from './wanted-again.ts';

type FoundList = SyncAnchor & { identities: readonly UpdateIdentity[] };

export function syncRevisionStore(database: Database, changes: Changes): SyncRevisions {
  const { tables, engine } = database;
  return {
    async loadSyncLists({ runId }: OwnedSync): Promise<SyncAnchors> {
      const query = tables.selectFrom('sync_lists').select(['list', 'anchor', 'filter']);
      return toAnchors(await query.where('run_id', '=', runId).execute());
    },

    async noteSyncList(own: OwnedSync, list: SyncListName | 'configuration', found: FoundList): Promise<void> {
      await transact(database, async (transaction) => {
        await requireOwn(transaction, own);
        if (list !== 'configuration') await noteWanted(transaction, list, found.identities);
        const filter = found.filter ? JSON.stringify(found.filter) : null;
        const known = { anchor: found.anchor, filter };
        await transaction
          .insertInto('sync_lists')
          .values({ run_id: own.runId, list, ...known })
          .onConflict((conflict) => conflict.columns(['run_id', 'list']).doUpdateSet(known))
          .execute();
        const listed = await countIn(transaction, ['wanted', 'staged']);
        await ownRun(transaction, own).set({ listed }).execute();
      });
    },

    async loadWanted(after: number, limit: number) {
      const rows = await tables
        .selectFrom('sync_revisions')
        .select(['position', 'list', 'update_id', 'revision_number'])
        .where('state', '=', 'wanted')
        .where('position', '>', after)
        .orderBy('position')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        position: Number(row.position),
        list: row.list as SyncListName,
        identity: { updateId: row.update_id as UpdateIdentity['updateId'], revisionNumber: row.revision_number },
      }));
    },

    async stageSync(own: OwnedSync, { failures, sources, keys, calls, bytes, ...batch }: StagedBatch): Promise<void> {
      const revisions = await Promise.all(batch.revisions.map(packRevision));
      await transact(database, async (transaction) => {
        await requireOwn(transaction, own);
        for (const revision of revisions) await stage(transaction, revision);
        await wantRemoved(transaction, revisions);
        for (const failure of failures) await noteFailure(transaction, failure);
        await noteSources(transaction, sources);
        await noteFileKeysIn(transaction, keys ?? []);
        await ownRun(transaction, own)
          .set({
            fetched: sql`fetched + ${revisions.length}`,
            failed: sql`failed + ${failures.length}`,
            calls: sql`calls + ${calls}`,
            bytes: sql`bytes + ${bytes}`,
          })
          .execute();
      });
    },

    async activateSync(own: OwnedSync, now: Date, decisions?: UpstreamDecisions): Promise<ActivatedSync> {
      const done = await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, now.getTime());
        await requireOwn(transaction, own);
        const updateIds = await moveStaged({ transaction, engine }, stamp);
        const author = { name: 'synchronisation', at: now };
        const expired = await takeOffExpiredIn(transaction, { author, stamp, updateIds });
        const upstream = await upstreamOf(transaction, own.runId);
        const from = { author: { name: `upstream ${upstream}`, at: now }, stamp, upstream };
        const taken = decisions && (await takeFromUpstream(transaction, decisions, from));
        if (decisions) await noteAnchor(transaction, own.runId, 'deployments', decisions.anchor);
        await keepAnchors(transaction, own.runId, now);
        const added = updateIds.length;
        const ended = { state: 'done' as const, step: 'end', ended_at: now.getTime(), lease_until: 0, added };
        await ownRun(transaction, own).set(ended).execute();
        if (added > 0) await markChange(transaction, 'updates');
        return { added, expired, taken };
      });
      if (done.added > 0) changes.announce('updates');
      if (done.taken) for (const topic of ['groups', 'computers'] as const) changes.announce(topic);
      if (done.taken || done.expired.length > 0) changes.announce('deployments');
      return done;
    },

    async countSyncRevisions() {
      const rows = await tables
        .selectFrom('sync_revisions')
        .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
        .groupBy('state')
        .execute();
      const of = (name: string) => Number(rows.find(({ state }) => state === name)?.count ?? 0);
      return { wanted: of('wanted'), staged: of('staged'), failed: of('failed') };
    },

    async listSyncFailures(limit: number): Promise<SyncFailure[]> {
      const rows = await tables
        .selectFrom('sync_revisions')
        .select(['update_id', 'revision_number', 'error_code', 'error_message', 'attempts'])
        .where('attempts', '>', 0)
        .orderBy('position')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        updateId: row.update_id as UpdateIdentity['updateId'],
        revisionNumber: row.revision_number,
        ...{ code: row.error_code ?? '', message: row.error_message ?? '', attempts: row.attempts },
      }));
    },

    async findContentSources(sha1s: readonly string[]): Promise<Map<string, string>> {
      const found = new Map<string, string>();
      for (let at = 0; at < sha1s.length; at += idsPerQuery) {
        const some = sha1s.slice(at, at + idsPerQuery);
        const rows = await tables.selectFrom('content_sources').selectAll().where('sha1', 'in', some).execute();
        for (const { sha1, url } of rows) found.set(sha1, url);
      }
      return found;
    },

    async noteContentSources(sources: StagedBatch['sources']): Promise<void> {
      await transact(database, (transaction) => noteSources(transaction, sources));
    },
  };
}

async function noteSources(transaction: Kysely<Tables>, sources: StagedBatch['sources']): Promise<void> {
  for (const { sha1, url } of sources) {
    const query = transaction.insertInto('content_sources').values({ sha1, url });
    await query.onConflict((conflict) => conflict.column('sha1').doUpdateSet({ url })).execute();
  }
}

const idsPerQuery = 500;

/** Positions of the list of updates come behind all of the configuration. */
const firstPosition = { config: 0, updates: 1_000_000_000 } as const;

async function noteWanted(
  transaction: Kysely<Tables>,
  list: SyncListName,
  identities: readonly UpdateIdentity[],
): Promise<void> {
  await transaction
    .deleteFrom('sync_revisions')
    .where('list', '=', list)
    .where('attempts', '=', 0)
    .where('state', '=', 'wanted')
    .execute();
  const named = new Map(identities.map((identity) => [nameOf(identity), identity]));
  await dropUnlisted(transaction, list, named);
  const known = await knownNames(transaction, identities);
  for (const name of await removedNames(transaction, identities)) known.add(name);
  const last = await lastPosition(transaction, list);
  const rows = [...named]
    .map(([name, { updateId, revisionNumber }], at) => ({
      ...{ update_id: updateId, revision_number: revisionNumber, list, position: last + at + 1 },
      ...{ state: 'wanted', attempts: 0, isKnown: known.has(name) },
    }))
    .filter(({ isKnown }) => !isKnown)
    .map(({ isKnown: _, ...row }) => row);
  const rowsPerInsert = 100;
  for (let at = 0; at < rows.length; at += rowsPerInsert) {
    await transaction
      .insertInto('sync_revisions')
      .values(rows.slice(at, at + rowsPerInsert))
      .onConflict((conflict) =>
        conflict.columns(['update_id', 'revision_number']).doUpdateSet({
          position: sql`excluded.position`,
          state: sql`case when sync_revisions.state = 'failed' then 'wanted' else sync_revisions.state end`,
        }),
      )
      .execute();
  }
}

/**
 * The last position of a list. Each revision has a place of its own: reading in pieces loses one of two in one place.
 */
async function lastPosition(transaction: Kysely<Tables>, list: SyncListName): Promise<number> {
  const row = await transaction
    .selectFrom('sync_revisions')
    .select(({ fn }) => fn.max('position').as('last'))
    .where('list', '=', list)
    .executeTakeFirst();
  return Number(row?.last ?? firstPosition[list]);
}

/** Documents that were staged for an answer of before, and are in this one no more: other products were chosen meanwhile. */
async function dropUnlisted(
  transaction: Kysely<Tables>,
  list: SyncListName,
  named: ReadonlyMap<string, UpdateIdentity>,
): Promise<void> {
  const staged = await transaction
    .selectFrom('sync_revisions')
    .select(['update_id', 'revision_number'])
    .where('list', '=', list)
    .where('state', '=', 'staged')
    .where('attempts', '=', 0)
    .execute();
  for (const { update_id, revision_number } of staged) {
    if (named.has(`${update_id}@${revision_number}`)) continue;
    await transaction
      .deleteFrom('sync_revisions')
      .where('update_id', '=', update_id)
      .where('revision_number', '=', revision_number)
      .execute();
  }
}

async function knownNames(transaction: Kysely<Tables>, identities: readonly UpdateIdentity[]): Promise<Set<string>> {
  const known = new Set<string>();
  const ids = [...new Set(identities.map(({ updateId }) => updateId))];
  for (let at = 0; at < ids.length; at += idsPerQuery) {
    const query = transaction.selectFrom('revision_summaries').select(['update_id', 'revision_number']);
    const rows = await query.where('update_id', 'in', ids.slice(at, at + idsPerQuery)).execute();
    for (const { update_id, revision_number } of rows) known.add(`${update_id}@${revision_number}`);
  }
  return known;
}

async function stage(transaction: Kysely<Tables>, revision: PackedRevision): Promise<void> {
  const { document, documentBytes, core, extended, ...facts } = revision;
  await transaction
    .updateTable('sync_revisions')
    .set({
      ...{ state: 'staged', facts: JSON.stringify(facts), document, document_bytes: documentBytes, core, extended },
      ...{ error_code: null, error_message: null },
    })
    .where('update_id', '=', revision.updateId)
    .where('revision_number', '=', revision.revisionNumber)
    .execute();
}

async function noteFailure(
  transaction: Kysely<Tables>,
  { updateId, revisionNumber, code, message }: StagedBatch['failures'][number],
): Promise<void> {
  const told = message.slice(0, syncBounds.messageCharacters).replaceAll('\0', '\ufffd');
  await transaction
    .updateTable('sync_revisions')
    .set({ state: 'failed', attempts: sql`attempts + 1`, error_code: code, error_message: told })
    .where('update_id', '=', updateId)
    .where('revision_number', '=', revisionNumber)
    .where('state', '=', 'wanted')
    .execute();
}

interface Inside {
  transaction: Kysely<Tables>;
  engine: Database['engine'];
}

/** Into the catalog, in the order of the lists. Answers the updates of new revisions, one entry for each. */
async function moveStaged(inside: Inside, stamp: number): Promise<string[]> {
  const { transaction } = inside;
  const updateIds: string[] = [];
  // As many as one large document allows beside it.
  const rowsPerStep = 50;
  for (let after = 0; ; ) {
    const rows = await transaction
      .selectFrom('sync_revisions')
      .selectAll()
      .where('state', '=', 'staged')
      .where('position', '>', after)
      .orderBy('position')
      .limit(rowsPerStep)
      .execute();
    const packed = rows.map(toPacked);
    const results = await insertRevisions(inside, packed, stamp);
    updateIds.push(...packed.filter((_, at) => results[at]?.isNew).map(({ updateId }) => updateId));
    after = Number(rows.at(-1)?.position ?? after);
    if (rows.length < rowsPerStep) break;
  }
  await transaction.deleteFrom('sync_revisions').where('state', '=', 'staged').execute();
  return updateIds;
}

function toPacked(row: Tables['sync_revisions']): PackedRevision {
  const facts = JSON.parse(row.facts ?? '{}') as Omit<
    PackedRevision,
    'document' | 'documentBytes' | 'core' | 'extended'
  >;
  const files = facts.files.map((file) => ({ ...file, modifiedAt: file.modifiedAt && new Date(file.modifiedAt) }));
  const [document, core, extended] = [row.document, row.core, row.extended].map((bytes) => bytes ?? new Uint8Array());
  return {
    ...{ ...facts, files, documentBytes: Number(row.document_bytes ?? 0) },
    ...{
      document: document ?? new Uint8Array(),
      core: core ?? new Uint8Array(),
      extended: extended ?? new Uint8Array(),
    },
  };
}

async function upstreamOf(transaction: Kysely<Tables>, runId: number): Promise<string> {
  const run = transaction.selectFrom('sync_runs').select('upstream').where('run_id', '=', runId);
  return (await run.executeTakeFirstOrThrow()).upstream;
}

async function noteAnchor(transaction: Kysely<Tables>, runId: number, list: string, anchor: string): Promise<void> {
  const known = { anchor, filter: null };
  await transaction
    .insertInto('sync_lists')
    .values({ run_id: runId, list, ...known })
    .onConflict((conflict) => conflict.columns(['run_id', 'list']).doUpdateSet(known))
    .execute();
}

async function keepAnchors(transaction: Kysely<Tables>, runId: number, now: Date): Promise<void> {
  const upstream = await upstreamOf(transaction, runId);
  const lists = await transaction.selectFrom('sync_lists').selectAll().where('run_id', '=', runId).execute();
  for (const { list, anchor, filter } of lists) {
    const known = { anchor, filter, taken_at: now.getTime() };
    await transaction
      .insertInto('sync_anchors')
      .values({ upstream, list, ...known })
      .onConflict((conflict) => conflict.columns(['upstream', 'list']).doUpdateSet(known))
      .execute();
  }
  await transaction.deleteFrom('sync_lists').where('run_id', '=', runId).execute();
}

async function countIn(transaction: Kysely<Tables>, states: readonly string[]): Promise<number> {
  const row = await transaction
    .selectFrom('sync_revisions')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', 'in', [...states])
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

function nameOf({ updateId, revisionNumber }: UpdateIdentity): string {
  return `${updateId}@${revisionNumber}`;
}
