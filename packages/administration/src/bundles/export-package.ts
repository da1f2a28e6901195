// The whole catalog as one package of `wsusutil export`, for a WSUS.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { withDiskTrouble } from '@moult/store/data-dir';
import { AdministrationError } from '../errors.ts';
import { loadIndex } from '../imports/load-index.ts';
import { isThere } from '../is-there.ts';
import type { Administration } from '../open-server.ts';
import { readContents } from './catalog-state.ts';
import { packagePartsOf } from './export-bundle.ts';
import { needsFirst } from './needs-first.ts';
import { recordBytes, writePackage } from './wsus-package.ts';

interface ExportedPackage {
  documents: number;
  bytes: number;
}

/**
 * Writes the package to `file`, whole or not at all. Throws what the store throws, ServerError SERVER_DISK_FULL, and
 * AdministrationError: ADMINISTRATION_BUNDLE_FOLDER when a file is there. ADMINISTRATION_BUNDLE_UNFIT for a catalog that is empty, or
 * too large for one cabinet.
 */
export async function exportPackage(administration: Administration, file: string): Promise<ExportedPackage> {
  const { store } = administration;
  const contents = await readContents(store, undefined);
  const revisions = needsFirst(contents?.revisions ?? [], await loadIndex(store));
  const bytes = revisions.reduce((sum, revision) => sum + recordBytes(revision), 0);
  if (revisions.length === 0) throw unfit('The catalog is empty.');
  if (bytes > maxCabinetBytes)
    throw unfit(
      `A cabinet holds ${maxCabinetBytes} bytes of metadata, and the catalog has ${bytes}. Export a folder: it has as many packages as are needed.`,
    );
  const parts = await packagePartsOf(administration, contents?.categoryTypes ?? new Map());
  return withDiskTrouble(`The package ${file} cannot be written`, async () => {
    const partial = `${file}.partial`;
    rmSync(partial, { force: true });
    const descriptor = openNew(partial, file);
    try {
      const written = await writePackage(
        {
          async write(offset, piece) {
            for (let at = 0; at < piece.length; )
              at += writeSync(descriptor, piece, at, piece.length - at, offset + at);
          },
        },
        revisions,
        parts,
      );
      fsyncSync(descriptor);
      renameSync(partial, file);
      return { documents: revisions.length, bytes: written };
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
  });
}

/** The most that one folder of a cabinet unpacks to. */
const maxCabinetBytes = 2_147_000_000;

function openNew(partial: string, file: string): number {
  if (!isThere(file)) return openSync(partial, 'wx');
  throw new AdministrationError('ADMINISTRATION_BUNDLE_FOLDER', `${file} is there already. Name a new file.`);
}

function unfit(why: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_BUNDLE_UNFIT', `No package was written. ${why}`);
}
