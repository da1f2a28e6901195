// Finds the proxy of a request: the agent's own setting decides, else the environment, else the WinHTTP setting of Windows.
// A shown text never holds a secret: `shownProxy` is the only text of a proxy that leaves this file.

import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { keys } from '../machine/keys.ts';
import { string } from '../machine/policy.ts';
import type { RegistryView } from '../machine/registry.ts';
import { type BypassRules, isBypassed, parseBypass } from './bypass.ts';
import { parseWinHttpSettings, winHttpValue } from './winhttp-proxy.ts';

export interface ForwardProxy {
  /** http or https, without user and password. */
  address: URL;
  credentials?: Credentials;
}

export interface Credentials {
  user: string;
  password: string;
}

export interface ProxySettings {
  http: ForwardProxy | undefined;
  https: ForwardProxy | undefined;
  bypass: BypassRules;
  /** Their source, as people read it: `the setting ProxyServer`, `HTTPS_PROXY`, `WinHTTP`. */
  from: string;
}

interface ProxySources {
  registry: RegistryView;
  env: NodeJS.ProcessEnv;
  /** For the proxy of the agent's own setting. */
  credentials: Credentials | undefined;
}

export const noProxy: ProxySettings = {
  http: undefined,
  https: undefined,
  bypass: { withSubdomains: true, rules: [] },
  from: 'no proxy is set',
};

/** Throws AgentError AGENT_CONFIG_BAD_PROXY for a proxy that cannot be one. */
export function readProxySettings({ registry, env, credentials }: ProxySources): ProxySettings {
  return fromSetting(registry, credentials) ?? fromEnvironment(env) ?? fromWinHttp(registry) ?? noProxy;
}

/** The proxy for `url`. Undefined when it is asked directly. */
export function proxyFor(url: URL, settings: ProxySettings): ForwardProxy | undefined {
  const proxy = url.protocol === 'https:' ? settings.https : settings.http;
  return proxy && !isBypassed(url, settings.bypass) ? proxy : undefined;
}

/** `http://proxy:3128 (HTTP_PROXY)`, or the reason for none. Without any secret. */
export function shownProxy(url: URL, settings: ProxySettings): string {
  const proxy = proxyFor(url, settings);
  if (proxy) return `${proxy.address.origin} (${settings.from})`;
  return settings.http || settings.https ? `none for ${url.host} (${settings.from})` : `none (${settings.from})`;
}

/** The proxies of a setting's text. Throws AGENT_CONFIG_BAD_PROXY. */
export function parseProxyList(text: string, from: string): { http?: ForwardProxy; https?: ForwardProxy } {
  const named = text
    .split(/[;\s]+/)
    .filter(Boolean)
    .map((entry) => /^(?:([a-z]+)=)?(.*)$/i.exec(entry) ?? []);
  const of = (scheme: string): ForwardProxy | undefined => {
    const entry = named.find(([, name]) => name?.toLowerCase() === scheme) ?? named.find(([, name]) => !name);
    return entry && parseProxy(entry[2] ?? '', from);
  };
  const [http, https] = [of('http'), of('https')];
  if (!http && !https) throw badProxy(from, 'it names no proxy for http or https');
  return { ...(http ? { http } : {}), ...(https ? { https } : {}) };
}

function fromSetting(registry: RegistryView, credentials: Credentials | undefined): ProxySettings | undefined {
  const written = string(registry, keys.agent, 'ProxyServer');
  if (written === undefined) return undefined;
  const from = 'the setting ProxyServer';
  const bypass = parseBypass(string(registry, keys.agent, 'ProxyBypass') ?? '', true);
  if (written.toLowerCase() === 'direct') return { http: undefined, https: undefined, bypass, from: `${from}: direct` };
  const { http, https } = parseProxyList(written, from);
  const withCredentials = (proxy: ForwardProxy | undefined) =>
    proxy && !proxy.credentials && credentials ? { ...proxy, credentials } : proxy;
  return { http: withCredentials(http), https: withCredentials(https), bypass, from };
}

/** Lower case first, as curl has it. An empty variable is one that is not set. */
function fromEnvironment(env: NodeJS.ProcessEnv): ProxySettings | undefined {
  const find = (...names: string[]) =>
    names
      .flatMap((name) => [name, name.toUpperCase()])
      .map((name) => ({ name, value: env[name]?.trim() ?? '' }))
      .find(({ value }) => value !== '');
  const http = find('http_proxy', 'all_proxy');
  const https = find('https_proxy', 'all_proxy');
  if (!http && !https) return undefined;
  const names = [...new Set([http, https].flatMap((found) => (found ? [found.name] : [])))];
  const parse = (found: typeof http) => found && parseProxy(found.value, `the environment variable ${found.name}`);
  return {
    http: parse(http),
    https: parse(https),
    bypass: parseBypass(find('no_proxy')?.value ?? '', true),
    from: `${names.join(' and ')} of the environment`,
  };
}

function fromWinHttp(registry: RegistryView): ProxySettings | undefined {
  const value = registry.value(winHttpValue.key, winHttpValue.name);
  const stored = value?.type === 'REG_BINARY' ? parseWinHttpSettings(value.data) : undefined;
  if (!stored) return undefined;
  const { http, https } = parseProxyList(stored.proxy, winHttpValue.name);
  return { http, https, bypass: parseBypass(stored.bypass, false), from: 'WinHTTP' };
}

function parseProxy(written: string, from: string): ForwardProxy {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `http://${written}`;
  const address = URL.canParse(full) ? new URL(full) : undefined;
  if (!address || address.hostname === '') throw badProxy(from, 'it is not an address such as http://proxy:3128');
  if (address.protocol !== 'http:' && address.protocol !== 'https:') {
    throw badProxy(from, `${address.protocol.slice(0, -1)} proxies are not supported; http and https are`);
  }
  const { username, password } = address;
  const plain = new URL(address.origin);
  if (username === '') return { address: plain };
  return { address: plain, credentials: { user: decoded(username, from), password: decoded(password, from) } };
}

function decoded(part: string, from: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badProxy(from, 'its user or password is not percent-encoded');
  }
}

/** Never with the text itself: it may hold a password. */
function badProxy(from: string, why: string): AgentError {
  const text = `The proxy cannot be used: ${why}. It comes from ${from}.`;
  return new AgentError('AGENT_CONFIG_BAD_PROXY', text, { hresult: hresult.invalidUrl });
}
