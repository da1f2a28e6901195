// The disks of a server, whether it runs or not.
import { dirname } from 'node:path';
import { isPostgres, sqliteFileOf } from '@moult/store';
import { reserveBytesOf, spaceOfFolder } from '@moult/store/data-dir';
import type { ServerConfig } from './config/index.ts';

type DiskConfig = Pick<ServerConfig, 'dataDir' | 'database' | 'contentDir' | 'diskReserveMib'>;

export interface DiskFigures {
  folder: string;
  freeBytes: number;
  totalBytes: number;
  reserveBytes: number;
}

/** The disks that a server of this configuration writes to, whether it runs or not. */
export async function inspectDisks(config: DiskConfig): Promise<DiskFigures[]> {
  const figures = writtenFolders(config).map(async (folder) => {
    const space = await spaceOfFolder(folder);
    return { folder, ...space, reserveBytes: reserveBytesOf(config.diskReserveMib, space) };
  });
  const known = await Promise.allSettled(figures);
  return known.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** The places that a server of this configuration writes to. */
export function writtenFolders({ dataDir, database, contentDir }: DiskConfig): string[] {
  const isElsewhere = database !== undefined && !isPostgres(database) && !sqliteFileOf(database).startsWith(':');
  return [...new Set([dataDir, ...(isElsewhere ? [dirname(sqliteFileOf(database))] : []), contentDir ?? dataDir])];
}
