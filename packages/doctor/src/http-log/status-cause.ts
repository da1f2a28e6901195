// The meaning of an answer in a request log: by its status, sub-status, Win32 code and request. Pure.
import { publishedCodes as hr } from '@moult/protocol/hresult';
import { causeOfStatus } from '../hresult/cause.ts';
import type { FindingCode } from '../words/codes.ts';
import { meaningOfReason, meaningOfStatus, type StatusMeaning } from './iis-statuses.ts';
import type { RequestKind } from './record.ts';

interface Answer {
  kind: RequestKind;
  status: number;
  substatus: number | undefined;
  win32: number | undefined;
  reason?: string | undefined;
  query?: string;
}

/** The finding an answer stands for. Undefined for good ones. */
export function causeOfAnswer(answer: Answer): FindingCode | undefined {
  const { status, substatus, win32, kind } = answer;
  if (/rejected-by-urlscan/i.test(answer.query ?? '')) return 'DOCTOR_REQUEST_FILTERED';
  if (answer.reason) return causeOfReason(answer.reason, status);
  if (status > 599) return causeOfProxyError(status);
  if (status === 401 && win32 !== undefined && accountTrouble.has(win32)) return 'DOCTOR_ANONYMOUS_ACCOUNT';
  // The legs of a Windows logon. Servers with anonymous access do not offer one.
  if (status === 401 && substatus === 1 && win32 !== undefined && win32 >= securitySupport)
    return 'DOCTOR_ANONYMOUS_OFF';
  // Listing a folder is refused on every sound server. Agents never ask for one.
  if (status === 403 && substatus === 14 && kind === 'tree') return undefined;
  // IIS writes 5 (access denied) beside most of 403's sub-statuses. Only without one it tells of the file.
  if (status === 403 && win32 === 5 && (substatus ?? 0) === 0) return 'DOCTOR_FILE_ACCESS_DENIED';
  const cause = meaningOfStatus(status, substatus)?.cause ?? causeOfStatus(status);
  if (cause === 'missing' || (cause === 'DOCTOR_TREE_MISSING' && status === 410)) return missingThing(kind);
  if (cause === 'service') return isService(kind) ? missingThing(kind) : 'DOCTOR_SERVER_ERROR';
  return cause === 'harmless' ? undefined : cause;
}

/** In words what the answer means, and the first step of its own. Undefined where its number says it all. */
export function meaningOfAnswer({ status, substatus, win32, reason }: Omit<Answer, 'kind'>): StatusMeaning | undefined {
  const meaning = reason
    ? (meaningOfReason(reason) ?? meaningOfStatus(status, substatus))
    : meaningOfStatus(status, substatus);
  const why = win32 === undefined ? undefined : win32Words[win32];
  return meaning && why !== undefined ? { ...meaning, meaning: `${meaning.meaning} (${why})` } : meaning;
}

/** The file or service that an answer of 404 says is missing. */
export function missingThing(kind: RequestKind): FindingCode {
  return missing[kind];
}

/** True for a request to one of the web services. */
export function isService(kind: RequestKind): boolean {
  return kind === 'client-web-service' || kind === 'simple-auth' || kind === 'reporting' || kind === 'console-service';
}

const missing: Record<RequestKind, FindingCode> = {
  iuident: 'DOCTOR_IUIDENT_MISSING',
  wuident: 'DOCTOR_WUIDENT_MISSING',
  package: 'DOCTOR_TREE_INCOMPLETE',
  mui: 'DOCTOR_MUI_FILE_MISSING',
  tree: 'DOCTOR_TREE_INCOMPLETE',
  wutrack: 'DOCTOR_WUTRACK_MISSING',
  'client-web-service': 'DOCTOR_CLIENT_WEB_SERVICE',
  'simple-auth': 'DOCTOR_SIMPLE_AUTH',
  reporting: 'DOCTOR_REPORTING',
  'console-service': 'DOCTOR_CONSOLE_SERVICE',
  content: 'DOCTOR_CONTENT_MISSING',
  other: 'DOCTOR_CONTENT_MISSING',
};

/** Codes of Windows' logon packages begin here (SEC_E_NO_CREDENTIALS is 2148074254). */
const securitySupport = hr.SEC_E_INSUFFICIENT_MEMORY;

/** 1326 logon failure, 1330 password expired, 1331 disabled, 1385 logon type, 1907 must change, 1909 locked out. */
const accountTrouble = new Set([1326, 1327, 1330, 1331, 1385, 1793, 1907, 1909]);

const win32Words: Record<number, string> = {
  5: 'Windows: access denied',
  1326: 'Windows: wrong user name or password',
  1327: 'Windows: the account is restricted',
  1330: 'Windows: the password has expired',
  1331: 'Windows: the account is disabled',
  1385: 'Windows: this kind of logon is not granted',
  1793: 'Windows: the account has expired',
  1907: 'Windows: the password must be changed',
  1909: 'Windows: the account is locked',
};

/** ISA and TMG write a Windows error in place of the status if they did not get an answer. */
function causeOfProxyError(error: number): FindingCode {
  if (error === 12209) return 'DOCTOR_PROXY_AUTHENTICATION';
  if (error === 12202 || error === 12204) return 'DOCTOR_FORBIDDEN';
  if (unreachedServer.has(error)) return 'DOCTOR_GATEWAY';
  return droppedConnection.has(error) ? 'DOCTOR_CONNECTION_CUT' : 'DOCTOR_HTTP_STATUS';
}

/** Timed out, refused, no route, name not found: of Winsock and of WinInet. */
const unreachedServer = new Set([
  10049, 10050, 10051, 10060, 10061, 10064, 10065, 11001, 11002, 11004, 12002, 12007, 12029,
]);
const droppedConnection = new Set([995, 1236, 10053, 10054, 12030, 12031, 12152]);

function causeOfReason(reason: string, status: number): FindingCode | undefined {
  const cause = meaningOfReason(reason)?.cause ?? (status === 0 ? 'harmless' : causeOfStatus(status));
  if (cause === 'harmless' || cause === 'missing' || cause === 'service') return undefined;
  // A queue that is full answers 503: for clients the service is not available.
  return cause === 'DOCTOR_SERVER_BUSY' && status === 503 && /^QueueFull/i.test(reason)
    ? 'DOCTOR_SERVICE_UNAVAILABLE'
    : cause;
}
