// urllog.dat: status pings that could not be sent. One per line: base URL of the status server, TAB, the query with
// its original time stamp, CRLF. Oldest first. The real file's layout was never published. This one is ours.

import { removeFileWhenFree } from '@moult/disk';
import { decodeText } from '@moult/formats/text';
import { programBounds } from '../bounds.ts';
import { readKept, writeFileAtomically } from '../machine/atomic-file.ts';

export interface KeptPing {
  statusServer: string;
  /** Without `?`. */
  query: string;
}

/**
 * The pings that wait, oldest first, whatever the file was saved as. Lines that are damaged are passed over. Throws what
 * the disk says when it cannot read the file.
 */
export function readUrlLog(file: string): KeptPing[] {
  const bytes = readKept(file);
  if (!bytes) return [];
  const lines = decodeText(bytes).split(/\r?\n/);
  return lines.flatMap((line) => {
    const match = /^(https?:\/\/[^\t]+)\t(\S+)$/.exec(line);
    return match ? [{ statusServer: match[1] ?? '', query: match[2] ?? '' }] : [];
  });
}

/**
 * Adds a ping at the end. A ping that says the same as the last kept one (server, activity, status and result) is not
 * added: a server away for a week is one outage, not 300.
 */
export function keepPing(file: string, ping: KeptPing): void {
  const kept = readUrlLog(file);
  const last = kept.at(-1);
  if (last && last.statusServer === ping.statusServer && withoutTime(last.query) === withoutTime(ping.query)) return;
  writeUrlLog(file, [...kept, ping].slice(-programBounds.maxKeptPings));
}

/** Takes the oldest ping off, if it is still `sent`. */
export function dropSentPing(file: string, sent: KeptPing): void {
  const [oldest, ...rest] = readUrlLog(file);
  if (oldest?.query === sent.query) writeUrlLog(file, rest);
}

/** No ping, no file: that it exists means that the status server could not be reached. */
function writeUrlLog(file: string, pings: KeptPing[]): void {
  if (pings.length === 0) removeFileWhenFree(file);
  else writeFileAtomically(file, pings.map(({ statusServer, query }) => `${statusServer}\t${query}\r\n`).join(''));
}

function withoutTime(query: string): string {
  return query.replace(/&X=\d*$/, '');
}
