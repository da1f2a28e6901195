// The agent under a vendor's names: they are written into the description of each release, which the operator's key signs.
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { readOutside } from '@moult/disk';
import { type Brand, parseBrand, type Release } from '@moult/protocol/self-update';
import { ServerError } from '@moult/store/errors';
import { treeBounds } from '../../bounds.ts';

export interface Branding {
  brand: Brand;
  icon: Uint8Array | undefined;
}

/** The brand in a JSON file, and the icon beside it. Throws SERVER_BAD_CONFIG. */
export function readBranding(file: string | undefined): Branding | undefined {
  if (file === undefined) return undefined;
  try {
    const limits = { maxBytes: treeBounds.maxBrandBytes };
    const brand = parseBrand(JSON.parse(readOutside(file, limits).toString('utf8')));
    const icon = brand.icon === undefined ? undefined : readOutside(join(dirname(file), brand.icon), limits);
    return { brand, icon };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError('SERVER_BAD_CONFIG', `The brand in ${file} (--agent-brand) cannot be used: ${why}`, {
      cause,
    });
  }
}

/** The release with this brand, and its icon among `files`. One that names a brand keeps it. */
export function branded(release: Release, files: Map<string, Uint8Array>, { brand, icon }: Branding): Release {
  if (release.brand) return release;
  if (brand.icon === undefined || !icon) return { ...release, brand };
  files.set(brand.icon, icon);
  const sha256 = createHash('sha256').update(icon).digest('hex');
  return { ...release, brand, files: [...release.files, { name: brand.icon, sizeBytes: icon.length, sha256 }] };
}
