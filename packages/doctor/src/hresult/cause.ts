// Which trouble a HRESULT stands for. Every code of the table is placed here, by itself or by its block; a test holds
// that. `harmless` codes are success, "nothing to do" and states that pass by themselves.
import type { FindingCode } from '../words/codes.ts';
import { httpStatusOf } from './error-table.ts';

export type CodeCause = FindingCode | 'harmless';

/** The trouble behind `value` (unsigned 32 bit). */
export function causeOf(value: number): CodeCause {
  const unsigned = value >>> 0;
  if (unsigned < 0x80000000) return 'harmless';
  const status = httpStatusOf(unsigned);
  if (status !== undefined) return causeOfStatus(status);
  return (
    single.get(unsigned) ??
    blocks.find(({ from, to }) => unsigned >= from && unsigned <= to)?.cause ??
    'DOCTOR_AGENT_ERROR'
  );
}

/** The trouble behind an HTTP status, where no substatus is known. */
export function causeOfStatus(status: number): CodeCause {
  if (status < 300 || status === 304) return 'harmless';
  if (status < 400) return 'DOCTOR_REDIRECTED';
  return byStatus[status] ?? (status >= 500 ? 'DOCTOR_SERVER_ERROR' : 'DOCTOR_HTTP_STATUS');
}

const byStatus: Record<number, FindingCode> = {
  400: 'DOCTOR_BAD_REQUEST',
  401: 'DOCTOR_ANONYMOUS_OFF',
  403: 'DOCTOR_FORBIDDEN',
  404: 'DOCTOR_TREE_MISSING',
  405: 'DOCTOR_METHOD_REFUSED',
  407: 'DOCTOR_PROXY_AUTHENTICATION',
  408: 'DOCTOR_SERVER_BUSY',
  410: 'DOCTOR_TREE_MISSING',
  416: 'DOCTOR_RANGES_REFUSED',
  501: 'DOCTOR_METHOD_REFUSED',
  502: 'DOCTOR_GATEWAY',
  503: 'DOCTOR_SERVICE_UNAVAILABLE',
  504: 'DOCTOR_GATEWAY',
  511: 'DOCTOR_CAPTIVE_PORTAL',
};

const groups: readonly (readonly [CodeCause, readonly number[]])[] = [
  [
    'harmless',
    [
      0x8007045b, 0x80240006, 0x80240009, 0x8024000a, 0x8024000b, 0x8024000c, 0x80240013, 0x80240017, 0x8024001b,
      0x8024001e, 0x80240020, 0x80240024, 0x80240039, 0x80244015, 0x8024502d, 0x80246004, 0x80246007, 0x8024800e,
      0x8024a002, 0x8024a004, 0x8024c001, 0x8024d009, 0x80243ffd, 0x80242014, 0x8024004a, 0x8024d00d, 0x800704c7,
      0x800703f0,
    ],
  ],
  // Name, network, connection
  ['DOCTOR_NAME_NOT_RESOLVED', [0x80072ee7, 0x8024402c]],
  ['DOCTOR_NETWORK_DOWN', [0x800704cf, 0x8024001f, 0x80200010, 0x80246005]],
  ['DOCTOR_CANNOT_CONNECT', [0x80072efd, 0x80244004, 0x80240438, 0x803d0010]],
  ['DOCTOR_NO_ANSWER', [0x80072ee2, 0x80240021, 0x800705b4, 0x803d0006]],
  ['DOCTOR_CONNECTION_CUT', [0x80072efe, 0x80072eff, 0x80240440, 0x80244005, 0x80244009, 0x80072f00, 0x803d0014]],
  ['DOCTOR_NOT_HTTP', [0x80072f78, 0x80072f79, 0x80072f76, 0x80072f95, 0x80072f96, 0x80072f97, 0x80072f98]],
  ['DOCTOR_REDIRECTED', [0x80072f7c]],
  ['DOCTOR_WUSERVER_MALFORMED', [0x80072ee5, 0x80072ee6, 0x80072f7a, 0x80240027, 0x8024043a, 0x80240046, 0x803d0020]],
  // TLS
  ['DOCTOR_TLS_EXPIRED', [0x80072f05, 0x80090328]],
  ['DOCTOR_TLS_NAME', [0x80072f06, 0x800b010f, 0x80090322]],
  ['DOCTOR_TLS_UNTRUSTED', [0x80072f0d, 0x80072f89, 0x80072f93, 0x80090325]],
  ['DOCTOR_TLS_REVOCATION', [0x80072f19, 0x80072f8a]],
  ['DOCTOR_TLS_HANDSHAKE', [0x80072f7d, 0x8024044b, 0x803d0023]],
  ['DOCTOR_TLS_REFUSED', [0x80072f8f, 0x80240437, 0x803d000a]],
  ['DOCTOR_CLIENT_CERTIFICATE', [0x80072f0c, 0x80072f99, 0x80072f9a]],
  // Proxy
  ['DOCTOR_PROXY_MALFORMED', [0x80240030]],
  [
    'DOCTOR_PROXY_AUTHENTICATION',
    [0x8024401b, 0x8024043c, 0x80072eef, 0x803d0015, 0x803d0016, 0x803d0018, 0x803d0019, 0x803d001a, 0x803d001b],
  ],
  ['DOCTOR_PROXY_SCRIPT', [0x80072f86, 0x80072f87, 0x80072f90, 0x80072f91, 0x80072f92, 0x80072f94]],
  // HTTP statuses mapped by the agent
  ['DOCTOR_BAD_REQUEST', [0x80244016]],
  ['DOCTOR_ANONYMOUS_OFF', [0x80244017, 0x803d0005, 0x803d001c, 0x803d001d, 0x803d001e, 0x803d001f]],
  ['DOCTOR_FORBIDDEN', [0x80244018]],
  ['DOCTOR_TREE_MISSING', [0x80244019, 0x8024401e, 0x803d000d]],
  ['DOCTOR_METHOD_REFUSED', [0x8024401a, 0x80244020]],
  ['DOCTOR_SERVER_BUSY', [0x8024401c, 0x8024f004, 0x803d0012]],
  ['DOCTOR_SERVER_ERROR', [0x8024401f, 0x80244006, 0x8024400e, 0x803d000f]],
  ['DOCTOR_GATEWAY', [0x80244021, 0x80244023]],
  ['DOCTOR_SERVICE_UNAVAILABLE', [0x80244022, 0x803d000e]],
  ['DOCTOR_HTTP_STATUS', [0x8024401d, 0x80244024, 0x8024402b]],
  ['DOCTOR_RANGES_REFUSED', [0x80200013, 0x80200011]],
  // What was delivered
  ['DOCTOR_HTML_FOR_CABINET', [0x80240038, 0x80240031, 0x80244031, 0x800b0003]],
  ['DOCTOR_CABINET_ALTERED', [0x80096010, 0x80096004]],
  ['DOCTOR_CABINET_UNSIGNED', [0x800b0100]],
  ['DOCTOR_CABINET_WRONG_SIGNER', [0x800b0109, 0x800b010a, 0x800b0004, 0x800b010c, 0x800b0110, 0x800b0111]],
  ['DOCTOR_CABINET_EXPIRED', [0x800b0101]],
  ['DOCTOR_SIGNATURE_REFUSED', [0x80092003, 0x80242019]],
  // Web services
  ['DOCTOR_SOAP_FAULT', [0x80244007, 0x8024400b, 0x8024400c, 0x8024400d, 0x803d0013, 0x80240442]],
  ['DOCTOR_NOT_SOAP', [0x80244008, 0x8024400a, 0x803d0000, 0x80240439]],
  ['DOCTOR_TOO_MANY_TRIPS', [0x80244010]],
  ['DOCTOR_WUSERVER_NOT_SET', [0x80244011, 0x8024001a]],
  ['DOCTOR_SUS_SERVER', [0x8024002b]],
  ['DOCTOR_LEGACY_MODE', [0x8024a003]],
  ['DOCTOR_CLIENT_WEB_SERVICE', [0x80244025, 0x80244026, 0x80244027, 0x80244028, 0x80244029, 0x8024402a, 0x80240436]],
  // Policy
  [
    'DOCTOR_POLICY_BLOCKS',
    [0x80240025, 0x8024002e, 0x8024002f, 0x80240044, 0x8024500c, 0x8024500d, 0x80241003, 0x8024004e],
  ],
  // Services and state
  ['DOCTOR_SERVICE_DISABLED', [0x80070422]],
  ['DOCTOR_SERVICE_STOPPED', [0x80070426, 0x8007042b, 0x8007042c, 0x8007041d, 0x800706ba]],
  ['DOCTOR_SERVICE_MISSING', [0x80070424, 0x80240001, 0x80240042, 0x8024a000, 0x8024a005, 0x80070433]],
  ['DOCTOR_RESTART_PENDING', [0x80070bc2, 0x80070bc9, 0x80240016, 0x8024d014, 0x8024d015]],
  // Self-update
  ['DOCTOR_SETUP_DATA_INVALID', [0x8024d001, 0x8024d002, 0x8024d010]],
  ['DOCTOR_SETUP_VERSION', [0x8024d005, 0x8024d006, 0x8024d013]],
  ['DOCTOR_SETUP_REGISTRATION', [0x8024d007]],
  ['DOCTOR_SETUP_FAILED_BEFORE', [0x8024d008]],
  ['DOCTOR_CLIENT_UNSUPPORTED', [0x8024d00a, 0x8024d00b]],
  ['DOCTOR_SETUP_RESTART', [0x8024d00c, 0x8024d00e]],
  ['DOCTOR_SETUP_FAILED', [0x8024d003, 0x8024d004, 0x8024d00f, 0x8024d016, 0x8024dfff]],
  ['DOCTOR_SELF_UPDATE_REQUIRED', [0x8024d011, 0x8024d012, 0x80247002]],
  ['DOCTOR_SETUP_ABORTED', [0x800703e3]],
  // The machine
  ['DOCTOR_ACCESS_DENIED', [0x80070005, 0x80240018, 0x80070522]],
  ['DOCTOR_FILE_MISSING', [0x80070002, 0x80070003, 0x80246010, 0x80246012, 0x8024002c, 0x8024002d]],
  ['DOCTOR_FILE_LOCKED', [0x80070020, 0x8024800f, 0x80070021]],
  ['DOCTOR_DISK_FULL', [0x80070070, 0x80070027]],
  ['DOCTOR_OUT_OF_MEMORY', [0x8007000e, 0x80244002, 0x80240002, 0x80072ee1]],
  [
    'DOCTOR_AGENT_DAMAGED',
    [
      0x80004002, 0x80040154, 0x80080005, 0x80244001, 0x8024043b, 0x80072eec, 0x80072ee4, 0x80072f8c, 0x80243ffe,
      0x80243004, 0x80243004, 0x8007007e, 0x8007007f, 0x800706be, 0x80010108, 0x8007000b, 0x800b0001,
    ],
  ],
  ['DOCTOR_COMPONENT_STORE', [0x800736b3, 0x80073712, 0x800f0831, 0x80070490, 0x80242017, 0x80242012, 0x80242013]],
  [
    'DOCTOR_INSTALL_FAILED',
    [0x80070643, 0x80240022, 0x80240023, 0x8024002a, 0x80240033, 0x80240035, 0x80240019, 0x80240019],
  ],
  ['DOCTOR_DOWNLOAD_FAILED', [0x80240034, 0x80240005]],
  [
    'DOCTOR_METADATA_INVALID',
    [
      0x8024000d, 0x8024000e, 0x8024000f, 0x80240010, 0x80240011, 0x8024001d, 0x8007000d, 0x8024004d, 0x80247001,
      0x80247001,
    ],
  ],
];

const blocks: readonly { from: number; to: number; cause: CodeCause }[] = [
  // Windows Installer (MSI), the component store and servicing, Delivery Optimization.
  { from: 0x80070641, to: 0x80070690, cause: 'DOCTOR_INSTALL_FAILED' },
  { from: 0x800736b0, to: 0x800737ff, cause: 'DOCTOR_COMPONENT_STORE' },
  // Installers that failed beside a sound store.
  { from: 0x800f0922, to: 0x800f0923, cause: 'DOCTOR_INSTALL_FAILED' },
  { from: 0x800f0800, to: 0x800f0fff, cause: 'DOCTOR_COMPONENT_STORE' },
  { from: 0x80d00000, to: 0x80d0ffff, cause: 'DOCTOR_DOWNLOAD_FAILED' },
  // Schannel and its packages; cryptography and trust of files.
  { from: 0x80090300, to: 0x80090380, cause: 'DOCTOR_TLS_HANDSHAKE' },
  { from: 0x80092000, to: 0x80092fff, cause: 'DOCTOR_SIGNATURE_REFUSED' },
  { from: 0x80096000, to: 0x80096fff, cause: 'DOCTOR_SIGNATURE_REFUSED' },
  { from: 0x800b0000, to: 0x800b01ff, cause: 'DOCTOR_SIGNATURE_REFUSED' },
  // Native web services (WS_E_…): what was said to a web service, or came back.
  { from: 0x803d0000, to: 0x803d00ff, cause: 'DOCTOR_CLIENT_WEB_SERVICE' },
  // Set-up of Windows itself: feature updates.
  { from: 0xc1800000, to: 0xc190ffff, cause: 'DOCTOR_INSTALL_FAILED' },
  // The Extensible Storage Engine under the agent's datastore.
  { from: 0xc8000001, to: 0xc800ffff, cause: 'DOCTOR_DATASTORE' },
  { from: 0x80072ee0, to: 0x80072fff, cause: 'DOCTOR_CONNECTION_CUT' },
  { from: 0x80200000, to: 0x802000ff, cause: 'DOCTOR_BITS' },
  { from: 0x80241000, to: 0x80243003, cause: 'DOCTOR_INSTALL_FAILED' },
  { from: 0x8024402f, to: 0x80244035, cause: 'DOCTOR_METADATA_INVALID' },
  // What is left here is the agent's own: WMI, its name, its state.
  { from: 0x80244000, to: 0x80244fff, cause: 'DOCTOR_AGENT_ERROR' },
  // The redirector leads to Microsoft's services alone.
  { from: 0x80245000, to: 0x80245fff, cause: 'DOCTOR_MICROSOFT_UNREACHABLE' },
  { from: 0x80246006, to: 0x80246009, cause: 'DOCTOR_BITS' },
  { from: 0x80246000, to: 0x80246fff, cause: 'DOCTOR_DOWNLOAD_FAILED' },
  { from: 0x80248000, to: 0x80248fff, cause: 'DOCTOR_DATASTORE' },
  { from: 0x80249000, to: 0x80249fff, cause: 'DOCTOR_REPORTER' },
  { from: 0x8024c000, to: 0x8024cfff, cause: 'DOCTOR_DRIVER' },
  { from: 0x8024d000, to: 0x8024dfff, cause: 'DOCTOR_SETUP_FAILED' },
  { from: 0x8024e000, to: 0x8024efff, cause: 'DOCTOR_METADATA_INVALID' },
  { from: 0x8024f000, to: 0x8024ffff, cause: 'DOCTOR_REPORTER' },
];

const single = new Map<number, CodeCause>(
  groups.flatMap(([cause, codes]) => codes.map((code) => [code, cause] as const)),
);
