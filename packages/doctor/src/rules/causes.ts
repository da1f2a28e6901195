// A code means different things in different stages: 0x800B0109 is the server's TLS certificate in a web service call, the
// signer of an update in an installation, and the signer of a self-update file before both. Codes that mean the same
// everywhere are in hresult/cause.ts.
import { causeOf, causeOfStatus } from '../hresult/cause.ts';
import { errorTable, httpStatusOf } from '../hresult/error-table.ts';
import { kindOfPath } from '../http-log/record.ts';
import { missingThing } from '../http-log/status-cause.ts';
import type { Stage } from '../story/event.ts';
import type { FindingCode } from '../words/codes.ts';

export type Cause = FindingCode | 'harmless';

/** What a stage handles: files of the agent itself, a service over the network, files of updates, their set-up. */
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

/** `undecided`: the code alone does not tell, and a wrong cause would be worse than none. */
type Row = Partial<Record<Ground, Cause | 'undecided'>>;

const tlsOr = (service: FindingCode, tree: FindingCode): Row => ({
  service,
  tree,
  file: 'DOCTOR_UPDATE_SIGNATURE',
  update: 'DOCTOR_UPDATE_SIGNATURE',
  unknown: 'undecided',
});

const rows: readonly (readonly [readonly number[], Row])[] = [
  [[0x800b0101, 0x800b0102], tlsOr('DOCTOR_TLS_EXPIRED', 'DOCTOR_CABINET_EXPIRED')],
  [
    [0x800b0109, 0x800b010a, 0x800b010d, 0x800b0112, 0x800b0107],
    tlsOr('DOCTOR_TLS_UNTRUSTED', 'DOCTOR_CABINET_WRONG_SIGNER'),
  ],
  [[0x800b0110, 0x800b0111, 0x800b0004], tlsOr('DOCTOR_TLS_UNTRUSTED', 'DOCTOR_CABINET_WRONG_SIGNER')],
  [[0x800b010f, 0x800b0114], tlsOr('DOCTOR_TLS_NAME', 'DOCTOR_CABINET_WRONG_SIGNER')],
  [
    [0x800b010c, 0x800b010e, 0x80092010, 0x80092012, 0x80092013],
    tlsOr('DOCTOR_TLS_REVOCATION', 'DOCTOR_SIGNATURE_REFUSED'),
  ],
  [
    [0x800b0100, 0x800b0001, 0x800b0003, 0x80096001, 0x80096002, 0x80096003, 0x80096004, 0x80096005, 0x80096010],
    { file: 'DOCTOR_UPDATE_SIGNATURE', update: 'DOCTOR_UPDATE_SIGNATURE', service: 'DOCTOR_SIGNATURE_REFUSED' },
  ],
  [[0x80096005], { tree: 'DOCTOR_CABINET_EXPIRED' }],
  // The server's tree is older than the signatures that the agent of a newer Windows wants.
  [[0x800b0001], { tree: 'DOCTOR_SETUP_VERSION' }],
  [[0x80092003, 0x80092004, 0x80092026], { file: 'DOCTOR_UPDATE_SIGNATURE', update: 'DOCTOR_UPDATE_SIGNATURE' }],
  // A service of Windows that the agent needs. The agent wrote the line, so it runs.
  [
    [0x80070426, 0x8007042c, 0x8007041d, 0x8007042b, 0x800706ba],
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
    [0x800706d9],
    {
      tree: 'DOCTOR_FIREWALL_SERVICE',
      service: 'DOCTOR_FIREWALL_SERVICE',
      file: 'DOCTOR_FIREWALL_SERVICE',
      update: 'DOCTOR_FIREWALL_SERVICE',
      unknown: 'DOCTOR_FIREWALL_SERVICE',
    },
  ],
  // A parser's complaint about a service's answer; when events are uploaded, the server timed out over its event table.
  [
    [0x8024400e, 0x80244006],
    { service: 'DOCTOR_SERVICE_FAULT', unknown: 'DOCTOR_SERVICE_FAULT', tree: 'DOCTOR_SERVICE_FAULT' },
  ],
  // The certificate was refused for a reason that the code does not tell: name, date, issuer or revocation.
  [
    [0x80072f8f, 0x80240437, 0x803d000a],
    {
      tree: 'DOCTOR_TLS_REFUSED',
      service: 'DOCTOR_TLS_REFUSED',
      file: 'DOCTOR_TLS_REFUSED',
      unknown: 'DOCTOR_TLS_REFUSED',
    },
  ],
  [[0x800705b4, 0x80240021], { update: 'DOCTOR_INSTALL_FAILED', file: 'DOCTOR_DOWNLOAD_FAILED' }],
  // Installer and servicing: these numbers mean something else where updates are installed.
  [[0x80070002, 0x80070003], { file: 'DOCTOR_DOWNLOAD_FAILED', update: 'DOCTOR_INSTALL_FAILED' }],
  [[0x80070490, 0x8007000d], { update: 'DOCTOR_COMPONENT_STORE', service: 'undecided', unknown: 'undecided' }],
  [[0x80070057, 0x80004005, 0x8000ffff], { update: 'DOCTOR_INSTALL_FAILED', file: 'DOCTOR_DOWNLOAD_FAILED' }],
  [[0x80240038, 0x80240031, 0x80244031], { update: 'DOCTOR_INSTALL_FAILED' }],
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

/** What `code` means in a stage, where `url` was asked for; undefined where nobody knows. */
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

/** What an HTTP status means in a stage, where `url` was asked for. */
export function causeOfStatusIn(status: number, stage: Stage, url: string | undefined): Cause {
  if (status === 404 || status === 410) return missing(stage, url);
  const cause = causeOfStatus(status);
  if (cause === 'DOCTOR_SERVER_ERROR' && stage !== 'self-update') return serviceAt(stage, url) ?? cause;
  return cause;
}

/** The statuses that the agent maps to codes of its own. */
const statusOfCode: Readonly<Record<number, number>> = {
  [0x80244016]: 400,
  [0x80244017]: 401,
  [0x80244018]: 403,
  [0x80244019]: 404,
  [0x8024401a]: 405,
  [0x8024401b]: 407,
  [0x8024401c]: 408,
  [0x8024401d]: 409,
  [0x8024401e]: 410,
  [0x8024401f]: 500,
  [0x80244020]: 501,
  [0x80244021]: 502,
  [0x80244022]: 503,
  [0x80244023]: 504,
  [0x80244024]: 505,
  [0x803d000d]: 404,
  [0x803d000e]: 503,
  [0x803d000f]: 500,
};

/** The HTTP status that a code stands for, raw or mapped. */
export function statusBehind(code: number): number | undefined {
  return httpStatusOf(code) ?? statusOfCode[code];
}

/** Where an update is installed, these say what its installer met. */
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
