// The administrator's decisions (the Policies key) and the facts of this machine, as plain data.

import { hresult } from '@moult/protocol/hresult';
import {
  isArchitecture,
  operatingSystems,
  type ProcessorArchitecture,
  type SelfUpdateOs,
} from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import { noPolicyFiles, type PolicyFiles, resolvePolicy } from '../policy/resolve.ts';
import { policyValueByName } from '../policy/values.ts';
import { keys } from './keys.ts';
import type { RegistryView } from './registry.ts';

export interface Policy {
  useServer: boolean;
  server: string | undefined;
  statusServer: string | undefined;
  noAutoUpdate: boolean;
  /** 1 off (local key only), 2 notify, 3 download and notify, 4 scheduled, 5 the local administrator chooses. */
  option: number;
  /** 0 every day, 1 Sunday … 7 Saturday. */
  scheduledDay: number;
  /** Hour of the day, local, 0-23. */
  scheduledHour: number;
  /** 1 (days 1-7 of the month) to 4 (22-31). Empty: every week. */
  scheduledWeeks: readonly number[];
  /** 1-22 hours. */
  detectionFrequencyHours: number;
  targetGroup: string | undefined;
}

export interface Machine {
  os: SelfUpdateOs;
  architecture: ProcessorArchitecture;
  /** 2- to 4-letter abbreviation of the self-update tree, or a tag such as pt-br. */
  language: string;
}

/** The policy as the agent goes by it. A value that is out of range, or whose switch is off, counts as its default. */
export function readPolicy(registry: RegistryView, files: PolicyFiles = noPolicyFiles): Policy {
  const values = new Map(resolvePolicy(registry, files).map((one) => [one.name, one]));
  const count = (name: string): number => {
    const known = values.get(name);
    const counts = known?.idleBecause === '' ? known.value : policyValueByName.get(name.toLowerCase())?.fallback;
    return typeof counts === 'number' ? counts : 0;
  };
  const word = (name: string): string | undefined => {
    const value = values.get(name)?.value;
    return typeof value === 'string' ? value : undefined;
  };
  const noAutoUpdate = count('NoAutoUpdate') === 1;
  const hour = count('ScheduledInstallTime');
  return {
    useServer: count('UseWUServer') === 1,
    server: word('WUServer'),
    statusServer: word('WUStatusServer'),
    noAutoUpdate,
    option: count('AUOptions'),
    scheduledDay: count('ScheduledInstallDay'),
    // 24 leaves the hour to the system: ours is the default one.
    scheduledHour: hour === 24 ? 3 : hour,
    scheduledWeeks: readWeeks(count, values.get('ScheduledInstallEveryWeek')?.value),
    detectionFrequencyHours: count('DetectionFrequency'),
    targetGroup: count('TargetGroupEnabled') === 1 ? word('TargetGroup') : undefined,
  };
}

function readWeeks(count: (name: string) => number, everyWeek: number | string | undefined): readonly number[] {
  const names = ['First', 'Second', 'Third', 'Fourth'];
  const weeks = names.flatMap((name, at) => (count(`ScheduledInstall${name}Week`) === 1 ? [at + 1] : []));
  return everyWeek === 1 ? [] : weeks;
}

/** Reads which system this is, as `moult agent install` wrote it down. */
export function readMachine(registry: RegistryView): Machine {
  const os = string(registry, keys.agent, 'OperatingSystem');
  const architecture = string(registry, keys.agent, 'Architecture')?.toLowerCase() ?? '';
  return {
    os: operatingSystems.find((known) => known.toLowerCase() === os?.toLowerCase()) ?? hostOs(),
    architecture: isArchitecture(architecture) ? architecture : hostArchitecture(),
    language: string(registry, keys.agent, 'Language') ?? 'en',
  };
}

/** The system this process runs on, in the words of the self-update tree. */
export function hostOs(platform = process.platform): SelfUpdateOs {
  if (platform === 'win32') return 'Windows';
  return platform === 'darwin' ? 'Darwin' : 'Linux';
}

export function hostArchitecture(arch = process.arch): ProcessorArchitecture {
  if (arch === 'arm64') return 'arm64';
  return arch === 'ia32' ? 'x86' : 'x64';
}

/**
 * The server that detection asks and the one that pings and reports go to, without trailing slash. Throws AgentError
 * AGENT_CONFIG_NO_SERVER if the policy does not name one, AGENT_CONFIG_BAD_SERVER for other texts than http and https
 * URLs.
 */
export function requireServers(policy: Policy): { server: string; statusServer: string } {
  if (!policy.useServer || policy.server === undefined) {
    const why = policy.server === undefined ? 'WUServer is not set' : 'UseWUServer is not 1';
    throw new AgentError(
      'AGENT_CONFIG_NO_SERVER',
      `This machine is not pointed at an update server: ${why} under ${keys.policy}. ` +
        'Run "moult agent install --server URL".',
      { hresult: hresult.serverNotSet },
    );
  }
  return { server: serverUrl(policy.server), statusServer: serverUrl(policy.statusServer ?? policy.server) };
}

/** The URL as the agent joins paths to it: no trailing slash. Throws AGENT_CONFIG_BAD_SERVER. */
export function serverUrl(written: string): string {
  const trimmed = written.trim().replace(/\/+$/, '');
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    const scheme = url !== undefined && url.protocol !== 'http:' && url.protocol !== 'https:';
    throw new AgentError('AGENT_CONFIG_BAD_SERVER', `"${written}" is not a server URL. Write it as http://host:port.`, {
      hresult: scheme ? hresult.unknownScheme : hresult.invalidUrl,
    });
  }
  return trimmed;
}

export function string(registry: RegistryView, key: string, name: string): string | undefined {
  const value = registry.value(key, name);
  const data = value?.type === 'REG_SZ' || value?.type === 'REG_EXPAND_SZ' ? value.data.trim() : '';
  return data === '' ? undefined : data;
}

export function dword(registry: RegistryView, key: string, name: string): number | undefined {
  const value = registry.value(key, name);
  return value?.type === 'REG_DWORD' ? value.data : undefined;
}
