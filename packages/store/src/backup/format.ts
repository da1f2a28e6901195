// A backup is a folder: manifest.json, one file of JSON lines per table (zstd), the keys, the agent releases and the
// imported tree. The same for both engines, so that a backup of one restores into the other.

export interface BackupManifest {
  format: 1;
  madeAt: string;
  /** Of the Moult that made it. */
  version: string;
  engine: 'sqlite' | 'postgres';
  /** Names of the migrations that its tables are made by, in order. */
  migrations: string[];
  /** Rows by table. */
  rows: Record<string, number>;
  /** SHA-256 by file name, in hex: a damaged backup is found out before anything is replaced. */
  files: Record<string, string>;
  /** Which folders of the data directory it holds, empty or not. Earlier backups hold none. */
  folders?: string[];
  /** The server's knowledge of time (clock.json). Earlier backups do not say. */
  clock?: { newest: string | null; ageing: string | null };
}

export const manifestName = 'manifest.json';
export const keyFiles = [
  'operator-ca.key.pem',
  'operator-ca.cer.pem',
  'operator-signing.key.pem',
  'operator-signing.cer.pem',
  'cookie.key',
] as const;

/** Folders of the data directory that a server needs to be the same again. Everything else there is made again. */
export const backedUpFolders = ['self-update/releases', 'self-update/imported', 'trust'] as const;

export function tableFile(table: string): string {
  return `${table}.jsonl.zst`;
}

/**
 * In characters. Each piece is one call of the packer in another thread: for one row that took longer than the packing.
 */
const pieceLength = 65_536;

/** The lines of rows, in pieces that are worth packing. */
export async function* encodeRows(batches: AsyncIterable<readonly Record<string, unknown>[]>): AsyncGenerator<string> {
  let piece = '';
  for await (const batch of batches) {
    for (const row of batch) {
      piece += encodeRow(row);
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') yield piece;
}

/** One row as a line of JSON. Bytes are `{"$bytes": base64}`. */
export function encodeRow(row: Record<string, unknown>): string {
  if (!Object.values(row).some((value) => value instanceof Uint8Array)) return `${JSON.stringify(row)}\n`;
  const plain = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString('base64') } : value,
  ]);
  return `${JSON.stringify(Object.fromEntries(plain))}\n`;
}

export function decodeRow(line: string): Record<string, unknown> {
  const row = JSON.parse(line) as Record<string, unknown>;
  for (const [name, value] of Object.entries(row)) {
    if (value !== null && typeof value === 'object' && '$bytes' in value) {
      row[name] = Buffer.from(String(value.$bytes), 'base64');
    }
  }
  return row;
}
