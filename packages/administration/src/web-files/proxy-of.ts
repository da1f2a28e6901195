// Which proxy of the environment a request goes through. The agent of Node gets this one alone, so that what is decided here is
// what happens: a request that goes through a proxy has no address of its own to be looked at.

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for `url`. Undefined when it is asked directly. NO_PROXY names hosts, domains, `HOST:PORT`, or `*`. */
export function proxyOf(url: URL, environment: Environment): string | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = environment[name.toLowerCase()] || environment[name];
  if (!proxy) return undefined;
  const exempt = (environment.no_proxy ?? environment.NO_PROXY ?? '').toLowerCase().split(/[\s,]+/);
  return exempt.some((rule) => rule !== '' && fits(rule, url)) ? undefined : proxy;
}

function fits(rule: string, { hostname, port, protocol }: URL): boolean {
  if (rule === '*') return true;
  const host = hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const [, bracketed, plain = '', rulePort] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(rule) ?? [];
  if (rulePort !== undefined && rulePort !== (port || (protocol === 'https:' ? '443' : '80'))) return false;
  const domain = (bracketed ?? (plain || rule)).replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}
