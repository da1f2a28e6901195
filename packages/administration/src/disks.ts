// The disks of a server, whether it runs or not.
import { dirname } from 'node:path';
import { isPostgres, sqliteFileOf } from '@moult/store';
import { reserveBytesOf, spaceOfFolder } from '@moult/store/data-dir';
import type { ServerConfig } from './config/index.ts';

type DiskConfig = Pick<ServerConfig, 'dataDir' | 'database' | 'contentDir' | 'diskReserveMib'>;

export interface WrittenFolder {
  /** The first of these that is there. */
  holds: 'data' | 'database' | 'content';
  folder: string;
}

export interface DiskFigures extends WrittenFolder {
  freeBytes: number;
  totalBytes: number;
  reserveBytes: number;
}

/** The disks that a server of this configuration writes to, whether it runs or not. */
export async function inspectDisks(config: DiskConfig): Promise<DiskFigures[]> {
  const figures = writtenFolders(config).map(async (written) => {
    const space = await spaceOfFolder(written.folder);
    return { ...written, ...space, reserveBytes: reserveBytesOf(config.diskReserveMib, space) };
  });
  const known = await Promise.allSettled(figures);
  return known.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** The places that a server of this configuration writes to. */
export function writtenFolders({ dataDir, database, contentDir }: DiskConfig): WrittenFolder[] {
  const isElsewhere = database !== undefined && !isPostgres(database) && !sqliteFileOf(database).startsWith(':');
  const written: WrittenFolder[] = [
    { holds: 'data', folder: dataDir },
    ...(isElsewhere ? [{ holds: 'database' as const, folder: dirname(sqliteFileOf(database)) }] : []),
    { holds: 'content', folder: contentDir ?? dataDir },
  ];
  return written.filter(({ folder }, at) => written.findIndex((one) => one.folder === folder) === at);
}
