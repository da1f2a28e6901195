// What a root explains: findings that follow from it, seen on the same subject. Written once, as a table.
import { type FindingCode, findingCodes } from './codes.ts';

const webServices: FindingCode[] = [
  'DOCTOR_WEB_SERVICES',
  'DOCTOR_CLIENT_WEB_SERVICE',
  'DOCTOR_SIMPLE_AUTH',
  'DOCTOR_REPORTING',
];
const tree: FindingCode[] = [
  'DOCTOR_TREE_MISSING',
  'DOCTOR_TREE_INCOMPLETE',
  'DOCTOR_IUIDENT_MISSING',
  'DOCTOR_WUIDENT_MISSING',
  'DOCTOR_PORT80_TREE_MISSING',
  'DOCTOR_MUI_FILE_MISSING',
];
const delivery: FindingCode[] = [
  'DOCTOR_HTML_FOR_CABINET',
  'DOCTOR_CABINET_TRUNCATED',
  'DOCTOR_CABINET_DAMAGED',
  'DOCTOR_CABINET_ALTERED',
  'DOCTOR_CABINET_UNSIGNED',
  'DOCTOR_CABINET_WRONG_SIGNER',
  'DOCTOR_CABINET_SIGNER_UNKNOWN',
  'DOCTOR_SIGNATURE_REFUSED',
  'DOCTOR_IDENT_MALFORMED',
  'DOCTOR_TREES_DIFFER',
  'DOCTOR_CACHE_STALE',
  'DOCTOR_HEAD_WRONG',
  'DOCTOR_HEAD_REFUSED',
  'DOCTOR_RANGES_REFUSED',
  'DOCTOR_WUTRACK_MISSING',
];
const statuses: FindingCode[] = [
  'DOCTOR_ANONYMOUS_OFF',
  'DOCTOR_ANONYMOUS_ACCOUNT',
  'DOCTOR_FILE_ACCESS_DENIED',
  'DOCTOR_FORBIDDEN',
  'DOCTOR_MIME_MISSING',
  'DOCTOR_REQUEST_FILTERED',
  'DOCTOR_METHOD_REFUSED',
  'DOCTOR_SERVER_ERROR',
  'DOCTOR_SERVICE_UNAVAILABLE',
  'DOCTOR_HTTP_STATUS',
  'DOCTOR_BAD_REQUEST',
  'DOCTOR_REDIRECTED',
  'DOCTOR_GATEWAY',
];
const connection: FindingCode[] = [
  'DOCTOR_NAME_NOT_RESOLVED',
  'DOCTOR_NETWORK_DOWN',
  'DOCTOR_CONNECTION_REFUSED',
  'DOCTOR_NO_ANSWER',
  'DOCTOR_CONNECTION_CUT',
  'DOCTOR_NOT_HTTP',
  'DOCTOR_SLOW',
];
const clientAftermath: FindingCode[] = [
  'DOCTOR_PINGS_UNSENT',
  'DOCTOR_WAITS_24_HOURS',
  'DOCTOR_WAITING',
  'DOCTOR_LAST_ERROR',
  'DOCTOR_AGENT_ERROR',
  'DOCTOR_PING_FAILURE',
  'DOCTOR_STUCK_AFTER_IDENT',
  'DOCTOR_DOWNLOADS_AGAIN',
  'DOCTOR_DETECTION_STUCK',
  'DOCTOR_LOG_ENDS_EARLY',
  'DOCTOR_WUSERVER_TRAILING_SLASH',
  'DOCTOR_SELF_UPDATE_REQUIRED',
];
const setup: FindingCode[] = [
  'DOCTOR_SETUP_FAILED',
  'DOCTOR_SETUP_FAILED_BEFORE',
  'DOCTOR_SETUP_DATA_INVALID',
  'DOCTOR_INSTALL_FAILED',
  'DOCTOR_CLIENTS_FAIL',
  'DOCTOR_METADATA_INVALID',
];

/** Where else a client writes down the same failure. */
const remembered: FindingCode[] = ['DOCTOR_LAST_ERROR', 'DOCTOR_PING_FAILURE', 'DOCTOR_PINGS_UNSENT'];

const everything: FindingCode[] = [
  ...connection,
  ...statuses,
  ...tree,
  ...delivery,
  ...webServices,
  'DOCTOR_NOT_SOAP',
  ...setup,
  ...clientAftermath,
];
const serverEvents: FindingCode[] = ['DOCTOR_SELF_UPDATE_DOWN', 'DOCTOR_SERVER_EVENT', 'DOCTOR_CLIENTS_SILENT'];
const port80: FindingCode[] = ['DOCTOR_PORT80_MISSING'];

const table: Partial<Record<FindingCode, FindingCode[]>> = {
  DOCTOR_NAME_NOT_RESOLVED: [...everything, ...port80],
  DOCTOR_NETWORK_DOWN: everything,
  DOCTOR_CONNECTION_REFUSED: [...everything, ...port80],
  DOCTOR_NO_ANSWER: [...everything, ...port80],
  DOCTOR_CONNECTION_CUT: everything,
  DOCTOR_NOT_HTTP: everything,
  DOCTOR_SERVER_NOT_RUNNING: [...everything, ...port80],
  DOCTOR_TLS_EXPIRED: [...everything, 'DOCTOR_TLS_UNTRUSTED', 'DOCTOR_TLS_CHAIN', 'DOCTOR_TLS_HANDSHAKE'],
  DOCTOR_TLS_NAME: [...everything, 'DOCTOR_TLS_HANDSHAKE'],
  DOCTOR_TLS_UNTRUSTED: [...everything, 'DOCTOR_TLS_HANDSHAKE', 'DOCTOR_TLS_CHAIN'],
  DOCTOR_TLS_OUTDATED: ['DOCTOR_TLS_HANDSHAKE'],
  DOCTOR_TLS_CHAIN: [...everything, 'DOCTOR_TLS_UNTRUSTED', 'DOCTOR_TLS_HANDSHAKE'],
  DOCTOR_TLS_HANDSHAKE: everything,
  DOCTOR_TLS_INSPECTION: [...everything, 'DOCTOR_TLS_UNTRUSTED', 'DOCTOR_TLS_CHAIN', 'DOCTOR_TLS_HANDSHAKE'],
  DOCTOR_CLOCK: [...delivery, ...clientAftermath, 'DOCTOR_TLS_EXPIRED', 'DOCTOR_TLS_HANDSHAKE', 'DOCTOR_WAIT_STUCK'],
  DOCTOR_SHAREPOINT: [...everything, ...port80],
  DOCTOR_CAPTIVE_PORTAL: [...everything, ...port80],
  DOCTOR_REDIRECTED: everything,
  DOCTOR_PROXY_MALFORMED: everything,
  DOCTOR_PROXY_AUTHENTICATION: everything,
  DOCTOR_PROXY_SCRIPT: everything,
  DOCTOR_GATEWAY: everything,
  DOCTOR_SERVICE_UNAVAILABLE: [...everything, ...serverEvents],
  DOCTOR_CONFIGURATION_ERROR: [...everything, ...serverEvents],
  DOCTOR_SERVER_ERROR: [...everything, ...serverEvents],
  DOCTOR_DATABASE: [...webServices, 'DOCTOR_SERVER_ERROR', 'DOCTOR_SYNCHRONIZATION', ...serverEvents],
  DOCTOR_ANONYMOUS_ACCOUNT: [...everything, ...serverEvents],
  DOCTOR_FILE_ACCESS_DENIED: [...everything, ...serverEvents],
  DOCTOR_ANONYMOUS_OFF: [...everything, ...serverEvents],
  DOCTOR_SSL_REQUIRED: everything,
  DOCTOR_ADDRESS_REFUSED: everything,
  DOCTOR_CLIENT_CERTIFICATE: [...everything, 'DOCTOR_TLS_HANDSHAKE'],
  DOCTOR_FORBIDDEN: [...everything, ...serverEvents],
  DOCTOR_MIME_MISSING: everything,
  DOCTOR_REQUEST_FILTERED: everything,
  DOCTOR_METHOD_REFUSED: ['DOCTOR_HEAD_REFUSED', 'DOCTOR_HEAD_WRONG', ...webServices, ...clientAftermath, ...setup],
  DOCTOR_HTTP_STATUS: everything,
  DOCTOR_BAD_REQUEST: everything,
  DOCTOR_SERVER_BUSY: [...webServices, ...clientAftermath, 'DOCTOR_NO_ANSWER'],
  DOCTOR_WRONG_SERVER: [...tree, ...webServices, ...clientAftermath, 'DOCTOR_WUTRACK_MISSING'],
  DOCTOR_SUS_SERVER: [
    'DOCTOR_TREE_MISSING',
    'DOCTOR_WUIDENT_MISSING',
    ...webServices,
    'DOCTOR_LEGACY_MODE',
    ...clientAftermath,
  ],
  DOCTOR_PORT80_SETUP_FAILED: [...tree, ...port80, ...clientAftermath, 'DOCTOR_FILE_MISSING', 'DOCTOR_ACCESS_DENIED'],
  DOCTOR_TREE_MISSING: [...tree, ...delivery, ...setup, ...clientAftermath, ...serverEvents, ...port80],
  DOCTOR_SELF_UPDATE_DOWN: ['DOCTOR_CLIENTS_SILENT'],
  DOCTOR_WUIDENT_MISSING: [...setup, ...clientAftermath, 'DOCTOR_HEAD_REFUSED'],
  DOCTOR_IUIDENT_MISSING: [...setup, ...clientAftermath, 'DOCTOR_TREE_INCOMPLETE'],
  DOCTOR_TREE_INCOMPLETE: [...setup, ...clientAftermath],
  DOCTOR_HTML_FOR_CABINET: [...delivery, 'DOCTOR_NOT_SOAP', ...setup, ...clientAftermath],
  DOCTOR_CABINET_TRUNCATED: [...delivery, ...setup, ...clientAftermath],
  DOCTOR_CABINET_DAMAGED: [...delivery, ...setup, ...clientAftermath],
  DOCTOR_CABINET_ALTERED: [...delivery, ...setup, ...clientAftermath],
  DOCTOR_CABINET_UNSIGNED: [...delivery, ...setup, ...clientAftermath],
  DOCTOR_CABINET_WRONG_SIGNER: [...delivery, ...setup, ...clientAftermath],
  DOCTOR_SIGNATURE_REFUSED: [...setup, ...clientAftermath],
  DOCTOR_SERVER_CLOCK: ['DOCTOR_CLOCK'],
  DOCTOR_KEYS: [...delivery, ...tree, ...setup],
  DOCTOR_IDENT_MALFORMED: [...setup, ...clientAftermath],
  DOCTOR_CACHE_STALE: ['DOCTOR_TREES_DIFFER', 'DOCTOR_HEAD_WRONG', ...setup, ...clientAftermath],
  DOCTOR_TREES_DIFFER: [...setup, ...clientAftermath],
  DOCTOR_WEB_SERVICES: [
    ...webServices,
    'DOCTOR_SOAP_FAULT',
    'DOCTOR_NOT_SOAP',
    'DOCTOR_SERVER_EVENT',
    'DOCTOR_SELF_UPDATE_DOWN',
    'DOCTOR_CLIENTS_SILENT',
    ...clientAftermath,
  ],
  DOCTOR_CLIENT_WEB_SERVICE: ['DOCTOR_SIMPLE_AUTH', 'DOCTOR_REPORTING', 'DOCTOR_SOAP_FAULT', ...clientAftermath],
  DOCTOR_SOAP_FAULT: [...clientAftermath, 'DOCTOR_NOT_SOAP'],
  DOCTOR_NOT_SOAP: [...webServices, ...clientAftermath],
  DOCTOR_SUSCLIENTID_EMPTY: [
    'DOCTOR_SOAP_FAULT',
    'DOCTOR_SIMPLE_AUTH',
    'DOCTOR_CLIENT_WEB_SERVICE',
    ...clientAftermath,
  ],
  DOCTOR_POLICY_MISSING: [
    'DOCTOR_USEWUSERVER_OFF',
    'DOCTOR_WUSERVER_NOT_SET',
    'DOCTOR_ASKS_MICROSOFT',
    ...clientAftermath,
  ],
  DOCTOR_POLICY_IN_WRONG_PLACE: [
    'DOCTOR_POLICY_MISSING',
    'DOCTOR_USEWUSERVER_OFF',
    'DOCTOR_WUSERVER_NOT_SET',
    'DOCTOR_WUSTATUSSERVER_DIFFERS',
    'DOCTOR_ASKS_MICROSOFT',
  ],
  DOCTOR_POLICY_OVERWRITTEN: ['DOCTOR_WUSTATUSSERVER_DIFFERS', 'DOCTOR_ASKS_MICROSOFT', ...clientAftermath],
  DOCTOR_USEWUSERVER_OFF: ['DOCTOR_ASKS_MICROSOFT', ...clientAftermath],
  DOCTOR_WUSERVER_NOT_SET: ['DOCTOR_WUSTATUSSERVER_DIFFERS', 'DOCTOR_ASKS_MICROSOFT', ...clientAftermath],
  DOCTOR_WUSERVER_MALFORMED: [
    ...everything,
    'DOCTOR_WUSTATUSSERVER_DIFFERS',
    'DOCTOR_WUSERVER_PORT',
    'DOCTOR_WUSERVER_PATH',
  ],
  DOCTOR_WUSERVER_PORT: [...everything, 'DOCTOR_WUSTATUSSERVER_DIFFERS', 'DOCTOR_TLS_HANDSHAKE', 'DOCTOR_TLS_OUTDATED'],
  DOCTOR_WUSERVER_PATH: [...tree, ...webServices, ...clientAftermath, 'DOCTOR_WUSTATUSSERVER_DIFFERS'],
  DOCTOR_WUSTATUSSERVER_DIFFERS: [
    'DOCTOR_PINGS_UNSENT',
    'DOCTOR_REPORTING',
    'DOCTOR_ASKS_MICROSOFT',
    'DOCTOR_LAST_ERROR',
  ],
  DOCTOR_AU_OFF: ['DOCTOR_AUSTATE', ...clientAftermath],
  DOCTOR_SERVICE_DISABLED: [
    'DOCTOR_SERVICE_STOPPED',
    'DOCTOR_AUSTATE',
    'DOCTOR_BITS',
    'DOCTOR_DOWNLOAD_FAILED',
    ...clientAftermath,
  ],
  DOCTOR_SERVICE_MISSING: ['DOCTOR_SERVICE_STOPPED', 'DOCTOR_BITS', 'DOCTOR_DOWNLOAD_FAILED', ...clientAftermath],
  DOCTOR_SERVICE_STOPPED: ['DOCTOR_BITS', 'DOCTOR_DOWNLOAD_FAILED', ...clientAftermath],
  DOCTOR_AUSTATE: ['DOCTOR_DETECTION_STUCK', 'DOCTOR_WAIT_STUCK', 'DOCTOR_WAITING'],
  DOCTOR_RESTART_PENDING: [
    'DOCTOR_AUSTATE',
    'DOCTOR_DETECTION_STUCK',
    'DOCTOR_WAITING',
    'DOCTOR_SETUP_RESTART',
    'DOCTOR_INSTALL_FAILED',
  ],
  DOCTOR_WAIT_STUCK: ['DOCTOR_DETECTION_STUCK', 'DOCTOR_WAITING'],
  DOCTOR_DISK_FULL: [...setup, ...clientAftermath, 'DOCTOR_DOWNLOAD_FAILED', 'DOCTOR_DATASTORE', 'DOCTOR_BITS'],
  DOCTOR_OUT_OF_MEMORY: clientAftermath,
  DOCTOR_ACCESS_DENIED: [
    ...setup,
    ...clientAftermath,
    'DOCTOR_SETUP_REGISTRATION',
    'DOCTOR_DATASTORE',
    'DOCTOR_SETUP_ABORTED',
  ],
  DOCTOR_FILE_LOCKED: [...setup, ...clientAftermath, 'DOCTOR_DATASTORE', 'DOCTOR_SETUP_ABORTED'],
  DOCTOR_FILE_MISSING: [...setup, ...clientAftermath],
  DOCTOR_AGENT_DAMAGED: [...setup, ...clientAftermath],
  DOCTOR_SETUP_ABORTED: [...setup, ...clientAftermath],
  DOCTOR_SETUP_REGISTRATION: [...setup, ...clientAftermath],
  DOCTOR_SETUP_DATA_INVALID: [...setup, ...clientAftermath],
  DOCTOR_SETUP_VERSION: [...setup, ...clientAftermath],
  DOCTOR_SETUP_RESTART: [...setup, ...clientAftermath],
  DOCTOR_SETUP_FAILED: ['DOCTOR_SETUP_FAILED_BEFORE', 'DOCTOR_INSTALL_FAILED', ...clientAftermath],
  DOCTOR_SETUP_FAILED_BEFORE: clientAftermath,
  DOCTOR_DATASTORE: ['DOCTOR_METADATA_INVALID', ...clientAftermath],
  DOCTOR_BITS: ['DOCTOR_DOWNLOAD_FAILED', ...clientAftermath],
  DOCTOR_RANGES_REFUSED: ['DOCTOR_BITS', 'DOCTOR_DOWNLOAD_FAILED', ...clientAftermath],
  DOCTOR_CONTENT_FOLDER: ['DOCTOR_CONTENT_MISSING', 'DOCTOR_CONTENT_ALTERED', 'DOCTOR_DOWNLOAD_FAILED'],
  DOCTOR_CLIENT_UNSUPPORTED: clientAftermath,
  DOCTOR_CLIENT_TOO_OLD: clientAftermath,
  DOCTOR_INSTALL_FAILED: remembered,
  DOCTOR_METADATA_INVALID: remembered,
  DOCTOR_DRIVER: remembered,
  DOCTOR_REPORTER: remembered,
  DOCTOR_DOWNLOAD_FAILED: remembered,
  DOCTOR_COMPONENT_STORE: remembered,
  DOCTOR_TOO_MANY_TRIPS: remembered,
  DOCTOR_LEGACY_MODE: remembered,
  DOCTOR_SELF_UPDATE_REQUIRED: remembered,
  DOCTOR_AGENT_ERROR: remembered,
};

/** True where `code`, met with files alone, says nothing of web services: their names and types are others. */
export function sparesServices(code: FindingCode, consequence: FindingCode): boolean {
  return (code === 'DOCTOR_MIME_MISSING' || code === 'DOCTOR_REQUEST_FILTERED') && webServices.includes(consequence);
}

const resolved = new Map<FindingCode, readonly FindingCode[]>();

/** The findings that `code` explains; never itself unless it covers a wider subject (root-cause.ts checks that). */
export function explains(code: FindingCode): readonly FindingCode[] {
  const known = resolved.get(code);
  if (known) return known;
  // A statement about a whole site explains the same statement about one of its files. Of two findings that explain
  // each other the one that stops a client earlier is the root.
  const codes = [...new Set([code, ...(table[code] ?? [])])].filter(
    (other) => other === code || !table[other]?.includes(code) || findingCodes[code].order < findingCodes[other].order,
  );
  resolved.set(code, codes);
  return codes;
}
