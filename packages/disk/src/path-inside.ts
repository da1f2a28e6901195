// The one function from a name out of an archive, an index, a manifest or a database row to a path.
import path, { type PlatformPath } from 'node:path';
import { toPathSegments } from '@moult/formats/paths';

/**
 * The path of `name` below `folder`, in the spelling of this system; never outside, on no system. It looks at letters
 * only: whether a link lies on the way, `openInside` and `FolderTree` know. Throws FormatError FORMAT_UNSAFE_NAME.
 */
export function pathInside(folder: string, name: string, system: Pick<PlatformPath, 'join'> = path): string {
  return system.join(folder, ...toPathSegments(name));
}
