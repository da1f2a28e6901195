// A restore that is rehearsed: into a folder that is gone afterwards. The server and its data stay as they are.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '@moult/disk';
import { checkDatabase } from '../check-database.ts';
import type { Author } from '../contract/index.ts';
import { takeGuard } from '../data-dir/guard.ts';
import { ServerError } from '../errors.ts';
import { migrations } from '../migrations/index.ts';
import { openStore } from '../store.ts';
import type { BackupManifest } from './format.ts';
import { restore } from './restore.ts';

interface Rehearsal {
  manifest: BackupManifest;
  /** Sentences. Empty when a restore of this backup brings back everything that is in it. */
  problems: string[];
}

interface RehearsalOptions {
  source: string;
  /** Folder with room for the database of the backup. The rehearsal makes a folder of its own there, for its owner only. */
  parent: string;
  author: Author;
}

/**
 * Restores the backup into a new SQLite database. Checks all pages, references, numbers of rows and the chain of records there.
 * Removes everything again. Folders of rehearsals that were killed go first. Throws as `restore` does, and SERVER_IN_USE while
 * another rehearsal runs there.
 */
export async function rehearseRestore({ source, parent, author }: RehearsalOptions): Promise<Rehearsal> {
  makeFolders(parent, { mode: 0o700 });
  const guard = takeGuard(join(parent, 'rehearsal.guard'));
  if (!guard) throw new ServerError('SERVER_IN_USE', `Another rehearsal runs in ${parent}. Wait until it is done.`);
  let folder: string | undefined;
  try {
    for (const name of readdirSync(parent))
      if (/^\.rehearsal-\w{6}$/.test(name)) rmSync(join(parent, name), { recursive: true, force: true });
    folder = mkdtempSync(join(parent, '.rehearsal-'));
    const database = join(folder, 'moult.sqlite');
    const manifest = await restore({ database, dataDir: folder, source, author });
    const { problems, rows } = await checkDatabase(database);
    return {
      manifest,
      problems: [...problems, ...missingRows(manifest, rows), ...(await brokenChain(database, author))],
    };
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    guard.release();
  }
}

/** A restore writes to these: its own record, and the marks of a new server. */
const changedByRestore = new Set(['audit', 'configuration', 'counters']);

/** Migrations may join or split rows, so only a backup of this version has all numbers again. */
function missingRows({ rows, migrations: names }: BackupManifest, restored: Record<string, number>): string[] {
  const isOurs = names.length === migrations.length;
  const tables = Object.keys(rows).filter((table) => isOurs && !changedByRestore.has(table));
  return tables
    .filter((table) => restored[table] !== rows[table])
    .map((table) => `${table} has ${restored[table] ?? 0} rows after the restore, and the backup ${rows[table]}.`);
}

async function brokenChain(database: string, author: Author): Promise<string[]> {
  const store = await openStore(database, { now: () => author.at });
  try {
    const { isIntact } = await store.checkAudit();
    return isIntact
      ? []
      : ['The chain of records is broken. Run "moult events verify" on the server that it came from.'];
  } finally {
    await store.close();
  }
}
