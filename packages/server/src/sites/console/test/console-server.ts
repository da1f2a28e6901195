// The console's site behind a real port, with facts that a test may change while somebody looks.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { HomeFacts, HomeEvent as StoredEvent } from '../../../../../store/src/index.ts';
import type { Notice } from '../../../../../store/src/notice.ts';
import { defaultFeedLimits } from '../../../bounds.ts';
import type { SelfUpdateHealth } from '../../../home-facts.ts';
import { createKnownHosts } from '../../../http/known-hosts.ts';
import { createConsoleSite, type NamesFor, noFacts as withoutFacts } from '../index.ts';
import type { FeedLimits } from '../live-feed.ts';

export interface ConsoleServer extends AsyncDisposable {
  url: string;
  facts: HomeFacts;
  health: SelfUpdateHealth;
  changed(): void;
  failures: unknown[];
  stop(): Promise<void>;
}

const assetsDir = fileURLToPath(new URL('../../../../../console/dist', import.meta.url));

/** A console over `facts` and `health`; nobody has contacted it and all is well unless these say so. */
export async function startConsole(
  parts: {
    facts?: Partial<HomeFacts>;
    health?: SelfUpdateHealth;
    limits?: Partial<FeedLimits>;
    assetsDir?: string;
    notices?: Notice[];
    /** Default: whoever looks from this machine, as every test does. */
    namesFor?: NamesFor;
    allowedHosts?: string;
    /** Default: 127.0.0.1. */
    listenOn?: string;
  } = {},
): Promise<ConsoleServer> {
  const facts: HomeFacts = { ...noFacts(), ...parts.facts };
  const listeners = new Set<() => void>();
  const failures: unknown[] = [];
  const state = { facts, health: parts.health ?? goodHealth() };
  const startedAt = new Date();
  const server = createServer((request, response) => {
    const [path = '/', query = ''] = (request.url ?? '/').replace(/^http:\/\/[^/]*/, '').split('?');
    const exchange = {
      request,
      response,
      path,
      route: path.toLowerCase(),
      query,
      listener: 'main' as const,
      localPort: 8530,
      receivedAt: new Date(),
    };
    if (site.matches(exchange)) void site.serve(exchange);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, parts.listenOn ?? '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const site = createConsoleSite({
    assetsDir: parts.assetsDir ?? assetsDir,
    namesFor: parts.namesFor ?? 'local',
    hosts: createKnownHosts({ host: undefined, allowed: parts.allowedHosts, machine: ['wsus'], certificate: [] }),
    now: () => new Date(),
    server: () => ({ version: '0.1.0', startedAt, addresses: [{ site: 'main', url }] }),
    selfUpdateHealth: () => state.health,
    notices: () => parts.notices ?? [],
    loadHomeFacts: async () => state.facts,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    failed: (error) => failures.push(error),
    limits: { ...defaultFeedLimits, ...parts.limits },
  });
  const stop = async () => {
    site.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return Object.assign(state, {
    url,
    failures,
    changed: () => {
      for (const listener of listeners) listener();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  });
}

export function noFacts(): HomeFacts {
  return { ...withoutFacts };
}

export function goodHealth(): SelfUpdateHealth {
  const checkedAt = new Date();
  const files = [
    { path: '/iuident.cab', answer: '200, 5.1 KB', fine: true },
    { path: '/selfupdate/wuident.cab', answer: '200, 5.3 KB', fine: true },
  ];
  return {
    ports: [
      { port: 8530, site: 'main', listening: { kind: 'listening' }, checkedAt, files },
      { port: 80, site: 'self-update', listening: { kind: 'listening' }, checkedAt, files },
    ],
    releases: [
      { generation: 'wsus', version: '7.9.0.1', signer: 'Moult operator signing' },
      { generation: 'sus', version: '5.4.0.1', signer: 'Moult operator signing' },
    ],
  };
}

/** One computer's way from SUS client to installed update, newest first; `name` is what it calls itself. */
export function storyOf(name: string, until: Date): StoredEvent[] {
  const steps: Partial<StoredEvent>[] = [
    { kind: 'report', what: '183', detail: 'Moult sample update' },
    { kind: 'report', what: '181', detail: 'Moult sample update' },
    { kind: 'report', what: '162', detail: 'Moult sample update' },
    { kind: 'report', what: '147', detail: '1' },
    { kind: 'registration', what: '', agentGeneration: 'wsus', agentVersion: '7.9.0.1', detail: 'Linux 6.1, x64' },
    { kind: 'self-update', what: 'au s', status: 's', agentGeneration: 'wsus', agentVersion: '7.9.0.1' },
    { kind: 'self-update', what: 'au s', status: 'p', agentGeneration: 'sus', agentVersion: '5.4.0.1' },
  ];
  return steps.map((step, index) => ({
    kind: 'report',
    id: `${name} ${index}`,
    at: new Date(until.getTime() - index * 1500),
    receivedAt: new Date(until.getTime() - index * 1500),
    computerId: '6f1d4f6e-0000-4000-8000-000000000001',
    computerName: name,
    address: '192.0.2.17',
    agentGeneration: 'wsus',
    agentVersion: '',
    what: '',
    status: '',
    resultCode: '00000000',
    detail: '',
    updateId: undefined,
    ...step,
  }));
}
