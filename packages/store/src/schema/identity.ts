import type { ColumnType } from 'kysely';

/** Numbered by the database, and never changed. */
export type Identity = ColumnType<number, number | undefined, never>;
