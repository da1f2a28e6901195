// A code means different things in different stages. In a web service call CERT_E_UNTRUSTEDROOT is the server's TLS
// certificate, in an installation the signer of an update. Before both it is the signer of a self-update file. Codes that
// mean the same everywhere are in hresult/cause.ts.
import { publishedCodes as hr } from '@moult/protocol/hresult';
import { causeOf, causeOfStatus } from '../hresult/cause.ts';
import { errorTable, httpStatusOf } from '../hresult/error-table.ts';
import { kindOfPath } from '../http-log/record.ts';
import { missingThing } from '../http-log/status-cause.ts';
import type { Stage } from '../story/event.ts';
import type { FindingCode } from '../words/codes.ts';

export type Cause = FindingCode | 'harmless';

/** The objects of a stage: files of the agent itself, a service over the network, files of updates, their set-up. */
type Ground = 'tree' | 'service' | 'file' | 'update' | 'unknown';

const grounds: Record<Stage, Ground> = {
  'self-update': 'tree',
  detection: 'service',
  'web-service': 'service',
  'auth-ticket': 'service',
  reporting: 'service',
  'server-sync': 'service',
  download: 'file',
  trust: 'update',
  installation: 'update',
  database: 'unknown',
  'server-setup': 'unknown',
  policy: 'unknown',
  service: 'unknown',
  other: 'unknown',
};

/** `undecided`: the code alone does not tell, and a wrong cause is worse than none. */
type Row = Partial<Record<Ground, Cause | 'undecided'>>;

const tlsOr = (service: FindingCode, tree: FindingCode): Row => ({
  service,
  tree,
  file: 'DOCTOR_UPDATE_SIGNATURE',
  update: 'DOCTOR_UPDATE_SIGNATURE',
  unknown: 'undecided',
});

const rows: readonly (readonly [readonly number[], Row])[] = [
  [[hr.CERT_E_EXPIRED, hr.CERT_E_VALIDITYPERIODNESTING], tlsOr('DOCTOR_TLS_EXPIRED', 'DOCTOR_CABINET_EXPIRED')],
  [
    [
      hr.CERT_E_UNTRUSTEDROOT,
      hr.CERT_E_CHAINING,
      hr.CERT_E_UNTRUSTEDTESTROOT,
      hr.CERT_E_UNTRUSTEDCA,
      hr.CERT_E_ISSUERCHAINING,
    ],
    tlsOr('DOCTOR_TLS_UNTRUSTED', 'DOCTOR_CABINET_WRONG_SIGNER'),
  ],
  [
    [hr.CERT_E_WRONG_USAGE, hr.TRUST_E_EXPLICIT_DISTRUST, hr.TRUST_E_SUBJECT_NOT_TRUSTED],
    tlsOr('DOCTOR_TLS_UNTRUSTED', 'DOCTOR_CABINET_WRONG_SIGNER'),
  ],
  [[hr.CERT_E_CN_NO_MATCH, hr.CERT_E_INVALID_NAME], tlsOr('DOCTOR_TLS_NAME', 'DOCTOR_CABINET_WRONG_SIGNER')],
  [
    [
      hr.CERT_E_REVOKED,
      hr.CERT_E_REVOCATION_FAILURE,
      hr.CRYPT_E_REVOKED,
      hr.CRYPT_E_NO_REVOCATION_CHECK,
      hr.CRYPT_E_REVOCATION_OFFLINE,
    ],
    tlsOr('DOCTOR_TLS_REVOCATION', 'DOCTOR_SIGNATURE_REFUSED'),
  ],
  [
    [
      hr.TRUST_E_NOSIGNATURE,
      hr.TRUST_E_PROVIDER_UNKNOWN,
      hr.TRUST_E_SUBJECT_FORM_UNKNOWN,
      hr.TRUST_E_SYSTEM_ERROR,
      hr.TRUST_E_NO_SIGNER_CERT,
      hr.TRUST_E_COUNTER_SIGNER,
      hr.TRUST_E_CERT_SIGNATURE,
      hr.TRUST_E_TIME_STAMP,
      hr.TRUST_E_BAD_DIGEST,
    ],
    { file: 'DOCTOR_UPDATE_SIGNATURE', update: 'DOCTOR_UPDATE_SIGNATURE', service: 'DOCTOR_SIGNATURE_REFUSED' },
  ],
  [[hr.TRUST_E_TIME_STAMP], { tree: 'DOCTOR_CABINET_EXPIRED' }],
  // The server's tree is older than the signatures that the agent of a newer Windows wants.
  [[hr.TRUST_E_PROVIDER_UNKNOWN], { tree: 'DOCTOR_SETUP_VERSION' }],
  [
    [hr.CRYPT_E_FILE_ERROR, hr.CRYPT_E_NOT_FOUND, hr.CRYPT_E_SECURITY_SETTINGS],
    { file: 'DOCTOR_UPDATE_SIGNATURE', update: 'DOCTOR_UPDATE_SIGNATURE' },
  ],
  // A service of Windows that the agent needs. The agent wrote the line, so it runs.
  [
    [
      hr.ERROR_SERVICE_NOT_ACTIVE,
      hr.ERROR_SERVICE_DEPENDENCY_FAIL,
      hr.ERROR_SERVICE_REQUEST_TIMEOUT,
      hr.ERROR_PROCESS_ABORTED,
      hr.RPC_S_SERVER_UNAVAILABLE,
    ],
    {
      tree: 'DOCTOR_DEPENDENCY_STOPPED',
      service: 'DOCTOR_DEPENDENCY_STOPPED',
      file: 'DOCTOR_DEPENDENCY_STOPPED',
      update: 'DOCTOR_DEPENDENCY_STOPPED',
      unknown: 'DOCTOR_DEPENDENCY_STOPPED',
    },
  ],
  // No endpoint at the RPC mapper: the firewall service is asked for each download and connection rule.
  [
    [hr.EPT_S_NOT_REGISTERED],
    {
      tree: 'DOCTOR_FIREWALL_SERVICE',
      service: 'DOCTOR_FIREWALL_SERVICE',
      file: 'DOCTOR_FIREWALL_SERVICE',
      update: 'DOCTOR_FIREWALL_SERVICE',
      unknown: 'DOCTOR_FIREWALL_SERVICE',
    },
  ],
  // A parser's complaint about a service's answer. When events are uploaded, the server timed out over its event table.
  [
    [hr.WU_E_PT_SOAP_SERVER, hr.WU_E_PT_SOAPCLIENT_SERVER],
    { service: 'DOCTOR_SERVICE_FAULT', unknown: 'DOCTOR_SERVICE_FAULT', tree: 'DOCTOR_SERVICE_FAULT' },
  ],
  // The certificate was refused for a reason that the code does not tell: name, date, issuer or revocation.
  [
    [hr.ERROR_WINHTTP_SECURE_FAILURE, hr.WU_E_PT_SECURITY_VERIFICATION_FAILURE, hr.WS_E_SECURITY_VERIFICATION_FAILURE],
    {
      tree: 'DOCTOR_TLS_REFUSED',
      service: 'DOCTOR_TLS_REFUSED',
      file: 'DOCTOR_TLS_REFUSED',
      unknown: 'DOCTOR_TLS_REFUSED',
    },
  ],
  [[hr.ERROR_TIMEOUT, hr.WU_E_TIME_OUT], { update: 'DOCTOR_INSTALL_FAILED', file: 'DOCTOR_DOWNLOAD_FAILED' }],
  // Installer and servicing: these numbers mean something else where updates are installed.
  [
    [hr.ERROR_FILE_NOT_FOUND, hr.ERROR_PATH_NOT_FOUND],
    { file: 'DOCTOR_DOWNLOAD_FAILED', update: 'DOCTOR_INSTALL_FAILED' },
  ],
  [
    [hr.ERROR_NOT_FOUND, hr.ERROR_INVALID_DATA],
    { update: 'DOCTOR_COMPONENT_STORE', service: 'undecided', unknown: 'undecided' },
  ],
  [[hr.E_INVALIDARG, hr.E_FAIL, hr.E_UNEXPECTED], { update: 'DOCTOR_INSTALL_FAILED', file: 'DOCTOR_DOWNLOAD_FAILED' }],
  [
    [hr.WU_E_WINHTTP_INVALID_FILE, hr.WU_E_INVALID_FILE, hr.WU_E_PT_ECP_INVALID_FILE_FORMAT],
    { update: 'DOCTOR_INSTALL_FAILED' },
  ],
];

const table = new Map<number, Row>();
for (const [codes, row] of rows) for (const code of codes) table.set(code, { ...table.get(code), ...row });

/** The services of an update server, by where a stage talks to when no URL is told. */
const serviceOfStage: Partial<Record<Stage, FindingCode>> = {
  detection: 'DOCTOR_CLIENT_WEB_SERVICE',
  'web-service': 'DOCTOR_CLIENT_WEB_SERVICE',
  reporting: 'DOCTOR_REPORTING',
  download: 'DOCTOR_CONTENT_MISSING',
};

const missingInStage: Partial<Record<Stage, FindingCode>> = {
  'self-update': 'DOCTOR_TREE_MISSING',
  'web-service': 'DOCTOR_CLIENT_WEB_SERVICE',
  reporting: 'DOCTOR_REPORTING',
  download: 'DOCTOR_CONTENT_MISSING',
};

/** The meaning of `code` in a stage, for a request of `url`. Undefined if it is not known. */
export function causeInStage(code: number, stage: Stage, url: string | undefined): Cause | undefined {
  const ground = grounds[stage];
  const own = table.get(code)?.[ground];
  if (own === 'undecided') return undefined;
  if (own) return own;
  const status = httpStatusOf(code) ?? statusOfCode[code];
  if (status !== undefined) return causeOfStatusIn(status, stage, url);
  const cause = causeOf(code);
  if (cause === 'DOCTOR_AGENT_ERROR' && !errorTable().has(code)) return undefined;
  if (ground === 'update' && belongsToOthers.has(cause)) return 'DOCTOR_INSTALL_FAILED';
  if (cause === 'DOCTOR_CLIENT_WEB_SERVICE' && ground === 'service') return serviceAt(stage, url) ?? cause;
  return cause;
}

/** The meaning of an HTTP status in a stage, for a request of `url`. */
export function causeOfStatusIn(status: number, stage: Stage, url: string | undefined): Cause {
  if (status === 404 || status === 410) return missing(stage, url);
  const cause = causeOfStatus(status);
  if (cause === 'DOCTOR_SERVER_ERROR' && stage !== 'self-update') return serviceAt(stage, url) ?? cause;
  return cause;
}

/** The statuses that the agent maps to codes of its own. */
const statusOfCode: Readonly<Record<number, number>> = {
  [hr.WU_E_PT_HTTP_STATUS_BAD_REQUEST]: 400,
  [hr.WU_E_PT_HTTP_STATUS_DENIED]: 401,
  [hr.WU_E_PT_HTTP_STATUS_FORBIDDEN]: 403,
  [hr.WU_E_PT_HTTP_STATUS_NOT_FOUND]: 404,
  [hr.WU_E_PT_HTTP_STATUS_BAD_METHOD]: 405,
  [hr.WU_E_PT_HTTP_STATUS_PROXY_AUTH_REQ]: 407,
  [hr.WU_E_PT_HTTP_STATUS_REQUEST_TIMEOUT]: 408,
  [hr.WU_E_PT_HTTP_STATUS_CONFLICT]: 409,
  [hr.WU_E_PT_HTTP_STATUS_GONE]: 410,
  [hr.WU_E_PT_HTTP_STATUS_SERVER_ERROR]: 500,
  [hr.WU_E_PT_HTTP_STATUS_NOT_SUPPORTED]: 501,
  [hr.WU_E_PT_HTTP_STATUS_BAD_GATEWAY]: 502,
  [hr.WU_E_PT_HTTP_STATUS_SERVICE_UNAVAIL]: 503,
  [hr.WU_E_PT_HTTP_STATUS_GATEWAY_TIMEOUT]: 504,
  [hr.WU_E_PT_HTTP_STATUS_VERSION_NOT_SUP]: 505,
  [hr.WS_E_ENDPOINT_NOT_FOUND]: 404,
  [hr.WS_E_ENDPOINT_NOT_AVAILABLE]: 503,
  [hr.WS_E_ENDPOINT_FAILURE]: 500,
};

/** The HTTP status that a code stands for, raw or mapped. */
export function statusBehind(code: number): number | undefined {
  return httpStatusOf(code) ?? statusOfCode[code];
}

/** In an installation, these are faults of its installer. */
const belongsToOthers = new Set<Cause>(['DOCTOR_AGENT_ERROR', 'DOCTOR_METADATA_INVALID', 'DOCTOR_HTML_FOR_CABINET']);

function missing(stage: Stage, url: string | undefined): FindingCode {
  const path = pathOf(url);
  const kind = path === undefined ? undefined : kindOfPath(path);
  // The ident is the first file asked for: where it is gone, the folder is.
  if (kind === 'wuident') return 'DOCTOR_TREE_MISSING';
  if (kind !== undefined && kind !== 'other') return missingThing(kind);
  if (path !== undefined && /\/content\//i.test(path)) return 'DOCTOR_CONTENT_MISSING';
  // No address is told: a scan asks for the tree (old agents) and for the service.
  return missingInStage[stage] ?? 'DOCTOR_NOT_FOUND';
}

function serviceAt(stage: Stage, url: string | undefined): FindingCode | undefined {
  const path = pathOf(url);
  const kind = path === undefined ? undefined : kindOfPath(path);
  if (kind === 'client-web-service' || kind === 'simple-auth' || kind === 'reporting') return missingThing(kind);
  return stage === 'download' ? undefined : serviceOfStage[stage];
}

function pathOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : /^https?:\/\/[^/]*(\/[^?]*)/i.exec(url)?.[1];
}
