// Reports this server, its computers and those of the servers below to the server above (roll-up, MS-WSUSSS 3.2.4.5). The first
// report has everything, each later one has what changed. The store has noted each answer before the next call. So a report
// that is interrupted is continued by the next one.
import { randomUUID } from 'node:crypto';
import {
  type ComputerRollupInfo,
  type ComputerStatusRollup,
  never,
  type RollupConfiguration,
} from '@moult/protocol/roll-up';
import type { DownstreamServer, StatesToReport, Store } from '@moult/store';
import { AdministrationError } from '../errors.ts';
import { accountId } from '../synchronisation/account.ts';
import { upstreamBounds } from '../synchronisation/bounds.ts';
import { createPeer, stopped } from '../synchronisation/peer.ts';
import { type SyncSettings, upstreamUrl } from '../synchronisation/run-sync.ts';
import { authoritiesFor } from '../synchronisation/trust.ts';
import { createRollUpSession, type RollUpSession } from './roll-up-session.ts';
import { contactOf, detailsOf, infoOf } from './rolled-computer.ts';
import { ownRollup, rollupOf } from './rolled-server.ts';

interface RollUpParts {
  store: Store;
  settings: SyncSettings;
  environment: Readonly<Record<string, string | undefined>>;
  now(): Date;
  random(): number;
  /** Waits so many milliseconds, or until the signal. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
  bounds?: Partial<typeof upstreamBounds>;
}

export interface RollUpReport {
  upstream: string;
  servers: number;
  /** Computers that were new or had changed, those of servers below included. */
  computers: number;
  /** Computers whose states were reported, and how many states. */
  statuses: number;
  states: number;
  /** The server above wants no computers. */
  isSummary: boolean;
  calls: number;
  bytes: number;
}

/**
 * Throws AdministrationError ADMINISTRATION_UPSTREAM_…, ADMINISTRATION_SYNC_STOPPED, and what the store throws. The next
 * report leaves out all that was reported until then.
 */
export async function rollUp(parts: RollUpParts): Promise<RollUpReport> {
  const { store, settings, environment, signal } = parts;
  const limits = { ...upstreamBounds, ...parts.bounds };
  const upstream = upstreamUrl(settings.upstream);
  const authorities = await authoritiesFor(upstream, {
    caFile: settings.upstreamCa,
    pinnedRoot: undefined,
    timeoutMs: limits.silenceMs,
    hasProxy: ['https_proxy', 'HTTPS_PROXY'].some((name) => environment[name]),
  });
  const peer = createPeer({ limits, environment, authorities, signal });
  try {
    const session = createRollUpSession({ ...parts, peer, upstream, limits });
    return await new RollingUp(parts, session, await accountId(store), limits).run(upstream.origin);
  } finally {
    peer.close();
  }
}

type Limits = typeof upstreamBounds;

class RollingUp {
  readonly #parts: RollUpParts;
  readonly #session: RollUpSession;
  readonly #ownId: string;
  readonly #limits: Limits;
  #counts = { servers: 0, computers: 0, statuses: 0, states: 0 };

  constructor(parts: RollUpParts, session: RollUpSession, ownId: string, limits: Limits) {
    this.#parts = parts;
    this.#session = session;
    this.#ownId = ownId;
    this.#limits = limits;
  }

  async run(upstream: string): Promise<RollUpReport> {
    const { store } = this.#parts;
    const configuration = this.#within(await this.#session.configuration());
    const { serverId, resetGuid, isDetailed } = configuration;
    await store.beginRollUp({ upstream, serverId, resetGuid });
    await this.#reportServers();
    if (isDetailed) {
      // Once more for those whose details the server above wants after all.
      if (await this.#reportComputers(configuration)) await this.#reportComputers(configuration);
      await this.#compare(configuration);
      await this.#reportStates(configuration);
    }
    return { upstream, ...this.#counts, isSummary: !isDetailed, ...this.#session.count() };
  }

  /** The other side says how much it takes: not less than one, and not more than our own bounds. */
  #within(configuration: RollupConfiguration): RollupConfiguration {
    const bounded = (told: number, most: number) => Math.max(1, Math.min(told, most));
    return {
      ...configuration,
      maxComputers: bounded(configuration.maxComputers, this.#limits.rollUpComputers),
      maxNumbers: bounded(configuration.maxNumbers, this.#limits.rollUpNumbers),
      maxStatuses: bounded(configuration.maxStatuses, this.#limits.rollUpStatuses),
    };
  }

  /** This server first, and each other after the one above it. */
  async #reportServers(): Promise<void> {
    const { store, settings, now } = this.#parts;
    const below: DownstreamServer[] = await store.listDownstreamServers();
    const own = await ownRollup(store, { serverId: this.#ownId, name: settings.name, now: now() });
    const all = [own, ...below.map((one) => rollupOf(one, this.#ownId))];
    for (let start = 0; start < all.length; start += serversPerCall) {
      const some = all.slice(start, start + serversPerCall);
      await this.#session.call('RollupDownstreamServers', { clientTime: now(), downstreamServers: some });
      this.#counts.servers += some.length;
    }
  }

  /** Whether the server above wants details that were not sent. */
  async #reportComputers({ maxComputers }: RollupConfiguration): Promise<boolean> {
    let isWanted = false;
    const { store } = this.#parts;
    let batch: ComputerRollupInfo[] = [];
    for (let after = ''; ; ) {
      const some = await store.loadComputersToReport(after, computersPerRead);
      for (const one of some) {
        const info = infoOf(one, this.#ownId);
        if (!info) continue;
        batch.push(info);
        if (batch.length < maxComputers) continue;
        if (await this.#sendComputers(batch)) isWanted = true;
        batch = [];
      }
      const last = some.at(-1);
      if (!last || some.length < computersPerRead) break;
      after = last.computerId;
    }
    if (batch.length > 0 && (await this.#sendComputers(batch))) isWanted = true;
    return isWanted;
  }

  async #sendComputers(computers: readonly ComputerRollupInfo[]): Promise<boolean> {
    const { store, now } = this.#parts;
    const { result = [] } = await this.#session.call('RollupComputers', {
      clientTime: now(),
      computers: [...computers],
    });
    const wanted = new Set(
      result.filter(({ change }) => change === 'NewParent').map(({ computerId }) => computerId.toLowerCase()),
    );
    const unwanted = result
      .filter(({ change }) => change === 'Deleted')
      .map(({ computerId }) => computerId.toLowerCase());
    await store.noteComputersReported(
      computers.map((one) => ({
        computerId: one.computerId,
        contact: contactOf(one),
        details: one.details ? detailsOf(one.details) : wanted.has(one.computerId) ? '' : undefined,
      })),
    );
    this.#counts.computers += computers.length;
    if (unwanted.length > 0) await store.noteComputersUnwanted(unwanted);
    // New there, whatever was reported before: it has no states of them.
    await store.reportInFull([...wanted]);
    return wanted.size > 0;
  }

  /** Once a day, and before changes: the server above may have lost some. It gets all states of those. */
  async #compare({ maxNumbers }: RollupConfiguration): Promise<void> {
    const { store, now } = this.#parts;
    const last = await store.loadLastComparison();
    if (last && now().getTime() - last.getTime() < comparedEveryMs) return;
    for (let after = ''; ; ) {
      const lastRollupNumbers = await store.loadRollUpNumbers(after, maxNumbers);
      if (lastRollupNumbers.length === 0) break;
      const asked = { parentServerId: this.#ownId, lastRollupNumbers };
      const { result = [] } = await this.#session.call('GetOutOfSyncComputers', asked);
      const known = new Set(lastRollupNumbers.map(({ computerId }) => computerId));
      await store.reportInFull(result.map((id) => id.toLowerCase()).filter((id) => known.has(id)));
      after = lastRollupNumbers.at(-1)?.computerId ?? '';
      if (lastRollupNumbers.length < maxNumbers) break;
    }
    await store.noteComparison(now());
  }

  async #reportStates({ maxStatuses }: RollupConfiguration): Promise<void> {
    const { store } = this.#parts;
    let batch: StatesToReport[] = [];
    let states = 0;
    for (let after = ''; ; ) {
      const some = await store.loadStatesToReport(after, statusesPerRead);
      for (const one of some) {
        if (
          batch.length > 0 &&
          (batch.length >= maxStatuses || states + one.states.length > this.#limits.rollUpStates)
        ) {
          await this.#sendStates(batch);
          [batch, states] = [[], 0];
        }
        batch.push(one);
        states += one.states.length;
      }
      const last = some.at(-1);
      if (!last || some.length < statusesPerRead) break;
      after = last.computerId;
    }
    if (batch.length > 0) await this.#sendStates(batch);
  }

  async #sendStates(reports: readonly StatesToReport[]): Promise<void> {
    const { store, now, wait, random, signal } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      const sent = { clientTime: now(), parentServerId: this.#ownId, computers: reports.map(statusOf) };
      const { result } = await this.#session.call('RollupComputerStatus', sent);
      if (result) break;
      // MS-WSUSSS 3.2.4.5, note 77: a minute to five, and four attempts in all.
      if (attempt >= statusAttempts)
        throw new AdministrationError('ADMINISTRATION_UPSTREAM_AWAY', 'The upstream server is too busy for reports.');
      await wait(60_000 * (1 + 4 * random()), signal);
      if (signal.aborted) throw stopped();
    }
    await store.noteStatesReported(
      reports.map(({ computerId, number, upTo }) => ({ computerId, upTo, number: number + 1 })),
    );
    this.#counts.statuses += reports.length;
    this.#counts.states += reports.reduce((sum, { states }) => sum + states.length, 0);
  }
}

const serversPerCall = 100;
const computersPerRead = 1000;
const statusesPerRead = 200;
const statusAttempts = 4;
const comparedEveryMs = 86_400_000;

function statusOf({ computerId, number, detectedAt, isFull, states }: StatesToReport): ComputerStatusRollup {
  return {
    ...{ instanceId: randomUUID(), computerId, number: number + 1, isFull, detectedAt: detectedAt ?? never },
    // A row of "unknown" does not exist, and "not applicable" is 0 on the wire.
    states: states.map((one) => ({ ...one, state: one.state === 1 ? 0 : one.state })),
  };
}
