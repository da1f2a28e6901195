// The address of the console: which view, and what it shows. Everything that a view can show is in it, so that an address
// can be sent to somebody else.
import { useSyncExternalStore } from 'react';

interface Address {
  /** Below /console, without a slash at its end: '' is home, 'computers', 'computers/ID'. */
  view: string;
  query: URLSearchParams;
}

const root = '/console';
const listeners = new Set<() => void>();
let known: { text: string; address: Address } | undefined;

export function useAddress(): Address {
  return useSyncExternalStore(follow, addressNow);
}

function addressNow(): Address {
  const text = location.pathname + location.search;
  if (known?.text !== text) {
    const view = location.pathname.slice(root.length).replace(/^\/+|\/+$/g, '');
    known = { text, address: { view, query: new URLSearchParams(location.search) } };
  }
  return known.address;
}

/** `/console/computers?…`. Parts of `view` are encoded by the caller. */
export function hrefOf(view: string, query: URLSearchParams | Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `${root}/${view}${text === '' ? '' : `?${text}`}`;
}

/** `replace`: the step back leads past it, for what is typed. */
export function go(href: string, { replace = false }: { replace?: boolean } = {}): void {
  if (href === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  for (const listener of listeners) listener();
}

/** Changes names of the query. Undefined and '' remove one. */
export function goWith(
  changes: Readonly<Record<string, string | readonly string[] | undefined>>,
  replace = true,
): void {
  const { view, query } = addressNow();
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    if (typeof value === 'string') value !== '' && next.set(name, value);
    else for (const one of value ?? []) next.append(name, one);
  }
  go(hrefOf(view, next), { replace });
}

function follow(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('popstate', listener);
  };
}
