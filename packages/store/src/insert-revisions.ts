// Revisions into their tables, many rows with one statement: an import of 100,000 documents spends more on building and
// awaiting statements than on running them.
import { CompiledQuery, type Kysely } from 'kysely';
import type { ImportResult, PackedRevision } from './contract/index.ts';
import type { Engine } from './database.ts';
import type { Tables } from './schema.ts';

interface Transaction {
  transaction: Kysely<Tables>;
  engine: Engine;
}

/**
 * Answers in the order given. A revision that is there already, or was given before, keeps its id and is left alone.
 */
export async function insertRevisions(
  inside: Transaction,
  revisions: readonly PackedRevision[],
  now: number,
): Promise<ImportResult[]> {
  const known = await knownRevisions(inside.transaction, revisions);
  const idOf = ({ updateId, revisionNumber }: PackedRevision) => known.get(updateId)?.get(revisionNumber);
  const fresh = new Map<string, PackedRevision>();
  for (const revision of revisions) {
    const name = nameOf(revision.updateId, revision.revisionNumber);
    if (idOf(revision) === undefined && !fresh.has(name)) fresh.set(name, revision);
  }
  const added = [...fresh.values()];
  const unnamed = new Set(added.map(({ updateId }) => updateId).filter((updateId) => !known.has(updateId)));
  await insertRows(
    inside,
    updatesTable,
    [...unnamed].map((updateId) => [updateId, 0, now]),
  );
  const ids = await insertNew(inside, added, now);
  await insertRows(
    inside,
    summariesTable,
    added.map((revision, at) => summaryRow(ids[at] ?? 0, revision, now)),
  );
  await insertRows(
    inside,
    filesTable,
    added.flatMap((revision, at) => fileRows(ids[at] ?? 0, revision)),
  );
  await insertRows(
    inside,
    keysTable,
    added.flatMap((revision) => keyRows(revision)),
  );
  const newIds = new Map(added.map((revision, at) => [revision, ids[at] ?? 0]));
  return revisions.map((revision) => {
    const id = newIds.get(revision);
    if (id !== undefined) return { revisionId: id, isNew: true };
    const first = fresh.get(nameOf(revision.updateId, revision.revisionNumber));
    return { revisionId: idOf(revision) ?? (first && newIds.get(first)) ?? 0, isNew: false };
  });
}

interface Target {
  table: string;
  columns: readonly string[];
  /** The text behind the values. */
  end: string;
}

const updatesTable: Target = {
  table: 'updates',
  columns: ['update_id', 'is_declined', 'changed_at'],
  end: 'on conflict do nothing',
};
const revisionsTable: Target = {
  table: 'revisions',
  columns: [
    ...['update_id', 'revision_number', 'update_type', 'category_type', 'title', 'document', 'document_bytes', 'core'],
    ...['extended', 'imported_at'],
  ],
  end: 'returning revision_id, update_id, revision_number',
};
const summariesTable: Target = {
  table: 'revision_summaries',
  columns: [
    ...['revision_id', 'update_id', 'revision_number', 'update_type', 'category_type', 'imported_at'],
    ...['explicitly_deployable', 'is_expired', 'clauses', 'more'],
  ],
  end: '',
};
const filesTable: Target = {
  table: 'revision_files',
  columns: ['revision_id', 'sha1', 'sha256', 'file_name', 'size_bytes', 'modified_at'],
  end: 'on conflict do nothing',
};

/** Of encrypted files. A key that came before stays. */
const keysTable: Target = {
  table: 'file_keys',
  columns: ['sha1', 'update_id', 'revision_number', 'attempts'],
  end: 'on conflict do nothing',
};

/** The ids of the new revisions, in the order given. */
async function insertNew(inside: Transaction, revisions: readonly PackedRevision[], now: number): Promise<number[]> {
  const rows = revisions.map((one) => [
    ...[one.updateId, one.revisionNumber, one.updateType, one.categoryType ?? null, one.title, one.document],
    ...[one.documentBytes, one.core, one.extended, now],
  ]);
  const returned = await insertRows(inside, revisionsTable, rows);
  // Neither engine promises to answer in the order of the values.
  const ids = new Map(returned.map((row) => [nameOf(row.update_id, row.revision_number), Number(row.revision_id)]));
  return revisions.map(({ updateId, revisionNumber }) => ids.get(nameOf(updateId, revisionNumber)) ?? 0);
}

function summaryRow(revisionId: number, { categoryType, summary }: PackedRevision, now: number): unknown[] {
  const { updateId, revisionNumber, updateType, explicitlyDeployable, isExpired, clauses, more } = summary;
  return [
    ...[revisionId, updateId, revisionNumber, updateType, categoryType ?? null, now],
    ...[explicitlyDeployable ? 1 : 0, isExpired ? 1 : 0, clauses, more ?? null],
  ];
}

function fileRows(revisionId: number, { files }: PackedRevision): unknown[][] {
  return files.map(({ sha1, sha256, fileName, sizeBytes, modifiedAt }) => [
    ...[revisionId, sha1, sha256 ?? null, fileName, sizeBytes, modifiedAt?.getTime() ?? null],
  ]);
}

function keyRows({ updateId, revisionNumber, files }: PackedRevision): unknown[][] {
  return files.filter(({ isEncrypted }) => isEncrypted).map(({ sha1 }) => [sha1, updateId, revisionNumber, 0]);
}

/** Rows per statement: few different ones, since each is prepared once. */
const steps = [64, 8, 1];

async function insertRows(
  { transaction, engine }: Transaction,
  target: Target,
  rows: readonly (readonly unknown[])[],
): Promise<Record<string, unknown>[]> {
  const returned: Record<string, unknown>[] = [];
  for (let at = 0; at < rows.length; ) {
    const count = steps.find((step) => step <= rows.length - at) ?? 1;
    const text = insertText(target, count, engine);
    const values = rows.slice(at, at + count).flat();
    const result = await transaction.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, values));
    returned.push(...result.rows);
    at += count;
  }
  return returned;
}

function insertText({ table, columns, end }: Target, rows: number, engine: Engine): string {
  const place = (row: number, column: number) => (engine === 'sqlite' ? '?' : `$${row * columns.length + column + 1}`);
  const tuple = (row: number) => `(${columns.map((_, column) => place(row, column)).join(', ')})`;
  const tuples = Array.from({ length: rows }, (_, row) => tuple(row)).join(', ');
  return `insert into ${table} (${columns.join(', ')}) values ${tuples} ${end}`;
}

function nameOf(updateId: unknown, revisionNumber: unknown): string {
  return `${updateId}@${revisionNumber}`;
}

const idsPerQuery = 500;

/** Update id → revision number → revision id, of the updates in question. */
type KnownRevisions = Map<string, Map<number, number>>;

async function knownRevisions(
  transaction: Kysely<Tables>,
  revisions: readonly PackedRevision[],
): Promise<KnownRevisions> {
  const known: KnownRevisions = new Map();
  const ids = [...new Set(revisions.map(({ updateId }) => updateId))];
  for (let start = 0; start < ids.length; start += idsPerQuery) {
    const rows = await transaction
      .selectFrom('updates')
      .leftJoin('revisions', 'revisions.update_id', 'updates.update_id')
      .select(['updates.update_id', 'revision_number', 'revision_id'])
      .where('updates.update_id', 'in', ids.slice(start, start + idsPerQuery))
      .execute();
    for (const { update_id, revision_number, revision_id } of rows) {
      const numbers = known.get(update_id) ?? new Map<number, number>();
      known.set(update_id, numbers);
      if (revision_number !== null && revision_id !== null) numbers.set(revision_number, revision_id);
    }
  }
  return known;
}
