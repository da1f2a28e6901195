// Chooses the files of updates that must be fetched, their addresses, and those that the disk has room for. Asks no
// server.
import type { ListedContent } from '@moult/store';
import { microsoftUpstream } from '../synchronisation/trust.ts';

type ContentPolicy = 'approved' | 'all' | 'demand' | 'never';

export interface WantedFile {
  sha1: string;
  fileName: string;
  sizeBytes: number;
}

/** Whether this server keeps a file by itself. On demand, it keeps what it has of approved updates. */
export function isNeeded({ isApproved, fileName }: ListedContent, policy: ContentPolicy): boolean {
  if (fileName === undefined) return false;
  return policy === 'all' || (isApproved && policy !== 'never');
}

/** Files that are missing or damaged, small ones first: most updates are complete early then. `asked`: only these. */
export function wantedFiles(
  content: readonly ListedContent[],
  policy: ContentPolicy,
  asked?: ReadonlySet<string>,
): WantedFile[] {
  const isWanted = (file: ListedContent) =>
    file.state !== 'present' && (asked ? asked.has(file.sha1) : policy !== 'demand' && isNeeded(file, policy));
  return content
    .filter(isWanted)
    .flatMap(({ sha1, fileName, sizeBytes }) => (fileName === undefined ? [] : [{ sha1, fileName, sizeBytes }]))
    .sort((one, other) => one.sizeBytes - other.sizeBytes || (one.sha1 < other.sha1 ? -1 : 1));
}

/**
 * Addresses of a file, the best first: the upstream server, then its publisher. Microsoft's public service hosts none itself.
 * The address at an upstream server has the form that every WSUS and Moult serves.
 */
export function addressesOf(
  { sha1, fileName }: Pick<WantedFile, 'sha1' | 'fileName'>,
  upstream: URL,
  source: string | undefined,
): string[] {
  const hex = sha1.toUpperCase();
  const extension = (/\.[a-z0-9_-]{1,16}$/i.exec(fileName)?.[0] ?? '').toLowerCase();
  const hosts = upstream.origin !== microsoftUpstream;
  return [
    ...(hosts ? [`${upstream.origin}/Content/${hex.slice(-2)}/${hex}${extension}`] : []),
    ...(source === undefined ? [] : [source]),
  ];
}

/** The first files that fit into the room, and the others. */
export function withinRoom(files: readonly WantedFile[], roomBytes: number): { fit: WantedFile[]; left: WantedFile[] } {
  const fit: WantedFile[] = [];
  const left: WantedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (bytes + file.sizeBytes > roomBytes) left.push(file);
    else {
      bytes += file.sizeBytes;
      fit.push(file);
    }
  }
  return { fit, left };
}
