// The API of a server with 100,000 computers, 100,000 updates and 1,000 groups, over HTTP: pages, filters, a decision on 5,000
// updates, and what ten administrators cost the computers that check in.
import { Agent, request } from 'node:http';
import type { BenchRow } from '../scripts/bench.ts';
import { makeCompany } from './api/prepare.ts';
import { atOnce, createLoad } from './service/load.ts';
import { computerId, dailyComputers, type MachineScan } from './service/machines.ts';
import { type RunningServer, startServer } from './service/server.ts';

const asksOfEach = 100;
const decided = 5000;
const machinesAtOnce = 12;
const rounds = 6;
const roundSeconds = 10;
/** An administrator who works: a page now and then, and the live stream of an open console. */
const secondsBetweenPages = 3;

/** All of its load comes from one address, as fast as it can. */
const noRates = ['--new-computers-per-second', '0', '--new-names-per-second', '0', '--report-kib-per-second', '0'];

export async function bench(): Promise<BenchRow[]> {
  using made = await makeCompany();
  const server = await startServer(made.dataDir, noRates);
  try {
    const api = openApi(server.url, made.tokens[0] ?? '');
    return [
      await slowest(api, 'pages of lists', pages, { share: 0.99, wantedMs: 100 }),
      await slowest(api, 'filters and sorts', filters, { share: 1, wantedMs: 300 }),
      await decide(api),
      await besideCheckIns(server, made.scans, made.tokens),
    ];
  } finally {
    await server.stop();
  }
}

const pages = [
  ...['/computers', '/updates', '/groups', '/events/reports', '/events/self-update', '/audit', '/holds', '/rules'],
  ...['/reports/needed', '/reports/compliance', '/reports/systems', '/reports/agents', '/rollouts', '/settings'],
  ...['/computers?limit=200', '/updates?limit=200', '/content'],
];

const filters = [
  ...['/computers?search=client-77', '/computers?needed=true&sort=needed&order=desc', '/computers?failed=true'],
  ...['/computers?silentDays=30', '/computers?group=Group%207', '/computers?group=Group%207&below=true'],
  ...['/computers?sort=last-contact', '/computers?sort=system&order=desc', '/updates?search=product%2031'],
  ...['/updates?needed=true&sort=needed&order=desc', '/updates?failed=true', '/updates?approval=approved'],
  ...['/updates?approval=unapproved', '/updates?superseded=true', '/updates?severity=critical', '/updates?newDays=7'],
  ...['/events/reports?failed=true', '/reports/silent', '/reports/failed'],
];

interface Api {
  ask(path: string, body?: unknown): Promise<{ ms: number; status: number; json: Record<string, unknown> }>;
  close(): void;
}

function openApi(url: string, token: string): Api {
  const agent = new Agent({ keepAlive: true });
  return {
    ask: (path, body) =>
      new Promise((resolve, reject) => {
        const begun = performance.now();
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const sent = request(`${url}/api/v1${path}`, { agent, method: body ? 'POST' : 'GET', headers }, (answer) => {
          const pieces: Buffer[] = [];
          answer.on('data', (piece: Buffer) => pieces.push(piece));
          answer.on('error', reject);
          answer.on('end', () => {
            const ms = performance.now() - begun;
            const text = Buffer.concat(pieces).toString();
            if ((answer.statusCode ?? 0) >= 300)
              reject(new Error(`${path}: ${answer.statusCode} ${text.slice(0, 300)}`));
            else resolve({ ms, status: answer.statusCode ?? 0, json: JSON.parse(text) });
          });
        });
        sent.on('error', reject);
        sent.end(body && JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}

/** The worst of the paths, each asked so many times. */
async function slowest(
  api: Api,
  what: string,
  paths: readonly string[],
  { share, wantedMs }: { share: number; wantedMs: number },
): Promise<BenchRow> {
  const found: { path: string; ms: number; median: number }[] = [];
  for (const path of paths) {
    const times: number[] = [];
    for (let count = 0; count < asksOfEach; count++) times.push((await api.ask(path)).ms);
    times.sort((a, b) => a - b);
    const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
    found.push({ path, ms: at(share), median: at(0.5) });
  }
  found.sort((a, b) => b.ms - a.ms);
  if (process.env.MOULT_BENCH_ALL)
    for (const one of found) console.error(`${one.ms.toFixed(0)} (${one.median.toFixed(0)}) ${one.path}`);
  const [worst] = found;
  const name = share === 1 ? 'slowest' : `${share * 100}th percentile`;
  return {
    what: `${what} (${paths.length}, ${asksOfEach} times each): ${name} of the slowest one`,
    ours: `${worst?.ms.toFixed(0)} ms, median ${worst?.median.toFixed(0)} ms (${worst?.path})`,
    ...{ peer: '', ratio: Number.NaN, wanted: `< ${wantedMs} ms`, met: (worst?.ms ?? Number.NaN) < wantedMs },
  };
}

/** Approves all updates of a filter for one group, among those that may be approved. */
async function decide(api: Api): Promise<BenchRow> {
  const filter = { approval: 'unapproved', search: 'for product 9' };
  const query = new URLSearchParams({ ...filter, limit: '1' });
  const expected = Number((await api.ask(`/updates?${query}`)).json.total);
  const { ms, json } = await api.ask('/bulk/approvals', { filter, expected, groups: ['Group 3'], skipRefused: true });
  const wantedMs = 2000;
  const count = Number(json.count);
  return {
    what: `approve the ${count} of ${expected} updates of a filter that may be approved`,
    ours: `${ms.toFixed(0)} ms`,
    ...{ peer: '', ratio: Number.NaN, wanted: `< ${wantedMs} ms for ${decided}` },
    met: (ms / count) * decided < wantedMs,
  };
}

/** Check-ins with and without the administrators, in turns. */
async function besideCheckIns(
  server: RunningServer,
  scans: MachineScan[],
  tokens: readonly string[],
): Promise<BenchRow> {
  const load = createLoad(server.url);
  const yesterday = new Date();
  let next = 0;
  const checkIn = async () => {
    const number = next++ % dailyComputers;
    const scan = scans[number % scans.length];
    if (!scan) throw new Error('There is no scan.');
    const id = computerId(number);
    await load.checkIn({ id, name: `client-${number}.example.test`, scan, oldCookie: server.cookieOf(id, yesterday) });
  };
  const round = async (seconds: number): Promise<number> => {
    let done = 0;
    const begun = performance.now();
    await atOnce(machinesAtOnce, async () => {
      while (performance.now() < begun + seconds * 1000) {
        await checkIn();
        done++;
      }
    });
    return done / ((performance.now() - begun) / 1000);
  };
  await round(roundSeconds);
  const ratios: number[] = [];
  const alone: number[] = [];
  const beside: number[] = [];
  for (let count = 0; count < rounds; count++) {
    const before = await round(roundSeconds);
    const admins = tokens.map((token, at) => administrate(server.url, token, at));
    const together = await round(roundSeconds);
    await Promise.all(admins.map((stop) => stop()));
    alone.push(before);
    beside.push(together);
    ratios.push(together / before);
  }
  load.close();
  const median = (all: number[]) => all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
  const ratio = median(ratios);
  return {
    what: `check-ins beside ${tokens.length} administrators with a page each ${secondsBetweenPages} s and a live stream, median of ${rounds} rounds`,
    ours: `${median(beside).toFixed(0)} /s`,
    peer: `without them, in turns: ${median(alone).toFixed(0)} /s`,
    ...{ ratio, wanted: 'at most 5 % slower', met: ratio >= 0.95 },
  };
}

/** Works until it is stopped. */
function administrate(url: string, token: string, number: number): () => Promise<void> {
  const api = openApi(url, token);
  const stream = request(`${url}/api/v1/live`, { headers: { authorization: `Bearer ${token}` } }, (answer) =>
    answer.resume(),
  );
  stream.on('error', () => undefined);
  stream.end();
  let isOver = false;
  const all = [...pages, ...filters];
  const work = async () => {
    for (let count = number; !isOver; count += 7) {
      await api.ask(all[count % all.length] ?? '/computers');
      await new Promise((resolve) =>
        setTimeout(resolve, secondsBetweenPages * 1000 * (0.5 + ((count * 13) % 10) / 10)),
      );
    }
  };
  const done = work();
  return async () => {
    isOver = true;
    stream.destroy();
    await done;
    api.close();
  };
}
