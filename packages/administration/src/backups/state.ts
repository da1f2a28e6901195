// DIR/backups.json: the plan of a server's own backups, the last one and the last failure. It is a file, because a failure must be
// noted while the database is away. A restore does not change it.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { writePrivateFile } from '@moult/store/data-dir';
import * as z from 'zod';

const instant = z.iso.datetime();

const shape = z.object({
  /** Marks the folder of the backups as that of this server. */
  ownerId: z.guid(),
  /** As the server was told at its start. Undefined: it makes no backups by itself. */
  plan: z.object({ folder: z.string(), everyHours: z.number(), keep: z.number(), since: instant }).optional(),
  /** The newest that is whole. */
  last: z
    .object({ name: z.string(), at: instant, rows: z.number(), bytes: z.number(), seconds: z.number() })
    .optional(),
  /** Failures since then. */
  failure: z
    .object({ at: instant, since: instant, code: z.string(), message: z.string(), count: z.number() })
    .optional(),
});

export type BackupState = z.output<typeof shape>;

/** A file that is not there, or damaged, is a server without backups. */
export function readBackupState(dataDir: string): BackupState {
  try {
    const found = shape.safeParse(JSON.parse(String(readOwnFile(fileOf(dataDir)))));
    if (found.success) return found.data;
  } catch {
    // Not JSON.
  }
  return { ownerId: randomUUID() };
}

/** Throws what the file system says. */
export function writeBackupState(dataDir: string, state: BackupState): void {
  writePrivateFile(fileOf(dataDir), `${JSON.stringify(state, null, 2)}\n`);
}

function fileOf(dataDir: string): string {
  return join(dataDir, 'backups.json');
}
