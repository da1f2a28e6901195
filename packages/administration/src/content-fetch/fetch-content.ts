// Fetches files of updates: several at once, each continued where an interrupted download left it. A file is visible only after
// its length and both digests are those of the update.
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log, Store } from '@moult/store';
import { type ContentStore, createContentStore } from '@moult/store/content';
import { reserveBytesOf, spaceOfFolder, withDiskTrouble } from '@moult/store/data-dir';
import { contentBounds } from '../bounds.ts';
import type { ServerConfig } from '../config/index.ts';
import { AdministrationError } from '../errors.ts';
import { upstreamUrl } from '../synchronisation/run-sync.ts';
import { authoritiesFor } from '../synchronisation/trust.ts';
import { fetchFile } from '../web-files/index.ts';
import { createThrottle, type Throttle } from './bandwidth.ts';
import { holdAlone } from './one-at-a-time.ts';
import { requestFiles } from './request-files.ts';
import { addressesOf, type WantedFile, wantedFiles, withinRoom } from './wanted-files.ts';

export type ContentConfig = Pick<
  ServerConfig,
  | 'contentFetch'
  | 'contentConnections'
  | 'contentBandwidth'
  | 'contentQuotaMib'
  | 'diskReserveMib'
  | 'upstream'
  | 'upstreamCa'
  | 'publicUrl'
>;

export interface FetchParts {
  store: Store;
  /** The content folder. */
  folder: string;
  config: ContentConfig;
  log: Log;
  environment: Readonly<Record<string, string | undefined>>;
  now(): Date;
  random?(): number;
  /** Waits so many milliseconds, or until the signal. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Stops the downloads. The next run continues them. */
  signal: AbortSignal;
  onProgress?(progress: FetchProgress): void;
  bounds?: Partial<typeof contentBounds>;
}

export interface FetchProgress {
  files: number;
  done: number;
  bytes: number;
  doneBytes: number;
}

interface ContentFailure {
  sha1: string;
  fileName: string;
  code: string;
  message: string;
}

export interface FetchedContent {
  fetched: number;
  bytes: number;
  /** Not fetched, each with the reason. */
  failures: ContentFailure[];
}

/**
 * Fetches files that are needed by the setting `content-fetch`, or those in `asked` (SHA-1). One that cannot be had stops no
 * other. Throws ServerError SERVER_REFUSED while another process fetches, SERVER_DISK_FULL, AdministrationError
 * ADMINISTRATION_SYNC_STOPPED, and what the store throws.
 */
export async function fetchContent(parts: FetchParts, asked?: ReadonlySet<string>): Promise<FetchedContent> {
  return withDiskTrouble(`Update files cannot be fetched into ${parts.folder}`, () => fetchWanted(parts, asked));
}

async function fetchWanted(parts: FetchParts, asked: ReadonlySet<string> | undefined): Promise<FetchedContent> {
  const { store, folder, config, now, log } = parts;
  const bounds = { ...contentBounds, ...parts.bounds };
  const content = await store.listContent();
  const wanted = wantedFiles(content, config.contentFetch, asked);
  if (wanted.length === 0) return { fetched: 0, bytes: 0, failures: [] };
  const files = createContentStore({ folder, facts: store, now, log });
  // This makes the folder, too.
  const held = await holdAlone(join(dirname(await files.partOf(wanted[0]?.sha1 ?? '')), 'owner'), bounds);
  try {
    const presentBytes = content.reduce((sum, one) => sum + (one.state === 'present' ? one.sizeBytes : 0), 0);
    const { fit, left } = withinRoom(wanted, await roomIn(folder, config, presentBytes));
    const run = new Downloads(parts, bounds, files);
    const result = await run.fetchAll(fit);
    return { ...result, failures: [...result.failures, ...left.map(noRoom)] };
  } finally {
    await held.release();
  }
}

/** Bytes that may still arrive: by the quota, and by the disk without its reserve. */
export async function roomIn(
  folder: string,
  { contentQuotaMib, diskReserveMib }: Pick<ContentConfig, 'contentQuotaMib' | 'diskReserveMib'>,
  presentBytes: number,
): Promise<number> {
  const space = await spaceOfFolder(folder);
  const onDisk = space.freeBytes - reserveBytesOf(diskReserveMib, space);
  const byQuota = contentQuotaMib === 'off' ? Number.POSITIVE_INFINITY : contentQuotaMib * 1_048_576 - presentBytes;
  return Math.min(onDisk, byQuota);
}

function noRoom({ sha1, fileName, sizeBytes }: WantedFile): ContentFailure {
  const message = `There is no room for ${sizeBytes} more bytes: see content-quota-mib and the free space of the disk.`;
  return { sha1, fileName, code: 'ADMINISTRATION_CONTENT_ROOM', message };
}

class Downloads {
  readonly #parts: FetchParts;
  readonly #bounds: typeof contentBounds;
  readonly #files: ContentStore;
  readonly #upstream: URL;
  readonly #throttle: Throttle;
  readonly #arriving = new Map<string, number>();
  readonly #notAtUpstream = new Set<string>();
  #authorities: string[] | undefined;
  #sources = new Map<string, string>();
  #progress: FetchProgress = { files: 0, done: 0, bytes: 0, doneBytes: 0 };

  constructor(parts: FetchParts, bounds: typeof contentBounds, files: ContentStore) {
    const { config, now, signal } = parts;
    this.#parts = parts;
    this.#bounds = bounds;
    this.#files = files;
    this.#upstream = upstreamUrl(config.upstream);
    this.#throttle = createThrottle({
      ...{ setting: config.contentBandwidth, now, isStopped: () => signal.aborted },
      wait: (ms) => parts.wait(ms, signal),
    });
  }

  async fetchAll(wanted: readonly WantedFile[]): Promise<FetchedContent> {
    const { store, config, environment } = this.#parts;
    this.#progress = { ...this.#progress, files: wanted.length, bytes: sumOf(wanted) };
    this.#sources = await store.findContentSources(wanted.map(({ sha1 }) => sha1));
    // Content of Microsoft comes from other servers, which need no authority of the operator.
    this.#authorities =
      config.upstreamCa === undefined
        ? undefined
        : await authoritiesFor(this.#upstream, {
            ...{ caFile: config.upstreamCa, timeoutMs: this.#bounds.pauseMs },
            hasProxy: Object.keys(environment).some((name) => /^https_proxy$/i.test(name)),
          });
    const waiting = [...wanted];
    const result: FetchedContent = { fetched: 0, bytes: 0, failures: [] };
    const work = async () => {
      for (let file = waiting.shift(); file && !this.#parts.signal.aborted; file = waiting.shift()) {
        const failure = await this.#fetch(file);
        if (failure) result.failures.push(failure);
        else {
          result.fetched++;
          result.bytes += file.sizeBytes;
        }
        this.#progress.done++;
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: config.contentConnections }, work));
    const thrown = ended.find((one) => one.status === 'rejected');
    if (thrown) throw thrown.reason;
    if (this.#parts.signal.aborted) {
      const message = 'Fetching update files was stopped. The next run continues it.';
      throw new AdministrationError('ADMINISTRATION_SYNC_STOPPED', message);
    }
    await this.#requestMissing(result.failures);
    return result;
  }

  /** An upstream that fetches files only once somebody needs them is told of those that it does not have. */
  async #requestMissing(failures: ContentFailure[]): Promise<void> {
    const missing = failures.filter(({ sha1 }) => this.#notAtUpstream.has(sha1)).slice(0, this.#bounds.maxRequested);
    if (missing.length === 0) return;
    const requested = await requestFiles(
      { ...this.#parts, upstream: this.#upstream, authorities: this.#authorities },
      missing.map(({ sha1 }) => sha1),
    );
    for (const failure of missing) {
      if (requested.has(failure.sha1)) failure.message += requestedAdvice;
    }
  }

  /** Undefined once the file is in its place. */
  async #fetch(file: WantedFile): Promise<ContentFailure | undefined> {
    const { sha1, fileName } = file;
    const addresses = addressesOf(file, this.#upstream, this.#sources.get(sha1));
    if (addresses.length === 0) {
      const message = 'No upstream server said where this file is. Add it with "moult content add".';
      return { sha1, fileName, code: 'ADMINISTRATION_CONTENT_SOURCE', message };
    }
    const reasons: AdministrationError[] = [];
    for (const address of addresses) {
      const why = await this.#fetchFrom(file, address);
      if (!why) return undefined;
      reasons.push(why);
      if (address.startsWith(`${this.#upstream.origin}/Content/`) && why.httpStatus === 404)
        this.#notAtUpstream.add(sha1);
    }
    const code = reasons.at(-1)?.code ?? '';
    return { sha1, fileName, code, message: reasons.map(({ message }) => message).join(' ') };
  }

  /** Again and again while only the line is bad: each attempt continues the one before. */
  async #fetchFrom(file: WantedFile, address: string): Promise<AdministrationError | undefined> {
    const { signal, wait } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      const why = await this.#attempt(file, address);
      if (!why || signal.aborted || attempt >= this.#bounds.attempts || !isOfTheLine(why)) return why;
      await wait(this.#bounds.pauseMs * 2 ** (attempt - 1), signal);
    }
  }

  async #attempt(file: WantedFile, address: string): Promise<AdministrationError | undefined> {
    const { sha1, sizeBytes, fileName } = file;
    const { environment, signal } = this.#parts;
    const part = await this.#files.partOf(sha1);
    // A span of the day without downloads is waited for here, and not on an open connection.
    await this.#throttle.take(0);
    const before = await sizeOf(part);
    try {
      if ((await sizeOf(part)) > sizeBytes) await rm(part, { force: true });
      if ((await sizeOf(part)) < sizeBytes || sizeBytes === 0) {
        await fetchFile(address, part, {
          ...{ allowsPrivate: false, maxBytes: sizeBytes, resumes: true, environment, signal },
          ...{ named: { origin: this.#upstream.origin, authorities: this.#authorities } },
          ...{ maxSeconds: this.#bounds.maxSeconds, throttle: (bytes) => this.#throttle.take(bytes) },
          onProgress: (bytes) => this.#tell(sha1, bytes),
        });
      }
    } catch (error) {
      if (error instanceof AdministrationError) return error;
      throw error;
    }
    if ((await sizeOf(part)) < sizeBytes) return broken(fileName, 'the connection ended early');
    const taken = await this.#files.takePart(sha1);
    if (taken.kind === 'added' && taken.file.sha1 === sha1) return undefined;
    // The earlier bytes may be of another address, or of an older file there. Fetches the whole file once more, from
    // this address.
    return before > 0 ? this.#attempt(file, address) : wrong(fileName, address);
  }

  #tell(sha1: string, bytes: number): void {
    this.#progress.doneBytes += bytes - (this.#arriving.get(sha1) ?? 0);
    this.#arriving.set(sha1, bytes);
    this.#parts.onProgress?.({ ...this.#progress });
  }
}

function sumOf(files: readonly WantedFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Whether another attempt may help. It does not help if the file is not there, or if Moult refuses the address. */
function isOfTheLine({ code, httpStatus = 0 }: AdministrationError): boolean {
  const isOfTheQuestion = httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408 && httpStatus !== 429;
  return code === 'ADMINISTRATION_FETCH' && !isOfTheQuestion;
}

const requestedAdvice = ' The upstream server was asked to fetch it, and the next run tries it again.';

function broken(fileName: string, why: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_FETCH', `${fileName} cannot be fetched: ${why}.`);
}

function wrong(fileName: string, address: string): AdministrationError {
  const message = `${address} has other bytes than the update says of ${fileName}. They were deleted.`;
  return new AdministrationError('ADMINISTRATION_FILE_DIGEST', message);
}
