// How to see that a finding is gone, where its page does not say so. The source of a finding must be able to show it: a
// probe of your server says nothing about Microsoft's services, the database of WSUS, or refusals to a client.
import { type FindingCode, factsOf } from './codes.ts';
import type { Values } from './fill.ts';

/**
 * The source of the finding: a probe of the server, a scan and the client's new log, logs of others, settings, the same
 * input.
 */
export type ShownBy =
  | 'probe'
  | 'self'
  | 'scan'
  | 'access-log'
  | 'server-log'
  | 'configuration-manager'
  | 'group-policy'
  | 'registry'
  | 'services'
  | 'more-input';

const others: readonly (readonly [ShownBy, readonly FindingCode[]])[] = [
  [
    'scan',
    [
      'DOCTOR_MICROSOFT_UNREACHABLE',
      'DOCTOR_MICROSOFT_TLS',
      'DOCTOR_CANNOT_CONNECT',
      'DOCTOR_TLS_REFUSED',
      'DOCTOR_CABINET_EXPIRED',
      'DOCTOR_NOT_FOUND',
      'DOCTOR_REPORTS_REFUSED',
      'DOCTOR_TOO_MANY_INSTALLED',
      'DOCTOR_TOO_MANY_TRIPS',
      'DOCTOR_PARAMETERS_REFUSED',
      'DOCTOR_SERVICE_FAULT',
      'DOCTOR_COOKIE_REFUSED',
    ],
  ],
  ['access-log', ['DOCTOR_PING_FAILURE', 'DOCTOR_PINGS_UNSENT', 'DOCTOR_DOWNLOADS_AGAIN', 'DOCTOR_STUCK_AFTER_IDENT']],
  [
    'server-log',
    [
      'DOCTOR_PORT80_SETUP_FAILED',
      'DOCTOR_CLIENTS_SILENT',
      'DOCTOR_CLIENTS_FAIL',
      'DOCTOR_WSUS_SERVICE',
      'DOCTOR_SERVER_DISK_FULL',
      'DOCTOR_POST_INSTALL',
      'DOCTOR_DATABASE_FULL',
      'DOCTOR_DATABASE_LOGIN',
      'DOCTOR_DATABASE_SLOW',
      'DOCTOR_SERVER_MEMORY',
      'DOCTOR_SERVER_CERTIFICATE',
      'DOCTOR_SUP_NO_WSUS',
      'DOCTOR_SUP_CATEGORIES',
      'DOCTOR_SUP_CONNECTION',
      'DOCTOR_UPSTREAM_PROXY',
      'DOCTOR_UPSTREAM_TLS',
      'DOCTOR_UPSTREAM_TLS_OUTDATED',
      'DOCTOR_UPSTREAM_UNREACHABLE',
      'DOCTOR_UPSTREAM_REFUSED',
      'DOCTOR_UPSTREAM_RANGES',
      'DOCTOR_CONTENT_SIGNER_EXPIRED',
      'DOCTOR_CONTENT_REFUSED',
      'DOCTOR_CONSOLE',
      'DOCTOR_SHARED_DOWNLOAD',
    ],
  ],
  [
    'configuration-manager',
    ['DOCTOR_MANAGEMENT_POINT', 'DOCTOR_CONFIGMGR_NO_SERVER', 'DOCTOR_CONFIGMGR_CONTENT', 'DOCTOR_CONFIGMGR_WINDOW'],
  ],
  ['group-policy', ['DOCTOR_GROUP_POLICY', 'DOCTOR_REGISTRY_POL']],
  [
    'registry',
    [
      'DOCTOR_WUSERVER_NOT_SET',
      'DOCTOR_WUSERVER_MALFORMED',
      'DOCTOR_WUSERVER_PORT',
      'DOCTOR_WUSERVER_PATH',
      'DOCTOR_WUSERVER_TRAILING_SLASH',
      'DOCTOR_WUSTATUSSERVER_DIFFERS',
      'DOCTOR_POLICY_IN_WRONG_PLACE',
      'DOCTOR_POLICY_BLOCKS',
      'DOCTOR_AU_OFF',
      'DOCTOR_AUSTATE',
      'DOCTOR_WAITS_24_HOURS',
      'DOCTOR_WAIT_STUCK',
      'DOCTOR_DETECTION_STUCK',
      'DOCTOR_SUSCLIENTID_DUPLICATE',
      'DOCTOR_SUSCLIENTID_EMPTY',
      'DOCTOR_LAST_ERROR',
    ],
  ],
  ['services', ['DOCTOR_SERVER_SERVICE']],
  ['self', ['DOCTOR_PORT_NOT_ALLOWED', 'DOCTOR_PORT_TAKEN', 'DOCTOR_PORT_REFUSED', 'DOCTOR_PORT_ANSWERS_WRONG']],
  [
    'more-input',
    [
      'DOCTOR_NOTHING_SEEN',
      'DOCTOR_NOT_UNDERSTOOD',
      'DOCTOR_LOG_ENDS_EARLY',
      'DOCTOR_LOG_NOT_DECODED',
      'DOCTOR_UNREADABLE',
    ],
  ],
];

const table = new Map(others.flatMap(([by, codes]) => codes.map((code) => [code, by] as const)));

/** The source that can show `code`, and so its absence. */
export function shownBy(code: FindingCode): ShownBy {
  const { rung } = factsOf(code);
  return table.get(code) ?? (rung === 10 ? 'self' : rung >= 4 && rung <= 7 ? 'probe' : 'scan');
}

const scan =
  'start a scan on the client (Windows 10 and later: `UsoClient StartScan`; before: `wuauclt /detectnow`). After ten minutes';

/** A sentence that says how, with {placeholders}. */
export function howToSee(code: FindingCode, values: Values): string {
  const by = shownBy(code);
  const isOfAgent = by === 'scan' || by === 'registry';
  if (isOfAgent && values.agent === 'moult')
    return '`moult agent detect`, then `moult doctor client` no longer shows this finding.';
  if (by === 'probe' && values.base) return '`moult doctor server {base}` no longer shows this finding.';
  return sentences[by];
}

const sentences: Record<ShownBy, string> = {
  probe: '`moult doctor server` with the address of the server no longer shows this finding.',
  self: '`moult doctor self` no longer shows this finding.',
  scan: `${scan} its new log no longer shows this finding.`,
  'access-log': `${scan} \`moult doctor logs\` with the new access log of the server no longer shows this finding.`,
  'server-log':
    'let the server work for an hour. After that, `moult doctor logs` with its new logs no longer shows this finding.',
  'configuration-manager':
    'run the Software Updates Scan Cycle of Configuration Manager on the client. After ten minutes, `moult doctor client` with its new logs no longer shows this finding.',
  'group-policy':
    '`gpupdate /force` ends without an error, and `moult doctor client` with the new events no longer shows this finding.',
  registry:
    '`moult doctor client` with a new export of the registry no longer shows this finding, and the next scan ends without an error.',
  services: '`Get-Service` on the server shows Running for the service.',
  'more-input': 'the same command with the further input no longer shows this finding.',
};
