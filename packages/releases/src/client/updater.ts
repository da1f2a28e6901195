// The client workflow (specification section 5) over a store, a fetch and a clock.
import { clientLimits } from '../bounds.ts';
import { isReleaseError, ReleaseError } from '../errors.ts';
import { own } from '../metadata/parse.ts';
import { rolesForTarget } from '../metadata/paths.ts';
import type { Metadata, RootSigned, SnapshotSigned, TargetFile, TargetsSigned } from '../metadata/types.ts';
import { type Fetch, fetchBytes, joinUrl } from './fetch.ts';
import type { MetadataStore } from './store.ts';
import { lowerBoundOfTime } from './time.ts';
import { type Expired, type ExpiryMode, TrustedSet } from './trusted-set.ts';

interface ClientLimits {
  rootBytes: number;
  timestampBytes: number;
  snapshotBytes: number;
  targetsBytes: number;
  /** New roots taken in one refresh. The next refresh goes on from there. */
  rootRotations: number;
  /** Targets roles visited in the search for one target. */
  delegations: number;
}

interface ClientOptions {
  store: MetadataStore;
  fetch: Fetch;
  /** The places of the metadata, with mirrors in the order in which they are asked. */
  metadataUrls: readonly string[];
  now: () => Date;
  /** The treatment of expired metadata: no default, whoever opens a client says it. */
  mode: ExpiryMode;
  /** When the program was made: a clock before that is wrong. */
  builtAt?: Date;
  limits?: Partial<ClientLimits>;
}

/** A target that the signed metadata names. */
export interface FoundTarget {
  path: string;
  /** The role that names it. */
  role: string;
  file: TargetFile;
}

export class UpdateClient {
  readonly #options: ClientOptions;
  readonly #limits: ClientLimits;
  #trusted: TrustedSet;
  #refreshed = false;
  /** Told apart from failures: what a caller in the mode `alarm` should hear of. */
  readonly oddities: string[] = [];

  /** Throws RELEASE_STORE_UNUSABLE when neither the store nor the program has a root that can be used. */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#limits = { ...clientLimits, ...options.limits };
    this.#trusted = this.#startFromRoot();
  }

  get root(): RootSigned {
    return this.#trusted.root.signed;
  }

  /** The metadata that has expired and is used all the same (mode `alarm`). */
  get expired(): Expired[] {
    return [...this.#trusted.expired.values()];
  }

  /** Versions of what is trusted now, by role. */
  get versions(): Record<string, number> {
    const { root, timestamp, snapshot, targets } = this.#trusted;
    const all: [string, Metadata | undefined][] = [...Object.entries({ root, timestamp, snapshot }), ...targets];
    return Object.fromEntries(all.flatMap(([role, metadata]) => (metadata ? [[role, metadata.signed.version]] : [])));
  }

  /**
   * Root, timestamp, snapshot and targets, each verified and kept before the next is asked for. Throws ReleaseError at
   * the first that cannot be had or trusted. The metadata before it stays.
   */
  async refresh(): Promise<void> {
    this.#refreshed = false;
    this.#trusted = this.#startFromRoot();
    await this.#loadRoots();
    this.#trusted.finishRoot();
    await this.#loadTimestamp();
    await this.#loadSnapshot();
    await this.#loadTargets('targets', 'root');
    this.#refreshed = true;
    this.#keepGoodSet();
  }

  /**
   * The last complete set in place of a refresh that failed: verified again with the newest root, whatever its age.
   * Answers false without one. Only for the mode `alarm`.
   */
  useGoodSet(): boolean {
    if (this.#options.mode !== 'alarm') throw new Error('a strict client never falls back');
    const set = this.#options.store.goodSet();
    const [timestamp, snapshot, targets] = ['timestamp', 'snapshot', 'targets'].map((role) => set.get(role));
    if (!timestamp || !snapshot || !targets) return false;
    try {
      const trusted = this.#startFromRoot();
      trusted.finishRoot();
      trusted.updateTimestamp(timestamp);
      trusted.updateSnapshot(snapshot, undefined);
      trusted.updateTargets(targets, 'targets', 'root');
      this.#trusted = trusted;
      this.#refreshed = true;
      return true;
    } catch (error) {
      if (error instanceof ReleaseError) return false;
      throw error;
    }
  }

  /** The target as the most trusted role that has it names it. Undefined when none does. Refreshes first if need be. */
  async find(path: string): Promise<FoundTarget | undefined> {
    if (!this.#refreshed) await this.refresh();
    const visited = new Set<string>();
    const toVisit = [{ role: 'targets', delegator: 'root' }];
    for (let next = toVisit.pop(); next && visited.size <= this.#limits.delegations; next = toVisit.pop()) {
      const { role, delegator } = next;
      if (visited.has(role)) continue;
      const { targets, delegations } = await this.#loadTargets(role, delegator);
      const file = own(targets, path);
      if (file) return { path, role, file };
      visited.add(role);
      if (!delegations) continue;
      const children = rolesForTarget(delegations, path);
      const end = children.findIndex(({ terminating }) => terminating);
      if (end >= 0) toVisit.length = 0;
      const asked = end < 0 ? children : children.slice(0, end + 1);
      toVisit.push(...asked.map(({ name }) => ({ role: name, delegator: role })).reverse());
    }
    return undefined;
  }

  /**
   * Every target that the role named `role` may name, which `targets` delegates to, in no order: those whose role
   * `find` answers. Throws RELEASE_ROLE_UNKNOWN when nothing is delegated to it.
   */
  async list(role: string): Promise<FoundTarget[]> {
    if (!this.#refreshed) await this.refresh();
    const { targets } = await this.#loadTargets(role, role === 'targets' ? 'root' : 'targets');
    const found: FoundTarget[] = [];
    for (const [path, file] of Object.entries(targets)) {
      // A search for each of ten thousand is too much, and hardly ever needed.
      const target = this.#isFirstFor(path, role) ? { path, role, file } : await this.find(path);
      if (target?.role === role) found.push(target);
    }
    return found;
  }

  /** The metadata of a role that list or find loaded. Undefined when neither did. */
  signedOf(role: string): TargetsSigned | undefined {
    return this.#trusted.targets.get(role)?.signed;
  }

  /** True if no role is before `role` in the search for this path, so that `find` ends there. */
  #isFirstFor(path: string, role: string): boolean {
    const top = this.#trusted.targets.get('targets')?.signed;
    if (!top || own(top.targets, path)) return role === 'targets';
    const [first] = top.delegations ? rolesForTarget(top.delegations, path) : [];
    return first?.name === role;
  }

  /** The best root that there is: the newest of the copies, and the one that came with the program. */
  #startFromRoot(): TrustedSet {
    const { store, now, mode, builtAt } = this.#options;
    const at = new Date(Math.max(now().getTime(), lowerBoundOfTime(store, builtAt).getTime()));
    let best: TrustedSet | undefined;
    for (const bytes of store.candidates('root')) {
      try {
        const candidate = new TrustedSet(bytes, at, mode);
        if (!best || candidate.root.signed.version > best.root.signed.version) best = candidate;
      } catch (error) {
        if (!(error instanceof ReleaseError)) throw error;
      }
    }
    if (best) return best;
    throw new ReleaseError(
      'RELEASE_STORE_UNUSABLE',
      'No root metadata that can be used is stored, and none came along.',
    );
  }

  async #loadRoots(): Promise<void> {
    const { store } = this.#options;
    this.#heal('root', store.candidates('root'), this.#trusted.root.bytes);
    for (let taken = 0; taken < this.#limits.rootRotations; taken += 1) {
      const before = this.#trusted.root;
      const name = `${before.signed.version + 1}.root.json`;
      const found = await this.#fromMirrors(name, this.#limits.rootBytes, (bytes) => this.#takeRoot(bytes, name));
      if (found !== 'taken') break;
      // 5.3.11: metadata that rotated online keys signed is no longer a measure. Otherwise a thief's high version stays
      // for good.
      if (lostKey(before.signed, this.root)) store.forget(['timestamp', 'snapshot']);
      store.save('root', this.#trusted.root.bytes);
    }
  }

  #takeRoot(bytes: Uint8Array, name: string): 'taken' | 'none' {
    if (this.#options.mode === 'alarm' && !looksLikeJson(bytes)) {
      this.oddities.push(`A page came in place of ${name}: something between answers for the server.`);
      return 'none';
    }
    this.#trusted.updateRoot(bytes);
    return 'taken';
  }

  async #loadTimestamp(): Promise<void> {
    const { store } = this.#options;
    const copies = store.candidates('timestamp');
    for (const copy of copies) attempt(() => this.#trusted.updateTimestamp(copy, false));
    if (this.#trusted.timestamp) this.#heal('timestamp', copies, this.#trusted.timestamp.bytes);
    const found = await this.#fromMirrors(
      'timestamp.json',
      this.#limits.timestampBytes,
      (bytes) => {
        if (this.#trusted.updateTimestamp(bytes)) store.save('timestamp', bytes);
        return 'taken';
      },
      true,
    );
    if (found === 'none') throw missing('timestamp');
  }

  async #loadSnapshot(): Promise<void> {
    const { store } = this.#options;
    const copies = store.candidates('snapshot');
    const before = this.#newestSnapshot(copies);
    const good = copies.find((copy) => succeeds(() => this.#trusted.updateSnapshot(copy, before)));
    if (good) return this.#heal('snapshot', copies, good);
    const { version, length } = this.#trusted.timestamp?.signed.meta['snapshot.json'] ?? { version: 1 };
    const name = this.root.consistent_snapshot ? `${version}.snapshot.json` : 'snapshot.json';
    const found = await this.#fromMirrors(name, length ?? this.#limits.snapshotBytes, (bytes) => {
      this.#trusted.updateSnapshot(bytes, before);
      store.save('snapshot', bytes);
      return 'taken';
    });
    if (found === 'none') throw missing('snapshot');
  }

  /** Of the copies, the one with the highest version that today's keys signed. */
  #newestSnapshot(copies: readonly Uint8Array[]): SnapshotSigned | undefined {
    const signed = copies.flatMap((copy) => attempt(() => this.#trusted.readSnapshot(copy).signed) ?? []);
    return signed.sort((a, b) => b.version - a.version)[0];
  }

  async #loadTargets(role: string, delegator: string): Promise<TargetsSigned> {
    const trusted = this.#trusted;
    const loaded = trusted.targets.get(role);
    if (loaded) {
      trusted.requireDelegated(role, delegator);
      return loaded.signed;
    }
    const { store } = this.#options;
    const expected = trusted.expectedTargets(role);
    const copies = store.candidates(role);
    const good = copies.find((copy) => succeeds(() => trusted.updateTargets(copy, role, delegator)));
    if (good) this.#heal(role, copies, good);
    else {
      const plain = `${encodeURIComponent(role)}.json`;
      const name = this.root.consistent_snapshot ? `${expected.version}.${plain}` : plain;
      const found = await this.#fromMirrors(name, expected.length ?? this.#limits.targetsBytes, (bytes) => {
        trusted.updateTargets(bytes, role, delegator);
        store.save(role, bytes);
        return 'taken';
      });
      if (found === 'none') throw missing(role);
    }
    if (this.#refreshed) this.#keepGoodSet();
    return trusted.targets.get(role)?.signed ?? unreachable();
  }

  /**
   * Asks the mirrors in turn until one has bytes that `take` accepts. 404 and 403 mean that a mirror has none. A file
   * that a mirror serves wrongly, or too old, another may serve rightly: only when no mirror does is its error thrown.
   */
  async #fromMirrors(
    name: string,
    maxBytes: number,
    take: (bytes: Uint8Array) => 'taken' | 'none',
    noCache = false,
  ): Promise<'taken' | 'none'> {
    let firstError: unknown;
    let anyNone = false;
    for (const base of this.#options.metadataUrls) {
      try {
        const bytes = await fetchBytes(this.#options.fetch, joinUrl(base, name), maxBytes, noCache);
        if (take(bytes) === 'taken') return 'taken';
        anyNone = true;
      } catch (error) {
        if (!(error instanceof ReleaseError) || error.code === 'RELEASE_STORE_UNUSABLE') throw error;
        const none = error.code === 'RELEASE_FETCH_STATUS' && (error.status === 404 || error.status === 403);
        if (none) anyNone = true;
        else firstError ??= error;
      }
    }
    if (firstError === undefined) return 'none';
    // A mirror that is ill does not keep a client from the one that has no newer root.
    const isAway = isReleaseError(firstError, 'RELEASE_FETCH_FAILED');
    const mayPass = name.endsWith('.root.json') && (isAway || this.#options.mode === 'alarm');
    if (!anyNone || !mayPass) throw firstError;
    this.oddities.push(firstError instanceof Error ? firstError.message : String(firstError));
    return 'none';
  }

  /** The first copy is the one that the next run reads first: when it was rubbish, it is written again. */
  #heal(role: string, copies: readonly Uint8Array[], good: Uint8Array): void {
    const [first] = copies;
    if (!first || Buffer.compare(first, good) !== 0) this.#options.store.save(role, good);
  }

  #keepGoodSet(): void {
    const { root, timestamp, snapshot, targets } = this.#trusted;
    const set = new Map([['root', root.bytes]]);
    if (timestamp) set.set('timestamp', timestamp.bytes);
    if (snapshot) set.set('snapshot', snapshot.bytes);
    for (const [role, { bytes }] of targets) set.set(role, bytes);
    // Delegated roles that this run did not need stay, if the snapshot still lists them.
    for (const [role, bytes] of this.#options.store.goodSet()) {
      if (!set.has(role) && snapshot && own(snapshot.signed.meta, `${role}.json`)) set.set(role, bytes);
    }
    this.#options.store.saveGoodSet(set);
  }
}

/** True when a key of the timestamp or the snapshot role is gone. */
function lostKey(before: RootSigned, after: RootSigned): boolean {
  return (['timestamp', 'snapshot'] as const).some((role) =>
    before.roles[role].keyids.some((keyid) => !after.roles[role].keyids.includes(keyid)),
  );
}

function looksLikeJson(bytes: Uint8Array): boolean {
  return /^\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));
}

/** The result, or undefined when a copy of ours is not what it should be. Any other error goes on. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof ReleaseError && error.code !== 'RELEASE_STORE_UNUSABLE') return undefined;
    throw error;
  }
}

function succeeds(work: () => void): boolean {
  return (
    attempt(() => {
      work();
      return true;
    }) === true
  );
}

function missing(role: string): ReleaseError {
  return new ReleaseError('RELEASE_FETCH_STATUS', `No server has the ${role} metadata.`, { role, status: 404 });
}

function unreachable(): never {
  throw new Error('a role that was loaded is there');
}
