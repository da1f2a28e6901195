// From a winget manifest to a packed publication. The installer is fetched or given, and must have the manifest's
// SHA-256.
import { join } from 'node:path';
import type { Publication } from '@moult/catalog/publication';
import { type WingetOptions, wingetUpdate } from '@moult/catalog/winget';
import { withDiskTrouble } from '@moult/store';
import { fetchBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import type { FoundServer } from '../open-server.ts';
import { type PackedPublication, packPublication } from '../publications/index.ts';
import { fetchFile } from '../web-files/fetch-file.ts';
import { copyGiven, digestsOf } from './local-file.ts';
import { inWorkingFolder } from './working-folder.ts';

interface PackWingetOptions extends WingetOptions {
  /** The installer on this disk. Without it, it is fetched from InstallerUrl. */
  installer?: string | undefined;
  /** InstallerUrl may be an address of a private network. */
  allowPrivate?: boolean | undefined;
}

/**
 * Packs the update that the texts of a version describe. Throws CatalogError CATALOG_BAD_MANIFEST. AdministrationError
 * ADMINISTRATION_FETCH, ADMINISTRATION_PRIVATE_ADDRESS, ADMINISTRATION_UNREADABLE, ADMINISTRATION_FILE_DIGEST. And as
 * packPublication does.
 */
export async function packWinget(
  yamls: readonly string[],
  options: PackWingetOptions,
  { server, now }: { server: FoundServer; now: Date },
): Promise<{ publication: Publication; packed: PackedPublication; notes: string[] }> {
  const { publication, installer, notes } = wingetUpdate(yamls, options);
  return inWorkingFolder(server.dataDir, now, async (folder) => {
    const path = join(folder, installer.fileName);
    await withDiskTrouble(`${installer.fileName} cannot be written into ${folder}`, () =>
      options.installer === undefined
        ? fetchFile(installer.address, path, {
            allowsPrivate: options.allowPrivate ?? false,
            maxBytes: fetchBounds.maxFileBytes,
          }).then(() => undefined)
        : copyGiven(options.installer, path),
    );
    await requireDigest(path, installer);
    return { publication, packed: await packPublication(publication, { folder, server: () => server, now }), notes };
  });
}

async function requireDigest(path: string, { fileName, sha256 }: { fileName: string; sha256: string }): Promise<void> {
  const { sha256: found } = await digestsOf(path);
  if (found === sha256) return;
  throw new AdministrationError(
    'ADMINISTRATION_FILE_DIGEST',
    `The installer ${fileName} has the SHA-256 ${found}, and the manifest says ${sha256}. Nothing was published. Take the manifest of this very version.`,
  );
}
