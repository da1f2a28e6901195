// What an IIS status with its substatus and Win32 code stands for. Pure; the numbers are Microsoft's public lists of
// IIS 6 and IIS 7+ statuses.
import { causeOfStatus } from '../hresult/cause.ts';
import type { FindingCode } from '../words/codes.ts';
import type { RequestKind } from './record.ts';

export interface Answer {
  kind: RequestKind;
  status: number;
  substatus: number | undefined;
  win32: number | undefined;
  reason?: string | undefined;
  query?: string;
}

/** The finding an answer stands for; undefined for good ones. */
export function causeOfAnswer(answer: Answer): FindingCode | undefined {
  const { status, substatus, win32 } = answer;
  if (answer.reason) return causeOfReason(answer.reason, status);
  if (/rejected-by-urlscan/i.test(answer.query ?? '')) return 'DOCTOR_REQUEST_FILTERED';
  if (status === 401) return causeOf401(substatus, win32);
  // Listing a folder is refused on every sound server; agents never ask for one.
  if (status === 403 && substatus === 14 && answer.kind === 'tree') return undefined;
  if (status === 403) return causeOf403(substatus, win32);
  if (status === 404) return causeOf404(answer.kind, substatus);
  if (status === 500) return causeOf500(answer.kind, substatus);
  if (status > 599) return causeOfProxyError(status);
  const cause = causeOfStatus(status);
  return cause === 'harmless' ? undefined : cause;
}

/** The file or service that an answer of 404 says is missing. */
export function missingThing(kind: RequestKind): FindingCode {
  return missing[kind];
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
  other: 'DOCTOR_CONTENT_MISSING',
};

/** 1326 logon failure, 1330 password expired, 1331 disabled, 1385 logon type, 1907 must change, 1909 locked out. */
const accountTrouble = new Set([1326, 1327, 1330, 1331, 1385, 1793, 1907, 1909]);

function causeOf401(substatus: number | undefined, win32: number | undefined): FindingCode {
  if (win32 !== undefined && accountTrouble.has(win32)) return 'DOCTOR_ANONYMOUS_ACCOUNT';
  if (substatus === 3) return 'DOCTOR_FILE_ACCESS_DENIED';
  if (substatus === 4 || substatus === 5) return 'DOCTOR_SHAREPOINT';
  return 'DOCTOR_ANONYMOUS_OFF';
}

function causeOf403(substatus: number | undefined, win32: number | undefined): FindingCode {
  if (substatus === 4 || substatus === 5) return 'DOCTOR_SSL_REQUIRED';
  if (substatus === 6 || substatus === 8) return 'DOCTOR_ADDRESS_REFUSED';
  if (substatus === 7 || substatus === 13 || substatus === 16 || substatus === 17) return 'DOCTOR_CLIENT_CERTIFICATE';
  // IIS writes 5 (access denied) beside most of 403's substatuses; only without one it tells of the file.
  if (win32 === 5 && (substatus ?? 0) === 0) return 'DOCTOR_FILE_ACCESS_DENIED';
  return 'DOCTOR_FORBIDDEN';
}

function causeOf404(kind: RequestKind, substatus: number | undefined): FindingCode {
  if (substatus === 3 || substatus === 17) return 'DOCTOR_MIME_MISSING';
  if (substatus === 2) return 'DOCTOR_REQUEST_FILTERED';
  if (substatus !== undefined && substatus >= 4 && substatus <= 20) return 'DOCTOR_REQUEST_FILTERED';
  return missingThing(kind);
}

function causeOf500(kind: RequestKind, substatus: number | undefined): FindingCode {
  if (substatus === 13) return 'DOCTOR_SERVER_BUSY';
  if (substatus === 19 || substatus === 21) return 'DOCTOR_CONFIGURATION_ERROR';
  if (kind === 'client-web-service') return 'DOCTOR_CLIENT_WEB_SERVICE';
  if (kind === 'simple-auth') return 'DOCTOR_SIMPLE_AUTH';
  if (kind === 'reporting') return 'DOCTOR_REPORTING';
  return 'DOCTOR_SERVER_ERROR';
}

/** ISA and TMG write a Windows error in place of the status when there was no answer to pass on. */
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
  if (/^AppOffline|^AppShutdown|^Disabled/i.test(reason)) return 'DOCTOR_SERVICE_UNAVAILABLE';
  if (/^QueueFull|^ConnLimit|^N\/A/i.test(reason) && status === 503) return 'DOCTOR_SERVICE_UNAVAILABLE';
  if (/^QueueFull|^ConnLimit/i.test(reason)) return 'DOCTOR_SERVER_BUSY';
  if (/^(BadRequest|Hostname|URL|Verb|Header|Version|FieldLength|RequestLength)/i.test(reason))
    return 'DOCTOR_BAD_REQUEST';
  if (/^Connection_(Dropped|Abandoned)|^Timer_(AppPool|HeaderWait|EntityBody|Response|MinBytes)/i.test(reason)) {
    return 'DOCTOR_CONNECTION_CUT';
  }
  if (/^Timer_ConnectionIdle/i.test(reason) || status === 0) return undefined;
  const cause = causeOfStatus(status);
  return cause === 'harmless' ? undefined : cause;
}
