// The floods: what somebody sends who wants the server to grow, to write or to be slow.
import { randomUUID } from 'node:crypto';
import type { Agent } from 'node:http';
import { installEvents, type Request, requests } from '../service/requests.ts';
import { send, textOf } from './client.ts';

export const floodKinds = ['new computers', 'names', 'pings', 'refused requests', 'big reports'] as const;
export type FloodKind = (typeof floodKinds)[number];

/** Makes the next request of a flood. */
export type NextRequest = () => Request | string;

/** Prepares a flood: some need to be a computer first. */
export async function openFlood(kind: FloodKind, url: string, agent: Agent): Promise<NextRequest> {
  const id = randomUUID();
  if (kind === 'new computers') return () => requests.authorization(randomUUID(), `flood-${randomUUID()}`);
  if (kind === 'names') {
    await send(url, agent, requests.authorization(id, 'flood'));
    return () => requests.authorization(id, `flood-${randomUUID()}`);
  }
  if (kind === 'pings') return () => ping(randomUUID());
  if (kind === 'refused requests') return refusedRequests();
  return bigReports(await cookieFor(url, agent, id), id);
}

const ping = (id: string) =>
  `/wutrack.bin?V=1&U=${id.replaceAll('-', '')}&C=au&A=s&I=${'i'.repeat(400)}&D=&P=5.1.2600&L=en&S=s&E=00000000&M=${'m'.repeat(400)}`;

function refusedRequests(): NextRequest {
  const { path, action } = requests.config();
  const long = 'x'.repeat(4000);
  const kinds: NextRequest[] = [
    () => ({ path, action, body: `<not a request ${long}` }),
    () => `/nothing/${randomUUID()}?${long}`,
    () => ({ path, action, body: requests.config().body.replaceAll('GetConfig', 'GetNothing') }),
    () => ({ ...requests.cookie('AAAA', new Date().toISOString(), undefined) }),
    () => `/selfupdate/%2e%2e/${long}`,
  ];
  let next = 0;
  return () => (kinds[next++ % kinds.length] ?? ping.bind(undefined, ''))();
}

/** As large as a request may be, with as many new events as a batch may have. */
function bigReports(cookie: string, id: string): NextRequest {
  const events = installEvents(1000);
  const room = 4 * 1_048_576 - 20_000 - Buffer.byteLength(events) - 1000 * 36;
  const filler = 'f'.repeat(Math.floor(room / 1000));
  const [before = '', ...parts] = requests
    .report(cookie, id, events.replaceAll('Update 4711 for product 42', filler))
    .body.split(/<EventInstanceID>[^<]*<\/EventInstanceID>/);
  const { path, action } = requests.report(cookie, id, '');
  let batch = 0;
  return () => {
    const start = `e${(batch++).toString(16).padStart(7, '0')}-0000-4000-8000-`;
    const instance = (number: number) => `${start}${number.toString(16).padStart(12, '0')}`;
    const rest = parts.map((part, number) => `<EventInstanceID>${instance(number)}</EventInstanceID>${part}`);
    return { path, action, body: before + rest.join('') };
  };
}

/** As a computer gets its cookie. */
export async function cookieFor(url: string, agent: Agent, id: string, name = 'flood'): Promise<string> {
  const lastChange = textOf('LastChange', await send(url, agent, requests.config()));
  const authorization = textOf('CookieData', await send(url, agent, requests.authorization(id, name)));
  return textOf('EncryptedData', await send(url, agent, requests.cookie(authorization, lastChange, undefined)));
}
