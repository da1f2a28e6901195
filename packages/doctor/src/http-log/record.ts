// One request as some log told it: IIS, HTTP.sys, a proxy or a web server in between.

/** The file or service of a request, as far as updating is concerned. */
export type RequestKind =
  | 'iuident'
  | 'wuident'
  | 'package'
  | 'mui'
  | 'tree'
  | 'wutrack'
  | 'client-web-service'
  | 'simple-auth'
  | 'reporting'
  | 'console-service'
  | 'content'
  | 'other';

export interface HttpRecord {
  source: string;
  line: number;
  /** The line. Empty for one of very many that were not kept. */
  text: string;
  /** The last of so many equal ones, the first of them on line `since`. */
  repeats?: { times: number; since: number };
  /** Milliseconds since 1970 of the time as written. `zone` says whose clock face that is. */
  at: number | undefined;
  zone: 'utc' | 'unknown';
  /** Address of who asked. Undefined where the log has none. */
  client: string | undefined;
  method: string;
  /** As asked, letter case kept, without query. */
  path: string;
  query: string;
  kind: RequestKind;
  status: number | undefined;
  substatus: number | undefined;
  win32: number | undefined;
  userAgent: string;
  userName: string;
  /** Host asked, where the log says it (proxies, Host field). */
  host: string | undefined;
  port: string | undefined;
  /** s-sitename or W3SVC folder. */
  site: string | undefined;
  /** s-ip: where the server was asked. */
  serverAddress?: string | undefined;
  /** HTTPERR: why HTTP.sys refused. */
  reason: string | undefined;
}

/** Sorts a path into what it means for updating. Case-insensitive. Any prefix is allowed. */
export function kindOfPath(path: string): RequestKind {
  const lower = path.toLowerCase();
  if (lower.includes('/clientwebservice/')) return 'client-web-service';
  if (lower.includes('/simpleauthwebservice/')) return 'simple-auth';
  if (lower.includes('/reportingwebservice/')) return 'reporting';
  if (/\/(?:apiremoting30|serversyncwebservice|dssauthwebservice)\//.test(lower)) return 'console-service';
  if (contentFile.test(lower)) return 'content';
  if (lower.endsWith('/iuident.cab')) return 'iuident';
  if (lower.endsWith('/wuident.cab')) return 'wuident';
  if (lower.endsWith('/wutrack.bin')) return 'wutrack';
  if (!lower.includes('/selfupdate')) return 'other';
  if (lower.includes('/mui/')) return 'mui';
  return lower.endsWith('.cab') || lower.endsWith('.exe') ? 'package' : 'tree';
}

/** An update file: its folder is the end of its SHA-1, which is its name. */
const contentFile = /\/content\/[0-9a-f]{2}\/[0-9a-f]{40}\.\w+$/;

/** Microsoft's own update hosts: a client seen there is not asking a WSUS server. */
export function isMicrosoftHost(host: string): boolean {
  return /(^|\.)(windowsupdate\.com|windowsupdate\.microsoft\.com|update\.microsoft\.com|mp\.microsoft\.com|ws\.microsoft\.com|download\.microsoft\.com)$/i.test(
    host.replace(/:\d+$/, ''),
  );
}

/** Paths that only Microsoft's public update service has: /v4/…, /v9/windowsupdate/… */
export function isMicrosoftPath(path: string): boolean {
  return /^\/v\d+\/(iuident\.cab|.*windowsupdate\/)/i.test(path);
}

/** The client's own clock, from the ten-digit YYMMDDhhmm stamp that it appends to self-update requests. */
export function stampOf(query: string): number | undefined {
  const match = /^\??(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(query);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59) return undefined;
  return Date.UTC(2000 + year, month - 1, day, hour, minute);
}

/** 2xx and 304. A sniffed request without an answer is neither good nor bad. */
export function isGood(record: HttpRecord): boolean {
  const status = record.status ?? 0;
  return (status >= 200 && status < 300) || status === 304;
}

/** A line of a log, and its time. */
interface Placed {
  at: number | undefined;
  line: number;
}

/** Earlier ones first: by time where both have one and it is not the same, else by line. */
export function comparePlaces(a: Placed, b: Placed): number {
  return a.at !== undefined && b.at !== undefined && a.at !== b.at ? a.at - b.at : a.line - b.line;
}

/** By time where both have one, else by line: logs that were put together are not in order. */
export function isLater(a: Placed, b: Placed): boolean {
  return a.at !== undefined && b.at !== undefined ? a.at > b.at : a.line > b.line;
}

/** Which site of the server a record belongs to, as far as the log tells. sites.ts puts together what is one. */
export function siteOf({ port, site }: HttpRecord): string {
  if (port === undefined) return site ?? '';
  return site === undefined ? `port ${port}` : `${site} on port ${port}`;
}

/**
 * How to ask the server that wrote the record: by the host that was asked for, else on the server itself. An address
 * with a zone (`fe80::1%11`), and one that only the machine itself has, are told as localhost. Undefined without a
 * port.
 */
export function baseOf({ host, port, serverAddress }: HttpRecord): string | undefined {
  const scheme = port === '443' || port === '8531' ? 'https' : 'http';
  if (host !== undefined && host !== '' && !/[^\w.:[\]-]/.test(host)) {
    const withPort = /:\d+$/.test(host) || port === undefined || port === '80' || port === '443';
    return `${scheme}://${withPort ? host : `${host}:${port}`}`;
  }
  if (port === undefined) return undefined;
  const own = serverAddress === undefined || /^(?:127\.|::1|fe80|0\.0\.0\.0)|%/i.test(serverAddress);
  const name = own ? 'localhost' : serverAddress.includes(':') ? `[${serverAddress}]` : serverAddress;
  return port === '80' || port === '443' ? `${scheme}://${name}` : `${scheme}://${name}:${port}`;
}

/** A record in one line: as it was written where that was kept, else what it stands for. */
export function describeRecord({ text, method, path, status, substatus, win32, client, repeats }: HttpRecord): string {
  if (text !== '') return text.trim();
  const code = [status, substatus, win32].filter((part) => part !== undefined).join('.');
  const answer = `${method} ${path} → ${code}`;
  if (repeats) return `${answer}, ${repeats.times} times as in line ${repeats.since}`;
  return client === undefined ? answer : `${answer} to ${client}`;
}
