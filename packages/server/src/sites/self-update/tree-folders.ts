// The place of the tree under the data directory (ARCHITECTURE.md).
import { join } from 'node:path';
import { pathInside, readInside } from '@moult/disk';
import { ifThere, writeFileAtomically } from './atomic-file.ts';

/** A file of our own part of the tree, by its name below the tree's folder. */
export interface TreeFile {
  folder: string;
  name: string;
}

export function releasesFolder(dataDir: string): string {
  return join(treeFolder(dataDir), 'releases');
}

/** `kind`: the generation of an agent, or `host`. */
export function releaseCabinet(dataDir: string, kind: string, version: string): TreeFile {
  const file = kind === 'host' ? 'host.cab' : 'wuaucomp.cab';
  return { folder: treeFolder(dataDir), name: `releases/${kind}/${version}/${file}` };
}

/** Beside the release: since when it is here, and since when agents are led to it. */
export function offerFile(dataDir: string, kind: string, version: string): TreeFile {
  return { folder: treeFolder(dataDir), name: `releases/${kind}/${version}/offer.json` };
}

export function identCabinet(dataDir: string, name: 'iuident' | 'wuident'): TreeFile {
  return { folder: treeFolder(dataDir), name: `ident/${name}.cab` };
}

export function importedFolder(dataDir: string): string {
  return join(treeFolder(dataDir), 'imported');
}

/** For people. */
export function pathOf({ folder, name }: TreeFile): string {
  return pathInside(folder, name);
}

export async function readTreeFile({ folder, name }: TreeFile): Promise<Buffer | undefined> {
  return ifThere(readInside(folder, name));
}

export async function writeTreeFile({ folder, name }: TreeFile, bytes: Uint8Array | string): Promise<void> {
  await writeFileAtomically(folder, name, bytes);
}

function treeFolder(dataDir: string): string {
  return join(dataDir, 'self-update');
}
