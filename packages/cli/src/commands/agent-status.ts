import type { AgentStatus } from '@moult/agent';
import { paint } from '../terminal.ts';

/** The status for people: which client it is comes first and in colour. */
export function describeStatus(status: AgentStatus): string {
  const colour = status.generation === 'sus' || status.legacyMode ? 'yellow' : 'cyan';
  const name = paint(['bold', colour], status.client);
  const head = status.version === undefined ? name : `${name} ${status.version}`;
  const rows: [string, string | undefined][] = [
    ['service', status.running ? `running (process ${status.running.pid})` : 'stopped'],
    ['host', hostLine(status)],
    ['files', status.version === undefined ? undefined : status.intact ? 'intact' : paint('red', 'DAMAGED')],
    ['trial', status.trial && `${status.trial.version} is on trial beside ${status.trial.previous ?? 'nothing'}`],
    ['before', status.trial ? undefined : status.previous && `${status.previous} (comes back if this version fails)`],
    ['failed', status.failedTrials.map(({ version, code }) => `${version} (${code})`).join(', ') || undefined],
    ['server', serverLine(status)],
    ['group', status.targetGroup],
    ['proxy', status.proxy],
    ['metadata', trustLine(status.trust)],
    ['bandwidth', status.bandwidth === 0 ? undefined : `${status.bandwidth} KiB/s`],
    ['TLS', status.server?.startsWith('https:') ? tlsMeanings[status.tlsTrust] : undefined],
    ['client id', status.clientId],
    ['machine', `${status.machine.os}, ${status.machine.architecture}, ${status.machine.language}`],
    ['AUState', status.auState && `${status.auState.value} (${status.auState.meaning})`],
    ['next', status.nextDetection && `detection at ${status.nextDetection}`],
    ['detection', resultLine(status.results.detect)],
    ['download', resultLine(status.results.download)],
    ['install', resultLine(status.results.install)],
    [
      'pings',
      status.keptPings === 0 ? undefined : `${status.keptPings} wait in urllog.dat (status server not reached)`,
    ],
    ['log', status.log],
  ];
  const lines = rows.flatMap(([label, value]) => (value === undefined ? [] : [`  ${label.padEnd(10)}${value}`]));
  return [head, ...lines].join('\n');
}

const tlsMeanings: Readonly<Record<string, string>> = {
  any: "the operator's CA and the system's store are trusted",
  operator: "the operator's CA alone is trusted",
  system: "the system's store alone is trusted",
};

/** Red is only for what an administrator has to do something about. */
function trustLine({ pinned, state, at, refreshed, overdue }: AgentStatus['trust']): string | undefined {
  if (!pinned)
    return state === undefined ? undefined : 'no root is pinned: releases go by the signature of the operator';
  const [worst] = overdue;
  const last = refreshed === undefined ? 'never refreshed' : `refreshed ${refreshed}`;
  if (worst) {
    const days = worst.days === 1 ? '1 day' : `${worst.days} days`;
    return paint('red', `EXPIRED: ${worst.role} is ${days} overdue, ${last}`);
  }
  const isOld = state === 'last-good' || state === 'none';
  return isOld ? paint('red', `cannot be refreshed since ${refreshed ?? at}`) : last;
}

function hostLine({ hostVersion, hostOnTrial, failedHosts }: AgentStatus): string | undefined {
  const failed = failedHosts.map(({ version, why }) => `; ${version} failed: ${why}`).join('');
  if (hostVersion === undefined) return failed === '' ? undefined : failed.slice(2);
  return `${hostVersion}${hostOnTrial ? ' (on trial)' : ''}${failed}`;
}

function serverLine({ server, useServer, statusServer }: AgentStatus): string {
  if (server === undefined) return paint('red', 'none (WUServer is not set)');
  const used = useServer ? '' : paint('red', ' (not used: UseWUServer is not 1)');
  const other = statusServer === undefined || statusServer === server ? '' : `, status server ${statusServer}`;
  return `${server}${other}${used}`;
}

function resultLine({ lastSuccess, lastError }: AgentStatus['results']['detect']): string | undefined {
  if (lastError !== undefined && lastError !== '0x00000000') return paint('red', `last failed with ${lastError}`);
  return lastSuccess && `last succeeded ${lastSuccess} UTC`;
}
