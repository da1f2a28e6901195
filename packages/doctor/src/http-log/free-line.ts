// Request lines without a #Fields header: pasted pieces of IIS logs, Blue Coat and other ELFF, squid, the common log
// format, packet sniffers, key=value records. Columns are told apart by what they look like.
import { parseStamp } from '../text/stamp.ts';
import { parseNativeLine } from './iis-native.ts';
import { type HttpRecord, kindOfPath } from './record.ts';

const method = /(?:^|[\s"])(GET|HEAD|POST|PUT|OPTIONS|PROPFIND|CONNECT)\s/;

/** The request in a line, or undefined when the line is not a request about updating. */
export function parseFreeLine(text: string, source: string, line: number): HttpRecord | undefined {
  const native = parseNativeLine(text, source, line);
  if (native) return native;
  const found = method.exec(text);
  if (!found) return undefined;
  const before = text.slice(0, found.index);
  const after = text.slice(found.index + found[0].length).trim();
  const target = targetOf(after);
  if (!target) return undefined;
  const kind = kindOfPath(target.path);
  if (kind === 'other') return undefined;
  const stamp = timeOf(text);
  const statuses = statusesOf(before, target.rest);
  return {
    source,
    line,
    text,
    at: stamp,
    zone: 'unknown',
    client: clientOf(before, target.rest),
    method: found[1] ?? '',
    path: target.path,
    query: target.query,
    kind,
    ...statuses,
    userAgent: userAgentOf(text),
    userName: '',
    host: target.host ?? hostAfterArrow(before),
    port: undefined,
    site: undefined,
    reason: undefined,
  };
}

interface Target {
  path: string;
  query: string;
  host: string | undefined;
  rest: string;
}

function targetOf(after: string): Target | undefined {
  const url = /^(?:https?:\/\/([^/\s"]+))?(\/[^\s?"]*)(\?[^\s"]*)?/i.exec(after);
  if (url) return withQueryColumn(url[2] ?? '', url[3], url[1], after.slice(url[0].length).trim());
  // ELFF: scheme, host and path in columns of their own. Or host and path.
  const columns = /^(?:https?\s+)?([\w.-]+)\s+(?:\d+\s+)?(\/[^\s?]*)(\?\S*)?/i.exec(after);
  if (!columns) return undefined;
  return withQueryColumn(columns[2] ?? '', columns[3], columns[1], after.slice(columns[0].length).trim());
}

function withQueryColumn(path: string, query: string | undefined, host: string | undefined, rest: string): Target {
  if (query !== undefined) return { path, query: query.slice(1), host, rest };
  // A query in its own column: with its "?" kept (Blue Coat), a ping, or a time stamp.
  const column = /^(\?\S*|\w=\S*|\d{10})(?=\s|$)/.exec(rest);
  if (!column) return { path, query: '', host, rest };
  return { path, query: (column[1] ?? '').replace(/^\?/, ''), host, rest: rest.slice(column[0].length).trim() };
}

function statusesOf(before: string, rest: string): Pick<HttpRecord, 'status' | 'substatus' | 'win32'> {
  const none = { status: undefined, substatus: undefined, win32: undefined };
  const named = /\bstatus[=:]\s*"?(\d{3})\b/i.exec(rest);
  if (named) return { ...none, status: Number(named[1]) };
  const clf = /^HTTP\/[\d.]+"\s+(\d{3})\b/.exec(rest);
  if (clf) return { ...none, status: Number(clf[1]) };
  // IIS 6 and later end in "status substatus win32 [time-taken]". IIS 5 has the status and then the user agent.
  const iis = /(?:^|\s)([1-5]\d\d)\s+(\d{1,3})\s+(\d+)(?:\s+\d+)*\s*$/.exec(rest);
  if (iis) return { status: Number(iis[1]), substatus: Number(iis[2]), win32: Number(iis[3]) };
  const afterwards = /(?:^|\s)([1-5]\d\d)(?=\s|$)/.exec(rest);
  const proxy = /(?:TCP_\w+\/|\s)([1-5]\d\d)(?=\s)(?!\s*$)/.exec(before.replace(/^\S+\s+\S+\s+\d+\s/, ' '));
  const status = afterwards ?? proxy;
  return status ? { ...none, status: Number(status[1]) } : none;
}

function clientOf(before: string, rest: string): string | undefined {
  // The common log format begins with the client, which may be a name.
  const common = /^(\S+) \S+ .*\[\d{2}\/\w{3}\/\d{4}:/.exec(before)?.[1];
  if (common) return common;
  const address =
    /(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])|(?<=\s|^)([0-9a-f]*(?::[0-9a-f]*){2,7}(?:%\w+)?)(?=\s)/gi;
  const early = [...before.matchAll(address)].map(([ip]) => ip).filter((ip) => !/^\d{2}:\d{2}:\d{2}$/.test(ip));
  // IIS 6 and later: s-ip is before the method, c-ip behind the port and the user name.
  const behind = /^(?:-\s+)?\d{1,5}\s+\S+\s+(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*(?::[0-9a-f]*){2,7}(?:%\w+)?)\s/i.exec(
    rest,
  );
  return behind?.[1] ?? early[0];
}

function hostAfterArrow(before: string): string | undefined {
  return /->\s*([\w.:-]+)/.exec(before)?.[1];
}

function userAgentOf(text: string): string {
  const known =
    /(Industry[ +]Update[ +]Control|Windows-Update-Agent(?:\/[\w.]+)?(?:[ +]Client-Protocol\/[\d.]+)?|Microsoft[ +]BITS\/[\d.]+)/.exec(
      text,
    );
  return (known?.[1] ?? '').replaceAll('+', ' ');
}

function timeOf(text: string): number | undefined {
  const clf = /\[(\d{2})\/(\w{3})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{4})\]/.exec(text);
  if (clf) return Date.parse(`${clf[1]} ${clf[2]} ${clf[3]} ${clf[4]} ${clf[5]}`);
  const squid = /^(\d{9,10})\.\d{3}\s/.exec(text);
  if (squid) return Number(squid[1]) * 1000;
  return parseStamp(text)?.at;
}
