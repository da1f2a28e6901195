// urllog.dat: status pings that could not be sent. Microsoft's layout is not public. Ours is one record per line, host,
// TAB, query. Any file is searched for "wutrack.bin?…", so that foreign layouts still tell their pings.
import { type LoggedPing, pingOf } from '../http-log/ping.ts';

export interface UnsentPing {
  source: string;
  line: number;
  server: string | undefined;
  ping: LoggedPing;
  text: string;
}

const pattern = /(?:(https?:\/\/[^\s/]+)\S*?[\s/]+)?(?:wutrack\.bin\?|(?<=https?:\/\/\S+\t))([\x21-\x7e]+)/gi;

/** The pings in the text of an urllog.dat. */
export function parseUrlLog(text: string, source: string): UnsentPing[] {
  const pings: UnsentPing[] = [];
  const lines = text.replaceAll('\0', '\n').split(/\r?\n/);
  lines.forEach((line, index) => {
    for (const match of line.matchAll(pattern)) {
      const ping = pingOf(match[2] ?? '');
      if (ping) pings.push({ source, line: index + 1, server: match[1], ping, text: line.trim().slice(0, 400) });
    }
  });
  return pings;
}
