// The one function from a name in an archive, an index, a manifest or a row to a path.
import path, { type PlatformPath } from 'node:path';
import { toPathSegments } from '@moult/formats/paths';

/**
 * The path of `name` below `folder`, in the spelling of this system. Never outside, on no system. It looks at letters
 * only: `openInside` and `FolderTree` know whether a link is on the way. Throws FormatError FORMAT_UNSAFE_NAME.
 */
export function pathInside(folder: string, name: string, system: Pick<PlatformPath, 'join'> = path): string {
  return system.join(folder, ...toPathSegments(name));
}
