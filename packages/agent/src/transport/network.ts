// How this machine reaches its server: the proxy, the trust over TLS, and the bandwidth.
import { join } from 'node:path';
import { readIfThere } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { readTextIfThere, writeFileAtomically } from '../machine/atomic-file.ts';
import { keys } from '../machine/keys.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { dword, string } from '../machine/policy.ts';
import type { RegistryView } from '../machine/registry.ts';
import { type Credentials, noProxy, type ProxySettings, readProxySettings } from './proxy.ts';
import { readSecureWay, type SecureWay } from './secure-way.ts';
import { createThrottle, type Throttle } from './throttle.ts';
import { isTlsTrust, type TlsTrust, type TlsTrusted, trustedByTls } from './tls-trust.ts';

export interface Network {
  proxy: ProxySettings;
  tls: TlsTrusted;
  /** Undefined: as fast as it comes. */
  throttle: Throttle | undefined;
  /** In place of http to the server of the policy. */
  secureWay?: SecureWay | undefined;
  now(): Date;
}

/** Straight ahead, with the authorities that Node and the system trust. */
export const plainNetwork: Network = {
  proxy: noProxy,
  tls: trustedByTls('any', undefined),
  throttle: undefined,
  now: () => new Date(),
};

interface NetworkSources {
  root: MachineRoot;
  registry: RegistryView;
  env: NodeJS.ProcessEnv;
  now(): Date;
  /** In place of what is stored, which is not there yet. */
  operatorCaPem?: string;
  credentials?: Credentials;
}

/**
 * The values of the settings, the policy and the environment. Throws AgentError AGENT_CONFIG_BAD_PROXY,
 * AGENT_CONFIG_BAD_TLS_TRUST, DiskError for a certificate or credentials that cannot be read.
 */
export function openNetwork({ root, registry, env, now, operatorCaPem, credentials }: NetworkSources): Network {
  const kibibytes = bandwidthOf(registry);
  const trusts = { trust: readTlsTrust(registry), operatorCaPem: operatorCaPem ?? readPinned(root) };
  return {
    proxy: readProxySettings({ registry, env, credentials: credentials ?? readCredentials(root) }),
    tls: trustedByTls(trusts.trust, trusts.operatorCaPem),
    secureWay: readSecureWay(registry, trusts, now()),
    throttle: kibibytes === 0 ? undefined : throttleOf(kibibytes),
    now,
  };
}

/** Policy "Maximum Background Download Bandwidth" of Windows. */
const bandwidthPolicy = {
  key: keys.deliveryOptimization,
  name: 'DOMaxBackgroundDownloadBandwidth',
} as const;

/** KiB in a second that are taken, 0 for no limit: the policy before the setting. */
export function bandwidthOf(registry: RegistryView): number {
  const byPolicy = dword(registry, bandwidthPolicy.key, bandwidthPolicy.name) ?? 0;
  return byPolicy > 0 ? byPolicy : (dword(registry, keys.agent, 'BandwidthKilobytesPerSecond') ?? 0);
}

/** One for the program: a detection that opens the network again goes on with the budget of the last one. */
let throttle: { kibibytes: number; of: Throttle } | undefined;

function throttleOf(kibibytes: number): Throttle {
  if (throttle?.kibibytes !== kibibytes) throttle = { kibibytes, of: createThrottle(kibibytes * 1024) };
  return throttle.of;
}

function readTlsTrust(registry: RegistryView): TlsTrust {
  const written = string(registry, keys.agent, 'TlsTrust')?.toLowerCase() ?? 'any';
  if (isTlsTrust(written)) return written;
  const text = `TlsTrust under ${keys.agent} is "${written}". It can be operator, system or any.`;
  throw new AgentError('AGENT_CONFIG_BAD_TLS_TRUST', text, { hresult: hresult.tlsUnknownCa });
}

function readPinned({ operatorCertificate }: MachineRoot): string | undefined {
  return readTextIfThere(operatorCertificate);
}

function credentialsFile({ agentFolder }: MachineRoot): string {
  return join(agentFolder, 'proxy-credentials.json');
}

/** Readable for the owner alone: other users of a machine may read its registry. */
export function writeCredentials(root: MachineRoot, credentials: Credentials): void {
  writeFileAtomically(credentialsFile(root), JSON.stringify(credentials), 0o600);
}

function readCredentials(root: MachineRoot): Credentials | undefined {
  const file = credentialsFile(root);
  const bytes = readIfThere(file);
  if (!bytes) return undefined;
  try {
    const { user, password } = JSON.parse(bytes.toString('utf8'));
    if (typeof user === 'string' && typeof password === 'string') return { user, password };
  } catch {
    // told below, without what is in it
  }
  const text = `${file} holds no user and password. Run "moult agent install" with --proxy-credentials FILE again.`;
  throw new AgentError('AGENT_CONFIG_BAD_PROXY', text, { hresult: hresult.invalidUrl });
}
