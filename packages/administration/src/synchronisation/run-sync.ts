// Runs a synchronisation. It asks for the lists, then fetches and stages the updates that the catalog does not have. At
// the end all of them become a part of the catalog at once. The store has every answer before the next question. So a
// run continues after a kill.
import type { ListedIdentity } from '@moult/protocol/server-sync';
import type {
  ExpiredUpdate,
  OwnedSync,
  ServerRole,
  StagedBatch,
  Store,
  SyncRun,
  TakenFromUpstream,
  UpstreamDecisions,
} from '@moult/store';
import { ServerError } from '@moult/store/errors';
import { AdministrationError } from '../errors.ts';
import { accountId } from './account.ts';
import { upstreamBounds } from './bounds.ts';
import { fetchBatch } from './fetch-batch.ts';
import { noteLanguages } from './languages.ts';
import { endOwner, isGone, newOwner } from './owners.ts';
import { badAnswer, createPeer, type Peer, stopped } from './peer.ts';
import { askConfig, askUpdates, filterOf, isSameFilter, secondsLeft } from './plan.ts';
import { createSession, refused, UpstreamFault, type UpstreamSession } from './session.ts';
import { authoritiesFor } from './trust.ts';
import { askDecisions } from './upstream-decisions.ts';

export interface SyncSettings {
  /** The address of the upstream server. */
  upstream: string;
  /** A file with the certificates (PEM) of the authority that certifies it. */
  upstreamCa?: string | undefined;
  /** The name of this server, as it tells the upstream. */
  name: string;
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
  #role: ServerRole = 'autonomous';
  #own: OwnedSync = { runId: 0, owner: this.#owner };
  #isContinued = false;
  #step: SyncRun['step'] = 'connect';
  #counts = { listed: 0, fetched: 0, failed: 0, calls: 0, bytes: 0 };
  /** Of exchanges that no staging has told the store yet. */
  #untold = { calls: 0, bytes: 0 };
  #fetchingSince: { ms: number; fetched: number } | undefined;
  #held: StagedBatch['failures'][number][] = [];
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
    this.#role = await store.loadRole();
    const [first, ...others] = await this.#sessions(peer);
    const before = await store.listCategories(['Product']);
    const { maxUpdates, needsChoice } = await this.#list(first);
    await this.#enter('updates');
    await this.#fetch([first, ...others], maxUpdates);
    const decisions = await this.#askDecisions(first);
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

  /**
   * Both lists, as far as an interrupted run does not have them. It asks an upstream that says it is another one once
   * more.
   */
  async #list(session: UpstreamSession): Promise<{ maxUpdates: number; needsChoice: boolean }> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#listOnce(session);
      } catch (error) {
        if (!(error instanceof UpstreamFault)) throw error;
        const isNew = error.code === 'ServerChanged' || isAboutAnchor(error);
        if (!isNew || attempt > 1) throw refused(this.#upstream, error);
        await this.#parts.store.forgetSyncAnchors(this.#own, this.#upstream.origin);
      }
    }
  }

  async #listOnce(session: UpstreamSession): Promise<{ maxUpdates: number; needsChoice: boolean }> {
    const { store } = this.#parts;
    const last = await store.loadSyncAnchors(this.#upstream.origin);
    const here = await store.loadSyncLists(this.#own);
    const configAnchor = last.configuration && { configAnchor: last.configuration.anchor };
    const config = await session.call('GetConfigData', { ...configAnchor });
    await noteLanguages(store, config.languages);
    const anchor = this.#requireAnchor(config.newConfigAnchor);
    await store.noteSyncList(this.#own, 'configuration', { anchor, identities: [] });
    await this.#enter('config');
    if (!here.config) {
      const found = await this.#ask(session, askConfig(last.config));
      await store.noteSyncList(this.#own, 'config', found);
    }
    const filter = filterOf(await store.loadSyncChoices(), this.#role);
    if (filter && !isSameFilter(here.updates?.filter, filter)) {
      const found = await this.#ask(session, askUpdates(filter, last.updates));
      await store.noteSyncList(this.#own, 'updates', { ...found, filter });
    }
    const { wanted, staged } = await store.countSyncRevisions();
    this.#counts.listed = wanted + staged;
    return { maxUpdates: Math.max(1, config.maxUpdates), needsChoice: filter === undefined };
  }

  /** Of a replica, last before the end: a run that was interrupted asks again. Undefined for an autonomous server. */
  async #askDecisions(session: UpstreamSession): Promise<UpstreamDecisions | undefined> {
    if (this.#role === 'autonomous') return undefined;
    await this.#enter('deployments');
    const { store } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      const [lists, last] = [await store.loadSyncLists(this.#own), await store.loadSyncAnchors(this.#upstream.origin)];
      const syncAnchor = (lists.updates ?? lists.config)?.anchor ?? '';
      const anchor = attempt === 1 ? last.deployments?.anchor : undefined;
      try {
        const limits = this.#bounds;
        return await askDecisions({ upstream: this.#upstream, session, anchor, syncAnchor, limits });
      } catch (error) {
        // An anchor that is not its own: all of them are asked for.
        const isOld = error instanceof UpstreamFault && isAboutDeploymentAnchor(error);
        if (!isOld || anchor === undefined)
          throw error instanceof UpstreamFault ? noDecisions(this.#upstream, error) : error;
      }
    }
  }

  async #ask(session: UpstreamSession, filter: ReturnType<typeof askConfig>) {
    const { anchor, newRevisions = [] } = await session.call('GetRevisionIdList', { filter });
    if (newRevisions.length > this.#bounds.listedRevisions) {
      throw badAnswer(this.#upstream, `its list has more than ${this.#bounds.listedRevisions} revisions`);
    }
    const identities = newRevisions as StagedBatch['failures'][number][];
    return { anchor: this.#requireAnchor(anchor), identities };
  }

  #requireAnchor(anchor: string | undefined): string {
    if (anchor !== undefined && anchor !== '' && anchor.length <= this.#bounds.anchorCharacters) return anchor;
    throw badAnswer(this.#upstream, 'an answer has no anchor, or one that is too long');
  }

  async #fetch(sessions: readonly UpstreamSession[], maxUpdates: number): Promise<void> {
    this.#fetchingSince = { ms: performance.now(), fetched: this.#counts.fetched };
    const next = this.#batches(Math.min(maxUpdates, this.#bounds.updatesPerCall));
    let refusalsInARow = 0;
    const refusals = {
      note: (fault: UpstreamFault) => {
        if (++refusalsInARow > this.#bounds.refusals) throw refused(this.#upstream, fault);
      },
      forget: () => {
        refusalsInARow = 0;
      },
    };
    const work = async (session: UpstreamSession) => {
      const options = { upstream: this.#upstream, session, limits: this.#bounds, refusals };
      for (let batch = await next(); batch.length > 0; batch = await next()) {
        for await (const fetched of fetchBatch(options, batch)) await this.#take(fetched);
      }
    };
    await allOrNone(sessions.map(work), (error) => this.#giveUp(error));
    if (this.#held.length > 0) await this.#stage({ revisions: [], failures: [], sources: [] });
  }

  /** The next batch for whoever asks, one asking at a time. */
  #batches(size: number): () => Promise<ListedIdentity[]> {
    let after = 0;
    let turn: Promise<ListedIdentity[]> = Promise.resolve([]);
    const take = async () => {
      const rows = await this.#parts.store.loadWanted(after, size);
      after = rows.at(-1)?.position ?? after;
      return rows.map(({ identity }) => identity);
    };
    return () => {
      turn = turn.then(take);
      return turn;
    };
  }

  /** Refusals count once the upstream has answered something after them: one that answers nothing is broken, not they. */
  async #take(fetched: Pick<StagedBatch, 'revisions' | 'failures' | 'sources'>): Promise<void> {
    const isRefusal = fetched.revisions.length === 0 && fetched.failures.length === 1;
    if (isRefusal) this.#held.push(...fetched.failures);
    else await this.#stage(fetched);
  }

  async #stage(fetched: Pick<StagedBatch, 'revisions' | 'failures' | 'sources'>): Promise<void> {
    const failures = [...fetched.failures, ...this.#held.splice(0)];
    const told = this.#untold;
    this.#untold = { calls: 0, bytes: 0 };
    await this.#parts.store.stageSync(this.#own, { ...fetched, failures, ...told });
    this.#counts.fetched += fetched.revisions.length;
    this.#counts.failed += failures.length;
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

/** Waits for all. The first error is told at once, so that the others end, and thrown when they have. */
async function allOrNone(work: readonly Promise<void>[], onError: (error: unknown) => void): Promise<void> {
  for (const one of work) one.catch(onError);
  const results = await Promise.allSettled(work);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

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

function isAboutDeploymentAnchor({ code, message }: UpstreamFault): boolean {
  return code === 'ServerChanged' || (code === 'InvalidParameters' && /^deploymentAnchor$/i.test(message.trim()));
}

/** Microsoft's public service has no decisions. */
function noDecisions(upstream: URL, fault: UpstreamFault): AdministrationError {
  const { message, code } = refused(upstream, fault);
  const advice = 'It gives no groups and decisions: a replica needs a WSUS or a Moult above it.';
  return new AdministrationError(code, `${message} ${advice}`, { cause: fault });
}

/** Real WSUS says so of an anchor that is not its own. */
function isAboutAnchor({ code, message }: UpstreamFault): boolean {
  return code === 'InvalidParameters' && /^(filter|configAnchor)?$/i.test(message.trim());
}

function asError(error: unknown): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof Error && 'code' in error ? String(error.code) : 'SERVER_REFUSED', message };
}
