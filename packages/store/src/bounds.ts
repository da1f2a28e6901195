// Bounds for text of strangers. The store cuts such text before it writes it, so that no row, list or page grows with
// it. docs/limits.md has a row for each bound. Bytes are bytes of UTF-8.

import { cutText } from '@moult/formats/text';
import { type RawBuilder, sql } from 'kysely';
import { keptBounds } from './declared-bounds.ts';

export interface StoreBounds {
  /** Names under which one computer is remembered. */
  namesPerComputer: number;
  /** Updates whose state is kept for one computer. */
  statesPerComputer: number;
  /** Text of one report event. */
  eventBytes: number;
}

/**
 * The strings, each cut where all before it have used up `bytes`. At most stringsPerEvent of them. A last string counts
 * the ones that are left out.
 */
export function cutStrings(strings: readonly string[], bytes: number): string[] {
  const kept: string[] = [];
  let room = bytes - noteBytes;
  for (const text of strings) {
    if (kept.length >= keptBounds.stringsPerEvent || room < smallestPiece) {
      kept.push(`… ${strings.length - kept.length} more`);
      break;
    }
    const cut = cutText(text, room);
    kept.push(cut);
    room -= Buffer.byteLength(cut);
  }
  return kept;
}

const noteBytes = 32;
const smallestPiece = 3;

/** Reads at most so many characters of a text: rows that an older version wrote may be of any size. */
export function beginningOf(column: string, characters: number): RawBuilder<string> {
  return sql<string>`substr(${sql.ref(column)}, 1, ${sql.lit(characters)})`;
}

/** Reads a text of at most so many bytes (JSON, which cannot be cut), and `otherwise` for a longer one. */
export function wholeUpTo(column: string, bytes: number, otherwise: string | null): RawBuilder<string> {
  const value = sql.ref(column);
  return sql<string>`case when octet_length(${value}) <= ${sql.lit(bytes)} then ${value} else ${sql.lit(otherwise)} end`;
}

/** In place of strings that are too many or too long to be read. */
export const leftOut = '["… left out: too long"]';
