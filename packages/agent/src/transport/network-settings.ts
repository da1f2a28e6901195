// The settings of "moult agent install" for the way to the server.
import { keys } from '../machine/keys.ts';
import { number, type RegistryChange, type RegistryView, text } from '../machine/registry.ts';
import { type Credentials, parseProxyList } from './proxy.ts';
import type { TlsTrust } from './tls-trust.ts';

/** Undefined: as it was before. */
export interface NetworkOptions {
  /** An address, `direct`, or `auto` for the environment and WinHTTP. */
  proxy?: string;
  /** Hosts that are asked directly, between commas. */
  proxyBypass?: string;
  /** For the proxy of `proxy`. */
  proxyCredentials?: Credentials;
  /** KiB in a second. 0 for no limit. */
  bandwidth?: number;
  tlsTrust?: TlsTrust;
}

/** The values of the registry. Throws AgentError AGENT_CONFIG_BAD_PROXY. */
export function networkChanges({ proxy, proxyBypass, bandwidth, tlsTrust }: NetworkOptions): RegistryChange[] {
  const set = (name: string, value: RegistryChange['value']): RegistryChange => ({
    key: keys.agent,
    name,
    ...(value === undefined ? {} : { value }),
  });
  const written = proxy === 'auto' ? undefined : proxy;
  if (written !== undefined && written !== 'direct') parseProxyList(written, '--proxy');
  return [
    ...(proxy === undefined ? [] : [set('ProxyServer', written === undefined ? undefined : text(written))]),
    ...(proxyBypass === undefined ? [] : [set('ProxyBypass', proxyBypass === '' ? undefined : text(proxyBypass))]),
    ...(bandwidth === undefined
      ? []
      : [set('BandwidthKilobytesPerSecond', bandwidth === 0 ? undefined : number(bandwidth))]),
    ...(tlsTrust === undefined ? [] : [set('TlsTrust', text(tlsTrust))]),
  ];
}

/** The registry as it will be: what is fetched before anything is written goes the new way already. */
export function withChanges(view: RegistryView, changes: readonly RegistryChange[]): RegistryView {
  return {
    ...view,
    value(key, name) {
      const change = changes.find((one) => one.key === key && one.name?.toLowerCase() === name.toLowerCase());
      return change ? change.value : view.value(key, name);
    },
  };
}
