// Every finding the doctor can make: its rung on the ladder, its order among causes, and the WSUS event ids that admins
// know. The words of a finding live in docs/findings/CODE.md. A test holds codes and pages together.

/** A step of the ladder of "Automatic Updates Must Be Updated". The page docs/doctor.md names the ten. */
export type Rung = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

interface CodeFacts {
  rung: Rung;
  /** Lower stops a client earlier: of several roots the lowest is named first. */
  order: number;
  eventIds: readonly number[];
}

const selfUpdateEvents = [506, 13042] as const;

function code(rung: Rung, order: number, eventIds: readonly number[] = []): CodeFacts {
  return { rung, order, eventIds };
}

export const findingCodes = {
  // Rung 1 and 2: what is it, and can it update itself at all?
  DOCTOR_CLIENT_KIND: code(1, 900),
  DOCTOR_LEGACY_MODE: code(1, 350),
  DOCTOR_NEVER_SELF_UPDATES: code(2, 900),
  DOCTOR_CLIENT_UNSUPPORTED: code(2, 330),
  DOCTOR_CLIENT_TOO_OLD: code(2, 335),
  DOCTOR_SKIPPED_BY_SERVER: code(2, 900),
  DOCTOR_UP_TO_DATE: code(2, 900),
  DOCTOR_SELF_UPDATED: code(2, 900),

  // Rung 3: pointed where?
  DOCTOR_POLICY_MISSING: code(3, 20),
  DOCTOR_USEWUSERVER_OFF: code(3, 21),
  DOCTOR_WUSERVER_NOT_SET: code(3, 22),
  DOCTOR_WUSERVER_MALFORMED: code(3, 23),
  DOCTOR_WUSERVER_PORT: code(3, 24),
  DOCTOR_WUSERVER_PATH: code(3, 25),
  DOCTOR_WUSERVER_TRAILING_SLASH: code(3, 800),
  DOCTOR_WUSTATUSSERVER_DIFFERS: code(3, 26),
  DOCTOR_POLICY_IN_WRONG_PLACE: code(3, 19),
  DOCTOR_POLICY_OVERWRITTEN: code(3, 27),
  DOCTOR_POLICY_BLOCKS: code(3, 28),
  DOCTOR_REGISTRY_POL: code(3, 27, [1096]),
  DOCTOR_GROUP_POLICY: code(3, 28, [1058, 1030, 1129]),
  DOCTOR_MANAGEMENT_POINT: code(3, 28),
  DOCTOR_CONFIGMGR_NO_SERVER: code(3, 29),
  DOCTOR_AU_OFF: code(3, 15),
  DOCTOR_DUAL_SCAN: code(3, 360),
  DOCTOR_ASKS_MICROSOFT: code(3, 700),
  DOCTOR_SUS_SERVER: code(3, 600),
  DOCTOR_WRONG_SERVER: code(3, 95),
  DOCTOR_PROXY_MALFORMED: code(3, 29),
  DOCTOR_PROXY_AUTHENTICATION: code(3, 70),
  DOCTOR_PROXY_UNREACHABLE: code(3, 38),
  DOCTOR_PROXY_SCRIPT: code(3, 71),
  DOCTOR_PROXY_USER_ONLY: code(3, 33),
  DOCTOR_PROXY_BETWEEN: code(3, 72),
  DOCTOR_PROXY_SETTING: code(3, 841),
  DOCTOR_POLICY_FILTERED: code(3, 18),
  DOCTOR_POLICY_UNCLEAR: code(3, 842),
  DOCTOR_POLICY_SET: code(3, 900),
  DOCTOR_TARGET_GROUP: code(3, 640),

  // Rung 4: the self-update tree
  DOCTOR_TREE_MISSING: code(4, 200, selfUpdateEvents),
  DOCTOR_SELF_UPDATE_DOWN: code(4, 285, selfUpdateEvents),
  DOCTOR_TREE_INCOMPLETE: code(4, 230, selfUpdateEvents),
  DOCTOR_IUIDENT_MISSING: code(4, 210, selfUpdateEvents),
  DOCTOR_WUIDENT_MISSING: code(4, 205, selfUpdateEvents),
  DOCTOR_IDENT_MALFORMED: code(4, 225, selfUpdateEvents),
  DOCTOR_PORT80_MISSING: code(4, 610, selfUpdateEvents),
  DOCTOR_PORT80_TREE_MISSING: code(4, 605, selfUpdateEvents),
  DOCTOR_PORT80_SETUP_FAILED: code(4, 190, selfUpdateEvents),
  DOCTOR_PORT_NOT_ALLOWED: code(4, 191, selfUpdateEvents),
  DOCTOR_PORT_TAKEN: code(4, 192, selfUpdateEvents),
  DOCTOR_PORT_REFUSED: code(4, 193, selfUpdateEvents),
  DOCTOR_PORT_ANSWERS_WRONG: code(4, 194, selfUpdateEvents),
  DOCTOR_MUI_FILE_MISSING: code(4, 240),
  DOCTOR_TREES_DIFFER: code(4, 250),
  DOCTOR_CABINET_TRUNCATED: code(4, 160, selfUpdateEvents),
  DOCTOR_CABINET_DAMAGED: code(4, 165, selfUpdateEvents),
  DOCTOR_CABINET_ALTERED: code(4, 170, selfUpdateEvents),
  DOCTOR_CABINET_UNSIGNED: code(4, 175, selfUpdateEvents),
  DOCTOR_CABINET_WRONG_SIGNER: code(4, 180, selfUpdateEvents),
  DOCTOR_CABINET_EXPIRED: code(4, 178, selfUpdateEvents),
  DOCTOR_CABINET_SIGNER_UNKNOWN: code(4, 850),
  DOCTOR_WUTRACK_MISSING: code(4, 860),
  DOCTOR_TREE_HEALTHY: code(4, 900),

  // Rung 5: what the web server answers
  DOCTOR_ANONYMOUS_OFF: code(5, 110, selfUpdateEvents),
  DOCTOR_ANONYMOUS_ACCOUNT: code(5, 108, selfUpdateEvents),
  DOCTOR_FILE_ACCESS_DENIED: code(5, 109, selfUpdateEvents),
  DOCTOR_FORBIDDEN: code(5, 115, selfUpdateEvents),
  DOCTOR_SSL_REQUIRED: code(5, 112, selfUpdateEvents),
  DOCTOR_ADDRESS_REFUSED: code(5, 113, selfUpdateEvents),
  DOCTOR_CLIENT_CERTIFICATE: code(5, 114, selfUpdateEvents),
  DOCTOR_MIME_MISSING: code(5, 120, selfUpdateEvents),
  DOCTOR_REQUEST_FILTERED: code(5, 122, selfUpdateEvents),
  DOCTOR_METHOD_REFUSED: code(5, 124, selfUpdateEvents),
  DOCTOR_SERVER_ERROR: code(5, 105, selfUpdateEvents),
  DOCTOR_CONFIGURATION_ERROR: code(5, 104, selfUpdateEvents),
  DOCTOR_SERVICE_UNAVAILABLE: code(5, 100, selfUpdateEvents),
  DOCTOR_SERVER_BUSY: code(5, 128),
  DOCTOR_NOTHING_SEEN: code(5, 846),
  DOCTOR_NOT_FOUND: code(5, 125),
  DOCTOR_BAD_REQUEST: code(5, 126),
  DOCTOR_HTTP_STATUS: code(5, 130),
  DOCTOR_AUTHORIZATION_FILTER: code(5, 111, selfUpdateEvents),
  DOCTOR_TOO_MANY_REQUESTS: code(5, 127),
  DOCTOR_APPLICATION_POOL: code(5, 101, selfUpdateEvents),
  DOCTOR_REQUEST_TOO_LARGE: code(5, 125),
  DOCTOR_SERVER_SERVICE: code(5, 99),

  // Rung 6: something in between
  DOCTOR_SHAREPOINT: code(6, 60, selfUpdateEvents),
  DOCTOR_CAPTIVE_PORTAL: code(6, 62),
  DOCTOR_HTML_FOR_CABINET: code(6, 150, selfUpdateEvents),
  DOCTOR_GATEWAY: code(6, 98),
  DOCTOR_CACHE_STALE: code(6, 245),
  DOCTOR_TLS_INSPECTION: code(6, 64),
  DOCTOR_REDIRECTED: code(6, 66),

  // Rung 7: reachable?
  DOCTOR_NAME_NOT_RESOLVED: code(7, 40),
  DOCTOR_NETWORK_DOWN: code(7, 39),
  DOCTOR_CONNECTION_REFUSED: code(7, 42),
  DOCTOR_CANNOT_CONNECT: code(7, 41),
  DOCTOR_NO_ANSWER: code(7, 44),
  DOCTOR_SLOW: code(7, 252),
  DOCTOR_CONNECTION_CUT: code(7, 46),
  DOCTOR_NOT_HTTP: code(7, 48),
  DOCTOR_HEAD_REFUSED: code(7, 255),
  DOCTOR_HEAD_WRONG: code(7, 625),
  DOCTOR_RANGES_REFUSED: code(7, 635),
  DOCTOR_TLS_EXPIRED: code(7, 50),
  DOCTOR_TLS_NAME: code(7, 51),
  DOCTOR_TLS_UNTRUSTED: code(7, 52),
  DOCTOR_TLS_CHAIN: code(7, 53),
  DOCTOR_TLS_HANDSHAKE: code(7, 54),
  DOCTOR_TLS_REFUSED: code(7, 56),
  DOCTOR_TLS_REVOCATION: code(7, 55),
  DOCTOR_TLS_OUTDATED: code(7, 57),
  DOCTOR_TLS_OLD_CLIENTS: code(7, 870),
  DOCTOR_TLS_EXPIRES_SOON: code(7, 840),
  DOCTOR_TLS_HEALTHY: code(7, 900),
  DOCTOR_MICROSOFT_UNREACHABLE: code(7, 365),
  DOCTOR_MICROSOFT_TLS: code(7, 364),

  // The web services behind the tree
  DOCTOR_CLIENT_WEB_SERVICE: code(5, 300, [12022]),
  DOCTOR_SIMPLE_AUTH: code(5, 310, [12042]),
  DOCTOR_REPORTING: code(5, 320, [12002]),
  DOCTOR_REPORTS_REFUSED: code(5, 321, [12002]),
  DOCTOR_CONSOLE_SERVICE: code(5, 322, [12012]),
  DOCTOR_WEB_SERVICES: code(5, 290, [12022, 12042, 12002]),
  DOCTOR_TOO_MANY_INSTALLED: code(5, 336),
  DOCTOR_PARAMETERS_REFUSED: code(5, 337),
  DOCTOR_SERVICE_FAULT: code(5, 338),
  DOCTOR_COOKIE_REFUSED: code(5, 339),
  DOCTOR_SOAP_FAULT: code(5, 340),
  DOCTOR_NOT_SOAP: code(6, 341),
  DOCTOR_TOO_MANY_TRIPS: code(5, 342),
  DOCTOR_SERVER_EVENT: code(5, 345),
  DOCTOR_DATABASE: code(5, 103, [11002]),
  DOCTOR_CONTENT_FOLDER: code(5, 346, [12072]),
  DOCTOR_CONTENT_MISSING: code(5, 347, [10032, 364]),
  DOCTOR_SYNCHRONIZATION: code(5, 348, [10022, 386]),
  DOCTOR_CLIENTS_SILENT: code(5, 349, [13031, 13032, 13051]),
  DOCTOR_CLIENTS_FAIL: code(5, 351, [13001, 13002, 13022]),
  DOCTOR_NOTHING_OFFERED: code(5, 352),
  DOCTOR_SERVER_HEALTHY: code(5, 900, [10000]),

  // WSUS and Configuration Manager themselves, by their own logs
  DOCTOR_WSUS_SERVICE: code(5, 99, [7031, 7034, 507]),
  DOCTOR_SERVER_DISK_FULL: code(5, 101),
  DOCTOR_POST_INSTALL: code(5, 102, [12022, 12042]),
  DOCTOR_DATABASE_FULL: code(5, 103, [1105, 9002]),
  DOCTOR_DATABASE_LOGIN: code(5, 104, [18456]),
  DOCTOR_DATABASE_SLOW: code(5, 106),
  DOCTOR_SERVER_MEMORY: code(5, 105),
  DOCTOR_SERVER_CERTIFICATE: code(5, 107),
  DOCTOR_SUP_NO_WSUS: code(5, 342),
  DOCTOR_SUP_CATEGORIES: code(5, 343),
  DOCTOR_SUP_CONNECTION: code(5, 344),
  DOCTOR_UPSTREAM_PROXY: code(5, 345, [386]),
  DOCTOR_UPSTREAM_TLS: code(5, 345, [386]),
  DOCTOR_UPSTREAM_TLS_OUTDATED: code(5, 345, [386]),
  DOCTOR_UPSTREAM_UNREACHABLE: code(5, 346, [386]),
  DOCTOR_UPSTREAM_REFUSED: code(5, 346, [386]),
  DOCTOR_UPSTREAM_RANGES: code(5, 346, [364]),
  DOCTOR_CONTENT_SIGNER_EXPIRED: code(5, 346, [364]),
  DOCTOR_CONTENT_REFUSED: code(5, 346, [364]),
  DOCTOR_CONSOLE: code(5, 350, [7032, 7053, 12012]),
  DOCTOR_SHARED_DOWNLOAD: code(5, 353),

  // Rung 8: what the client's logs say
  DOCTOR_PINGS_UNSENT: code(8, 640),
  DOCTOR_PING_FAILURE: code(8, 500),
  DOCTOR_STUCK_AFTER_IDENT: code(8, 820),
  DOCTOR_DOWNLOADS_AGAIN: code(8, 520),
  DOCTOR_SIGNATURE_REFUSED: code(8, 172),
  DOCTOR_SETUP_DATA_INVALID: code(8, 400),
  DOCTOR_SETUP_VERSION: code(8, 405),
  DOCTOR_SETUP_REGISTRATION: code(8, 410),
  DOCTOR_SETUP_FAILED_BEFORE: code(8, 415),
  DOCTOR_SETUP_RESTART: code(8, 420),
  DOCTOR_SETUP_ABORTED: code(8, 425),
  DOCTOR_SETUP_FAILED: code(8, 430),
  DOCTOR_SELF_UPDATE_REQUIRED: code(8, 435),
  DOCTOR_ACCESS_DENIED: code(8, 440),
  DOCTOR_FILE_MISSING: code(8, 442),
  DOCTOR_FILE_LOCKED: code(8, 443),
  DOCTOR_DISK_FULL: code(8, 444),
  DOCTOR_OUT_OF_MEMORY: code(8, 445),
  DOCTOR_AGENT_DAMAGED: code(8, 446),
  DOCTOR_COMPONENT_STORE: code(8, 447),
  DOCTOR_DATASTORE: code(8, 448),
  DOCTOR_BITS: code(8, 449),
  DOCTOR_DOWNLOAD_FAILED: code(8, 450),
  DOCTOR_DOWNLOAD_INTERRUPTED: code(8, 451),
  DOCTOR_UPDATE_SIGNATURE: code(8, 455),
  DOCTOR_INSTALL_FAILED: code(8, 460),
  DOCTOR_UPGRADE_ENCRYPTED: code(8, 458),
  DOCTOR_METADATA_INVALID: code(8, 461),
  DOCTOR_DRIVER: code(8, 462),
  DOCTOR_REPORTER: code(8, 463),
  DOCTOR_SERVICING_POLICY: code(8, 445),
  DOCTOR_SERVICING_SOURCE: code(8, 446),
  DOCTOR_CONFIGMGR_CONTENT: code(8, 447),
  DOCTOR_CONFIGMGR_WINDOW: code(8, 452),
  DOCTOR_UPGRADE_BLOCKED: code(8, 453),
  DOCTOR_UPGRADE_FAILED: code(8, 454),
  DOCTOR_AGENT_ERROR: code(8, 480),
  DOCTOR_NO_OUTCOME: code(8, 881),
  DOCTOR_NOT_UNDERSTOOD: code(8, 879),
  DOCTOR_LOG_ENDS_EARLY: code(8, 880),
  DOCTOR_LOG_NOT_DECODED: code(8, 885),
  DOCTOR_UNREADABLE: code(8, 890),

  // Rung 9: state
  DOCTOR_SERVICE_DISABLED: code(9, 10),
  DOCTOR_SERVICE_MISSING: code(9, 11),
  DOCTOR_SERVICE_STOPPED: code(9, 12),
  DOCTOR_ACCOUNT_SERVICE: code(9, 13),
  DOCTOR_FIREWALL_SERVICE: code(9, 14),
  DOCTOR_DEPENDENCY_STOPPED: code(9, 18),
  DOCTOR_AUSTATE: code(9, 16),
  DOCTOR_RESTART_PENDING: code(9, 17),
  DOCTOR_WAITS_24_HOURS: code(9, 620),
  DOCTOR_WAIT_STUCK: code(9, 30),
  DOCTOR_DETECTION_STUCK: code(9, 31),
  DOCTOR_WAITING: code(9, 900),
  DOCTOR_SUSCLIENTID_DUPLICATE: code(9, 370),
  DOCTOR_SUSCLIENTID_EMPTY: code(9, 250),
  DOCTOR_CLOCK: code(9, 56),
  DOCTOR_LAST_ERROR: code(9, 630),
  DOCTOR_SERVICES_READY: code(9, 843),

  // Rung 10: this server, its content, its agents
  DOCTOR_SERVER_NOT_RUNNING: code(10, 5),
  DOCTOR_RESTORE_UNFINISHED: code(10, 139),
  DOCTOR_NOT_READABLE: code(10, 138),
  DOCTOR_STALE_LOCK: code(10, 650),
  DOCTOR_KEYS: code(10, 140, selfUpdateEvents),
  DOCTOR_SERVER_CLOCK: code(10, 145),
  DOCTOR_KEY_PERMISSIONS: code(10, 660),
  DOCTOR_CONTENT_ALTERED: code(10, 346, [364]),
  DOCTOR_AGENT_VERSION_BROKEN: code(10, 141),
  DOCTOR_AGENT_LEFTOVERS: code(10, 670),
} as const satisfies Record<string, CodeFacts>;

export type FindingCode = keyof typeof findingCodes;

export function isFindingCode(text: string): text is FindingCode {
  return Object.hasOwn(findingCodes, text);
}

/** True where the sentence of `code` is good news. Any other code that passes tells of what is over or did no harm. */
export function isGoodNews(code: FindingCode): boolean {
  return findingCodes[code].order === 900;
}

/** The facts about `code`: rung, order and event ids. */
export function factsOf(code: FindingCode): CodeFacts {
  return findingCodes[code];
}
