// The findings of settings that somebody sent: proxies, services, Group Policy, the services that the agent asks. Pure.
import { type Evidence, type Observation, observe } from '../../finding.ts';
import { causeOf } from '../../hresult/cause.ts';
import { formatHresult, meaningOf } from '../../hresult/error-table.ts';
import type { FindingCode } from '../../words/codes.ts';
import { observeKindOfSystem, observeOldSystem } from '../agent-rungs.ts';
import { doubtMissingPolicy, observePolicy } from '../policy-rungs.ts';
import { registryPlaces as at, ClientSettings } from '../settings.ts';
import { observeState } from '../state-rungs.ts';
import { observePolicies } from './judge-policies.ts';
import { observeServices } from './judge-services.ts';
import type { ProxySeen, SettingsSeen, UpdateServiceSeen } from './seen.ts';

/**
 * Everything that one text of settings says. `client` is the name to use in sentences. Nothing was sent later than
 * `latestMs`.
 */
export function observeSettings(seen: SettingsSeen, client: string, latestMs = Date.now()): Observation[] {
  const subject = ['client', client];
  const settings = new ClientSettings(seen.registry ?? new Map());
  const server = settings.text(at.policy, 'WUServer');
  const found = [
    ...observeRegistry(seen, settings, client, latestMs),
    ...observeFailures(seen, subject, client, server),
    ...observeProxies(seen, subject, client, server),
    ...observeServices(seen.services ?? [], subject, client),
    ...observePolicies(seen, settings, subject, client),
    ...observeUpdateServices(seen.updateServices ?? [], subject, client),
  ];
  if (seen.damaged) {
    const values = { client, file: seen.source, why: seen.damaged.why };
    found.push(observe('DOCTOR_REGISTRY_POL', 'fail', subject, values, [seen.damaged.evidence]));
  }
  if (seen.version !== undefined) {
    const [major = 0, minor = 0] = seen.version.split('.').map(Number);
    const kind =
      major >= 10 ? 'Windows 10 or later' : major < 5 || (major === 5 && minor < 8) ? 'SUS client' : 'WSUS client';
    found.push(observe('DOCTOR_CLIENT_KIND', 'pass', subject, { client, kind, version: seen.version }, []));
  }
  return found;
}

function observeRegistry(
  seen: SettingsSeen,
  settings: ClientSettings,
  client: string,
  latestMs: number,
): Observation[] {
  if (seen.registry === undefined) return [];
  const found = observePolicy(settings, client);
  // A tool that prints some values says nothing of those that it does not print.
  if (seen.isWholePolicy === false) return found.filter(({ code }) => !ofWhole.has(code));
  if (seen.isWholePolicy) return found;
  // Without a clock nothing is called late. That lies ahead of ours is stuck all the same.
  const clock = { nowMs: undefined, latestMs, offsetMinutes: undefined };
  const state = [...observeOldSystem(settings, client), ...observeState(settings, client, clock)];
  return [...doubtMissingPolicy([...found, ...state], settings), ...observeKindOfSystem(settings, client)];
}

const ofWhole = new Set<FindingCode>(['DOCTOR_POLICY_MISSING', 'DOCTOR_WUSERVER_NOT_SET']);

function observeFailures(
  { failures = [], treeMissing }: SettingsSeen,
  subject: string[],
  client: string,
  server: string | undefined,
): Observation[] {
  const found: Observation[] = failures.flatMap(({ code, evidence }) => {
    const cause = causeOf(code);
    if (cause === 'harmless') return [];
    const meaning = meaningOf(code);
    const values = {
      client,
      error: formatHresult(code),
      ...(meaning
        ? { meaning: `${meaning.name}: ${meaning.meaning}`, found: `${formatHresult(code)} ${meaning.name}` }
        : {}),
      ...(server === undefined
        ? {}
        : { base: server.replace(/\/+$/, ''), server: server.replace(/^https?:\/\//i, '').replace(/\/.*$/, '') }),
    };
    return [observe(cause, 'fail', subject, values, [evidence])];
  });
  if (treeMissing) {
    const values = {
      client,
      ...(server === undefined
        ? {}
        : { base: server.replace(/\/+$/, ''), server: server.replace(/^https?:\/\//i, '').replace(/\/.*$/, '') }),
    };
    found.push(observe('DOCTOR_TREE_MISSING', 'fail', subject, values, [treeMissing]));
  }
  return found;
}

/** Failures that a missing way through a proxy makes, and those that a proxy in between makes. */
const unreached = new Set<string>([
  'DOCTOR_CANNOT_CONNECT',
  'DOCTOR_CONNECTION_REFUSED',
  'DOCTOR_NO_ANSWER',
  'DOCTOR_NAME_NOT_RESOLVED',
  'DOCTOR_CONNECTION_CUT',
  'DOCTOR_NETWORK_DOWN',
]);
const byProxy = new Set<FindingCode>([
  'DOCTOR_PROXY_AUTHENTICATION',
  'DOCTOR_GATEWAY',
  'DOCTOR_FORBIDDEN',
  'DOCTOR_HTML_FOR_CABINET',
  'DOCTOR_NOT_SOAP',
]);

function observeProxies(
  seen: SettingsSeen,
  subject: string[],
  client: string,
  server: string | undefined,
): Observation[] {
  const { winHttp, user, failures = [] } = seen;
  const causes = failures.map(({ code }) => causeOf(code));
  const values = {
    client,
    proxy: winHttp?.how === 'direct' ? (user?.proxy ?? '') : (winHttp?.proxy ?? ''),
    ...(server === undefined
      ? {}
      : { base: server.replace(/\/+$/, ''), server: server.replace(/^https?:\/\//i, '').replace(/\/.*$/, '') }),
  };
  if (winHttp?.how === 'direct') {
    if (user && user.how !== 'direct') {
      const how =
        user.how === 'proxy'
          ? `the proxy ${user.proxy}`
          : user.proxy === undefined
            ? 'automatic detection'
            : `the script ${user.proxy}`;
      const verdict = causes.some((cause) => cause !== 'harmless' && unreached.has(cause)) ? 'fail' : 'unknown';
      return [
        observe('DOCTOR_PROXY_USER_ONLY', verdict, subject, { ...values, found: how }, [
          ...failures.map(({ evidence }) => evidence),
          winHttp.evidence,
          user.evidence,
        ]),
      ];
    }
    return [
      observe('DOCTOR_PROXY_SETTING', 'unknown', subject, { ...values, found: 'directly, without a proxy' }, [
        winHttp.evidence,
      ]),
    ];
  }
  if (!winHttp) return [];
  const malformed = winHttp.how === 'proxy' && !isProxyList(winHttp.proxy ?? '');
  if (malformed)
    return [
      observe('DOCTOR_PROXY_MALFORMED', 'fail', subject, { ...values, found: winHttp.proxy ?? '' }, [winHttp.evidence]),
    ];
  const host = server === undefined ? undefined : hostOf(server);
  if (host !== undefined && isBypassed(winHttp.bypass ?? '', host))
    return [
      observe(
        'DOCTOR_PROXY_SETTING',
        'pass',
        subject,
        { ...values, found: `around the proxy ${winHttp.proxy} for ${host}` },
        [winHttp.evidence],
      ),
    ];
  const blamed = causes.some((cause) => cause !== 'harmless' && byProxy.has(cause));
  return [
    observe('DOCTOR_PROXY_BETWEEN', blamed ? 'fail' : 'unknown', subject, { ...values, found: describe(winHttp) }, [
      winHttp.evidence,
    ]),
  ];
}

function describe({ proxy = '', bypass }: ProxySeen): string {
  return bypass === undefined ? `${proxy}, without exceptions` : `${proxy}, except for ${bypass}`;
}

/** `host:port`, `http=host:port;https=…`: as WinHTTP takes it. */
function isProxyList(text: string): boolean {
  const parts = text.trim().split(/[;\s]+/);
  return (
    text.trim() !== '' && parts.every((part) => /^(?:https?=)?(?:https?:\/\/)?[\w.-]+(?::\d{1,5})?\/?$/i.test(part))
  );
}

/** Whether a list of exceptions holds this host. */
function isBypassed(bypass: string, host: string): boolean {
  const name = host.toLowerCase();
  return bypass
    .toLowerCase()
    .split(/[;\s,]+/)
    .some((pattern) => {
      if (pattern === '') return false;
      if (pattern === '<local>') return !name.includes('.');
      const plain = pattern.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
      const parts = plain.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
      return new RegExp(`^${parts.join('.*')}$`).test(name);
    });
}

function hostOf(address: string): string {
  return address.replace(/^https?:\/\//i, '').replace(/[:/].*$/, '');
}

/** Which service the agent asks by itself: with a server of yours that must be the managed one. */
function observeUpdateServices(
  services: readonly UpdateServiceSeen[],
  subject: string[],
  client: string,
): Observation[] {
  if (services.length === 0) return [];
  const chosen = services.find(({ isDefault }) => isDefault === true);
  const managed = services.find(({ isManaged }) => isManaged);
  const names = services
    .map(({ name }) => name)
    .filter((name) => name !== '')
    .join(', ');
  const evidence: Evidence[] = [...new Set([chosen, managed])].flatMap((service) =>
    service ? [service.evidence] : [],
  );
  const values = { client, found: `the agent asks ${chosen?.name ?? 'another service'} by itself` };
  if (!managed) {
    const all = services.slice(0, 3).map((service) => service.evidence);
    return [observe('DOCTOR_ASKS_MICROSOFT', 'unknown', subject, { client, found: names }, all)];
  }
  if (chosen && !chosen.isManaged) return [observe('DOCTOR_DUAL_SCAN', 'fail', subject, values, evidence)];
  if (!chosen)
    return [
      observe('DOCTOR_DUAL_SCAN', 'unknown', subject, { client, found: 'no service is the default one' }, evidence),
    ];
  return [
    observe(
      'DOCTOR_POLICY_SET',
      'pass',
      subject,
      { client, found: `${chosen.name} is the service that it asks` },
      evidence,
    ),
  ];
}
