// Rung 3: pointed where? From the registry alone. Pure.
import { type Observation, observe } from '../finding.ts';
import type { FindingCode } from '../words/codes.ts';
import { registryPlaces as at, type ClientSettings, evidenceOfValue, wrongPlaces } from './settings.ts';

/** The findings of the policy values. `client` is the name to use in sentences. */
export function observePolicy(settings: ClientSettings, client: string): Observation[] {
  const subject = ['client', client];
  const server = settings.text(at.policy, 'WUServer');
  const values = {
    client,
    url: server ?? '',
    server: hostOf(server),
    found: '',
  };
  const say = (code: FindingCode, names: [string, string][], found = ''): Observation =>
    observe(
      code,
      'fail',
      subject,
      { ...values, found, meaning: found },
      names.flatMap(([key, name]) => evidenceOfValue(settings.value(key, name))),
    );
  const found = [
    ...observePointing(settings, say),
    ...observeAddress(settings, say, subject, values),
    ...observeSwitches(settings, say),
    ...observeTargeting(settings, say),
    ...observeProxy(settings, say),
  ];
  const isPointed = server !== undefined && settings.number(at.policyAu, 'UseWUServer') === 1;
  if (!isPointed || found.some(({ verdict }) => verdict === 'fail')) return found;
  const evidence = [
    ...evidenceOfValue(settings.value(at.policy, 'WUServer')),
    ...evidenceOfValue(settings.value(at.policyAu, 'UseWUServer')),
  ];
  return [...found, observe('DOCTOR_POLICY_SET', 'pass', subject, { ...values, found: server }, evidence)];
}

/**
 * An export without any policy key may be one of the agent's own key alone: where something else is broken, a policy
 * that is missing from it is only a guess. One that holds nothing of the agent says nothing of its policy at all.
 */
export function doubtMissingPolicy(observations: readonly Observation[], settings: ClientSettings): Observation[] {
  const others = observations.some(({ code, verdict }) => verdict === 'fail' && code !== 'DOCTOR_POLICY_MISSING');
  if (settings.hasPolicies || (!others && settings.has(at.update))) return [...observations];
  return observations.map((each) => (each.code === 'DOCTOR_POLICY_MISSING' ? { ...each, verdict: 'unknown' } : each));
}

/** A path in WUServer is a fault where a log or the server itself says 404 there. */
export function judgePath(observations: readonly Observation[]): Observation[] {
  const isMissing = ({ code, verdict, values }: Observation) =>
    verdict === 'fail' && (missingCodes.has(code) || (serviceCodes.has(code) && /^404\b/.test(values.status ?? '')));
  if (!observations.some(isMissing)) return [...observations];
  return observations.map((each) => (each.code === 'DOCTOR_WUSERVER_PATH' ? { ...each, verdict: 'fail' } : each));
}

const missingCodes = new Set<FindingCode>(['DOCTOR_TREE_MISSING', 'DOCTOR_WUIDENT_MISSING', 'DOCTOR_WRONG_SERVER']);
const serviceCodes = new Set<FindingCode>(['DOCTOR_CLIENT_WEB_SERVICE', 'DOCTOR_SIMPLE_AUTH', 'DOCTOR_WEB_SERVICES']);

type Say = (code: FindingCode, names: [string, string][], found?: string) => Observation;

function observePointing(settings: ClientSettings, say: Say): Observation[] {
  const server = settings.text(at.policy, 'WUServer')?.trim();
  const use = settings.value(at.policyAu, 'UseWUServer');
  const found: Observation[] = [];
  const misplaced = [...wrongPlaces, ...settings.userPolicies()].find((key) =>
    [key, `${key}\\au`].some(
      (place) => settings.value(place, 'WUServer') !== undefined || settings.value(place, 'UseWUServer') !== undefined,
    ),
  );
  const missing = !server || use?.data !== 1;
  if (misplaced && missing) {
    found.push(
      say(
        'DOCTOR_POLICY_IN_WRONG_PLACE',
        [
          [misplaced, 'WUServer'],
          [`${misplaced}\\au`, 'UseWUServer'],
          [misplaced, 'UseWUServer'],
        ],
        misplaced.toUpperCase(),
      ),
    );
  }
  // UseWUServer beside WUServer instead of under AU is the same kind of mistake, one level up.
  if (settings.value(at.policy, 'UseWUServer') !== undefined && use === undefined) {
    found.push(
      say(
        'DOCTOR_POLICY_IN_WRONG_PLACE',
        [[at.policy, 'UseWUServer']],
        `${at.policy.toUpperCase()} (UseWUServer belongs into its subkey AU)`,
      ),
    );
  }
  if (server === undefined && use === undefined) {
    found.push(say('DOCTOR_POLICY_MISSING', []));
    return found;
  }
  if (!server)
    found.push(
      say('DOCTOR_WUSERVER_NOT_SET', [
        [at.policy, 'WUServer'],
        [at.policyAu, 'UseWUServer'],
      ]),
    );
  if (use?.data !== 1) {
    const written =
      use === undefined
        ? 'not there'
        : `${use.data}${use.type === 'REG_DWORD' ? '' : ` (${use.type}; it must be a REG_DWORD)`}`;
    found.push(
      say(
        'DOCTOR_USEWUSERVER_OFF',
        [
          [at.policyAu, 'UseWUServer'],
          [at.policy, 'WUServer'],
        ],
        written,
      ),
    );
  }
  const status = settings.text(at.policy, 'WUStatusServer')?.trim();
  if (server && normal(status ?? '') !== normal(server)) {
    found.push(
      say(
        'DOCTOR_WUSTATUSSERVER_DIFFERS',
        [
          [at.policy, 'WUServer'],
          [at.policy, 'WUStatusServer'],
        ],
        `${server} and ${status ?? 'none'}`,
      ),
    );
  }
  return found;
}

function normal(address: string): string {
  return address.toLowerCase().replace(/\/+$/, '');
}

function observeAddress(
  settings: ClientSettings,
  say: Say,
  subject: string[],
  values: Record<string, string>,
): Observation[] {
  const server = settings.text(at.policy, 'WUServer');
  if (!server?.trim()) return [];
  const place: [string, string][] = [[at.policy, 'WUServer']];
  const match = /^(https?):\/\/([^/\s:?#@]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?(\/.*)?$/i.exec(server);
  const number = Number(match?.[3] ?? 80);
  // A blank before or behind is taken for a part of the address.
  if (!match || /\s/.test(server) || number > 65535 || number === 0) return [say('DOCTOR_WUSERVER_MALFORMED', place)];
  const [, scheme = '', , port, path = ''] = match;
  const found: Observation[] = [];
  const tls = scheme.toLowerCase() === 'https';
  if ((tls && (port === '8530' || port === '80')) || (!tls && (port === '8531' || port === '443'))) {
    found.push(say('DOCTOR_WUSERVER_PORT', place));
  }
  // Public self-update servers live under a path. It is wrong only where something says 404 there (judgePath).
  if (path.replaceAll('/', '') !== '') found.push({ ...say('DOCTOR_WUSERVER_PATH', place), verdict: 'pass' });
  else if (path !== '') {
    found.push(
      observe(
        'DOCTOR_WUSERVER_TRAILING_SLASH',
        'unknown',
        subject,
        values,
        evidenceOfValue(settings.value(at.policy, 'WUServer')),
      ),
    );
  }
  return found;
}

function observeSwitches(settings: ClientSettings, say: Say): Observation[] {
  const found: Observation[] = [];
  const noAuto = settings.number(at.policyAu, 'NoAutoUpdate');
  const options = settings.number(at.policyAu, 'AUOptions') ?? settings.number(at.autoUpdate, 'AUOptions');
  if (noAuto === 1) found.push(say('DOCTOR_AU_OFF', [[at.policyAu, 'NoAutoUpdate']], 'NoAutoUpdate = 1'));
  else if (options === 1)
    found.push(
      say(
        'DOCTOR_AU_OFF',
        [
          [at.policyAu, 'AUOptions'],
          [at.autoUpdate, 'AUOptions'],
        ],
        'AUOptions = 1',
      ),
    );
  const blocked = settings.number(at.policy, 'DisableWindowsUpdateAccess');
  if (blocked === 1)
    found.push(
      say('DOCTOR_POLICY_BLOCKS', [[at.policy, 'DisableWindowsUpdateAccess']], 'DisableWindowsUpdateAccess = 1'),
    );
  const offline = settings.number(at.policy, 'DoNotConnectToWindowsUpdateInternetLocations');
  const managed = settings.text(at.policy, 'WUServer') && settings.number(at.policyAu, 'UseWUServer') === 1;
  if (offline === 1 && !managed) {
    found.push(
      say(
        'DOCTOR_POLICY_BLOCKS',
        [[at.policy, 'DoNotConnectToWindowsUpdateInternetLocations']],
        'no Microsoft locations, and no server of yours',
      ),
    );
  }
  if (managed) found.push(...observeDualScan(settings, say));
  return found;
}

const deferrals = [
  'DeferFeatureUpdates',
  'DeferQualityUpdates',
  'DeferUpgrade',
  'DeferUpdatePeriod',
  'PauseFeatureUpdatesStartTime',
  'PauseQualityUpdatesStartTime',
  'BranchReadinessLevel',
];

function observeDualScan(settings: ClientSettings, say: Say): Observation[] {
  const set = deferrals.filter((name) => {
    const value = settings.value(at.policy, name)?.data;
    return value !== undefined && value !== 0 && value !== '';
  });
  const sources = settings.names(at.policy).filter((name) => /^SetPolicyDrivenUpdateSourceFor/i.test(name));
  const elsewhere = sources.filter((name) => settings.number(at.policy, name) === 0);
  if (elsewhere.length > 0) {
    const found = `${elsewhere.join(', ')} = 0 (Microsoft's servers)`;
    return [
      say(
        'DOCTOR_DUAL_SCAN',
        elsewhere.map((name) => [at.policy, name] as [string, string]),
        found,
      ),
    ];
  }
  const prevented =
    settings.number(at.policy, 'DisableDualScan') === 1 ||
    settings.number(at.policyAu, 'UseUpdateClassPolicySource') === 1 ||
    sources.length > 0;
  if (set.length === 0 || prevented) return [];
  return [
    say(
      'DOCTOR_DUAL_SCAN',
      set.map((name) => [at.policy, name] as [string, string]),
      set.join(', '),
    ),
  ];
}

/** Client-side targeting needs the switch and the name. */
function observeTargeting(settings: ClientSettings, say: Say): Observation[] {
  const group = settings.text(at.policy, 'TargetGroup')?.trim();
  const enabled = settings.number(at.policy, 'TargetGroupEnabled');
  const places: [string, string][] = [
    [at.policy, 'TargetGroup'],
    [at.policy, 'TargetGroupEnabled'],
  ];
  if (enabled === 1 && !group)
    return [say('DOCTOR_TARGET_GROUP', places, 'TargetGroupEnabled is 1, and TargetGroup names no group')];
  if (group && enabled !== 1)
    return [
      say(
        'DOCTOR_TARGET_GROUP',
        places,
        `TargetGroup is "${group}", and TargetGroupEnabled is ${enabled ?? 'not set'}`,
      ),
    ];
  return [];
}

/** WinHttpSettings: four bytes each of version, counter, flags, then length and text of proxy and of bypass. */
function observeProxy(settings: ClientSettings, say: Say): Observation[] {
  const hex = settings.text(at.internet, 'WinHttpSettings');
  if (!hex || !/^[0-9a-f]+$/i.test(hex)) return [];
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length < 16 || (bytes.readUInt32LE(8) & 2) === 0) return [];
  const proxy = bytes.subarray(16, 16 + bytes.readUInt32LE(12)).toString('latin1');
  const good = proxy
    .split(/[;\s]+/)
    .every((part) => /^(?:https?=)?(?:https?:\/\/)?[\w.-]+(?::\d{1,5})?\/?$/i.test(part));
  return good && proxy !== '' ? [] : [say('DOCTOR_PROXY_MALFORMED', [[at.internet, 'WinHttpSettings']], proxy)];
}

function hostOf(address: string | undefined): string {
  return /^https?:\/\/([^/]+)/i.exec(address ?? '')?.[1] ?? '';
}
