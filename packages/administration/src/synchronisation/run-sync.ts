// Runs a synchronisation. It asks for the lists, then fetches and stages the updates that the catalog does not have. At
// the end all of them become a part of the catalog at once. The store has every answer before the next question. So a
// run continues after a kill.
import type { ExpiredUpdate, OwnedSync, Store, SyncRun, TakenFromUpstream } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import { AdministrationError } from '../errors.ts';
import { sealingOfFileKeys } from '../file-keys/index.ts';
import { accountId } from './account.ts';
import { askLists, askReplicaDecisions } from './ask-lists.ts';
import { upstreamBounds } from './bounds.ts';
import type { Fetched } from './fetch-batch.ts';
import { fetchKeys, type KeyQuestions } from './fetch-keys.ts';
import { fetchListed } from './fetch-listed.ts';
import { endOwner, isGone, newOwner } from './owners.ts';
import { createPeer, type Peer, stopped } from './peer.ts';
import { secondsLeft } from './plan.ts';
import { createSession, refused, UpstreamFault, type UpstreamSession } from './session.ts';
import { authoritiesFor } from './trust.ts';

export interface SyncSettings {
  /** The address of the upstream server. */
  upstream: string;
  /** A file with the certificates (PEM) of the authority that certifies it. */
  upstreamCa?: string | undefined;
  /** The name of this server, as it tells the upstream. */
  name: string;
  /** Of the key that seals keys of encrypted files. Without it none is asked for. */
  dataDir?: string | undefined;
}

export interface SyncParts {
  store: Store;
  settings: SyncSettings;
  environment: Readonly<Record<string, string | undefined>>;
  now(): Date;
  random(): number;
  /** Waits so many milliseconds, or until the signal. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Stops the run. The next one continues it. */
  signal: AbortSignal;
  onProgress(progress: SyncProgress): void;
  bounds?: Partial<typeof upstreamBounds>;
  /** SHA-256 of the only root that certifies the upstream, for tests. */
  pinnedRoot?: string;
}

export interface SyncProgress {
  step: SyncRun['step'];
  listed: number;
  fetched: number;
  failed: number;
  calls: number;
  /** Octets of answers. */
  bytes: number;
  secondsLeft: number | undefined;
}

export interface SyncReport extends Omit<SyncProgress, 'step' | 'secondsLeft'> {
  runId: number;
  upstream: string;
  /** It went on with a run that was interrupted. */
  isContinued: boolean;
  /** Revisions that are new in the catalog. */
  added: number;
  expired: ExpiredUpdate[];
  /** No products or no classifications are chosen: only these lists were fetched. */
  needsChoice: boolean;
  /** Products that came with this run. None of them is chosen by itself. */
  newProducts: { id: string; name: string }[];
  /** Of a replica: what changed in its groups and decisions. */
  taken: Omit<TakenFromUpstream, 'kept'> | undefined;
}

/**
 * Synchronises with the upstream server. Throws AdministrationError ADMINISTRATION_UPSTREAM_…, ADMINISTRATION_SYNC_STOPPED,
 * ServerError SERVER_REFUSED while another process does it, and what the store throws. The catalog is that of before then.
 */
export async function runSync(parts: SyncParts): Promise<SyncReport> {
  const run = new Run(parts);
  return run.run();
}

class Run {
  readonly #parts: SyncParts;
  readonly #bounds: typeof upstreamBounds;
  readonly #upstream: URL;
  readonly #owner = newOwner();
  readonly #lost = new AbortController();
  readonly #signal: AbortSignal;
  #own: OwnedSync = { runId: 0, owner: this.#owner };
  #isContinued = false;
  #step: SyncRun['step'] = 'connect';
  #counts = { listed: 0, fetched: 0, failed: 0, calls: 0, bytes: 0 };
  /** Of exchanges that no staging has told the store yet. */
  #untold = { calls: 0, bytes: 0 };
  #fetchingSince: { ms: number; fetched: number } | undefined;
  #lostBecause: unknown;

  constructor(parts: SyncParts) {
    this.#parts = parts;
    this.#bounds = { ...upstreamBounds, ...parts.bounds };
    this.#upstream = upstreamUrl(parts.settings.upstream);
    this.#signal = AbortSignal.any([parts.signal, this.#lost.signal]);
  }

  async run(): Promise<SyncReport> {
    await this.#begin().catch((error) => {
      endOwner(this.#owner);
      throw error;
    });
    const heartbeat = setInterval(() => void this.#hold().catch(() => undefined), this.#bounds.leaseMs / 4).unref();
    try {
      const peer = await this.#connect();
      try {
        return await this.#synchronise(peer);
      } finally {
        peer.close();
      }
    } catch (error) {
      const ours = await this.#ended(this.#lostBecause ?? error);
      await this.#parts.store.failSync(this.#own, asError(ours), this.#parts.now()).catch(() => undefined);
      throw ours;
    } finally {
      clearInterval(heartbeat);
      endOwner(this.#owner);
    }
  }

  /** An upstream that says in the middle that it is another one now: what it said before is worth nothing to the next run. */
  async #ended(error: unknown): Promise<unknown> {
    if (!(error instanceof UpstreamFault)) return error;
    await this.#parts.store.forgetSyncAnchors(this.#own, this.#upstream.origin).catch(() => undefined);
    return refused(this.#upstream, error);
  }

  async #begin(): Promise<void> {
    const { store, now } = this.#parts;
    const asked = { upstream: this.#upstream.origin, owner: this.#owner, leaseUntil: this.#leaseUntil(), now: now() };
    const { run, isContinued } = await store.beginSync({ ...asked, isGone });
    this.#own = { runId: run.runId, owner: this.#owner };
    this.#isContinued = isContinued;
    const { listed, fetched, failed, calls, bytes } = run;
    this.#counts = { listed, fetched, failed, calls, bytes };
  }

  async #connect(): Promise<Peer> {
    const { settings, environment } = this.#parts;
    await this.#enter('connect');
    const authorities = await authoritiesFor(this.#upstream, {
      caFile: settings.upstreamCa,
      pinnedRoot: this.#parts.pinnedRoot,
      timeoutMs: this.#bounds.silenceMs,
      hasProxy: ['https_proxy', 'HTTPS_PROXY'].some((name) => environment[name]),
    });
    return createPeer({ limits: this.#bounds, environment, authorities, signal: this.#signal });
  }

  async #synchronise(peer: Peer): Promise<SyncReport> {
    const { store, now } = this.#parts;
    const role = await store.loadRole();
    const [first, ...others] = await this.#sessions(peer);
    const before = await store.listCategories(['Product']);
    const asking = {
      ...{ store, session: first, upstream: this.#upstream, limits: this.#bounds, own: this.#own, role },
      enter: (step: SyncRun['step']) => this.#enter(step),
    };
    const { listed, maxUpdates, maxDecryptionUpdates, needsChoice } = await askLists(asking);
    this.#counts.listed = listed;
    await this.#enter('updates');
    const keys = await this.#keyQuestions(maxDecryptionUpdates);
    if (keys) await this.#fetchMissingKeys({ ...keys, session: first });
    await this.#fetch([first, ...others], maxUpdates, keys);
    const decisions = await askReplicaDecisions(asking);
    await this.#enter('activate');
    if (this.#untold.calls > 0) await this.#stage({ revisions: [], failures: [], sources: [] });
    const { added, expired, taken } = await store.activateSync(this.#own, now(), decisions);
    this.#step = 'end';
    this.#tell();
    // Reads the facts for lists now, so that the next list does not wait for them.
    if (added > 0) await store.readUpdateFacts();
    await store.removeOldSyncRuns(new Date(now().getTime() - this.#bounds.historyDays * dayMs));
    const known = new Set(before.map(({ categoryId }) => categoryId));
    const products = before.length === 0 || added === 0 ? [] : await store.listCategories(['Product']);
    return {
      ...{ runId: this.#own.runId, upstream: this.#upstream.origin, isContinued: this.#isContinued, ...this.#counts },
      ...{ added, expired, needsChoice, taken: taken && withoutKept(taken) },
      newProducts: products
        .filter(({ categoryId }) => !known.has(categoryId))
        .map(({ categoryId, name }) => ({ id: categoryId, name })),
    };
  }

  async #sessions(peer: Peer): Promise<[UpstreamSession, ...UpstreamSession[]]> {
    const { settings, store, now, random, wait } = this.#parts;
    const account = { name: settings.name, id: await accountId(store) };
    const create = () =>
      createSession({
        ...{ peer, upstream: this.#upstream, account, now, random, limits: this.#bounds },
        wait: async (ms) => {
          await wait(ms, this.#signal);
          if (this.#signal.aborted) throw stopped();
        },
        count: ({ calls, bytes }) => {
          this.#untold.calls += calls;
          this.#untold.bytes += bytes;
          this.#counts.calls += calls;
          this.#counts.bytes += bytes;
          this.#tell();
        },
      });
    return [create(), ...Array.from({ length: this.#bounds.sessions - 1 }, create)];
  }

  async #keyQuestions(maxUpdates: number): Promise<Omit<KeyQuestions, 'session'> | undefined> {
    const { dataDir } = this.#parts.settings;
    return dataDir === undefined
      ? undefined
      : { sealing: await sealingOfFileKeys(dataDir), maxUpdates, limits: this.#bounds };
  }

  /** Of revisions that the catalog has already. */
  async #fetchMissingKeys(asking: KeyQuestions): Promise<void> {
    const missing = await this.#parts.store.loadMissingFileKeys(asking.sealing.id, this.#bounds.missingKeys);
    if (missing.length === 0) return;
    await this.#stage({ revisions: [], failures: [], sources: [], keys: await fetchKeys(asking, missing) });
  }

  async #fetch(
    sessions: readonly UpstreamSession[],
    maxUpdates: number,
    keys: Omit<KeyQuestions, 'session'> | undefined,
  ): Promise<void> {
    this.#fetchingSince = { ms: performance.now(), fetched: this.#counts.fetched };
    await fetchListed({
      ...{ store: this.#parts.store, upstream: this.#upstream, limits: this.#bounds, sessions, maxUpdates, keys },
      stage: (fetched) => this.#stage(fetched),
      giveUp: (because) => this.#giveUp(because),
    });
  }

  async #stage(fetched: Fetched): Promise<void> {
    const told = this.#untold;
    this.#untold = { calls: 0, bytes: 0 };
    await this.#parts.store.stageSync(this.#own, { ...fetched, ...told });
    this.#counts.fetched += fetched.revisions.length;
    this.#counts.failed += fetched.failures.length;
    this.#tell();
  }

  async #enter(step: SyncRun['step']): Promise<void> {
    if (this.#signal.aborted) throw stopped();
    this.#step = step;
    await this.#hold();
    this.#tell();
  }

  async #hold(): Promise<void> {
    try {
      await this.#parts.store.holdSync(this.#own, this.#step, this.#leaseUntil());
    } catch (error) {
      if (error instanceof ServerError && error.code === 'SERVER_REFUSED') this.#giveUp(error);
      throw error;
    }
  }

  /** Ends all exchanges that are under way. */
  #giveUp(because: unknown): void {
    this.#lostBecause ??= because;
    this.#lost.abort();
  }

  #leaseUntil(): Date {
    return new Date(this.#parts.now().getTime() + this.#bounds.leaseMs);
  }

  #tell(): void {
    const { listed, fetched, failed } = this.#counts;
    const since = this.#fetchingSince;
    const left = since && {
      listed: listed - failed - since.fetched,
      fetched: fetched - since.fetched,
      sinceMs: performance.now() - since.ms,
    };
    const progress = { step: this.#step, ...this.#counts, secondsLeft: left && secondsLeft(left) };
    this.#parts.onProgress(progress);
  }
}

const dayMs = 86_400_000;

/** Throws AdministrationError ADMINISTRATION_UPSTREAM_REFUSED for text that is not an address of a server. */
export function upstreamUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '') return url;
  const message = `${text} is not the address of an upstream server. Write http://NAME:PORT or https://NAME:PORT.`;
  throw new AdministrationError('ADMINISTRATION_UPSTREAM_REFUSED', message);
}

function withoutKept({ kept: _, ...taken }: TakenFromUpstream): Omit<TakenFromUpstream, 'kept'> {
  return taken;
}

function asError(error: unknown): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof Error && 'code' in error ? String(error.code) : 'SERVER_REFUSED', message };
}
