// Where the tree lies under the data directory (ARCHITECTURE.md).
import { join } from 'node:path';

export const wuaucompName = 'wuaucomp.cab';

export function releasesFolder(dataDir: string): string {
  return join(dataDir, 'self-update', 'releases');
}

export function releaseCabinetPath(dataDir: string, generation: string, version: string): string {
  return join(releasesFolder(dataDir), generation, version, wuaucompName);
}

export function identCabinetPath(dataDir: string, name: 'iuident' | 'wuident'): string {
  return join(dataDir, 'self-update', 'ident', `${name}.cab`);
}

export function importedFolder(dataDir: string): string {
  return join(dataDir, 'self-update', 'imported');
}
