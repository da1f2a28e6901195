// Writes a bundle to a file: whole or not at all, and from the same contents always the same bytes.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import {
  type ArchivedFile,
  type ArchiveEntry,
  arHeader,
  arMagic,
  arPadding,
  encodeTar,
  encodeZip,
} from '@moult/formats/archives';
import { bundleBounds } from '../bounds.ts';
import { giveToOwnerOf } from '../client/durable-files.ts';
import { ReleaseError } from '../errors.ts';
import { inDiskWords } from '../repository/folder-lock.ts';
import { type BundleContents, bundleFiles, bundleVersion } from './bundle-files.ts';
import { debianControl, debianTree } from './debian.ts';
import { type BundleFormat, type Platform, platformFacts } from './platforms.ts';
import type { Runtime } from './runtime.ts';

interface BundleOrder {
  platform: Platform;
  format: Exclude<BundleFormat, 'msi'>;
  runtime: Runtime;
  /** 0 stores, 9 is the smallest. */
  level: number;
  /** Default: bundle.max-bytes. */
  maxBytes?: number;
}

export interface WrittenBundle {
  /** Lower-case hexadecimal. */
  sha256: string;
  sizeBytes: number;
}

/**
 * Writes the bundle to `target`. A kill or a full disk leaves what was there before. A kill also leaves drafts
 * `target.new-PID-N`, which the next run removes. Throws RELEASE_BUNDLE_UNSUPPORTED for a format that the platform
 * does not have, RELEASE_BUNDLE_UNMADE beyond bundle.max-bytes, RELEASE_REPOSITORY_UNWRITABLE.
 */
export async function writeBundle(
  target: string,
  contents: BundleContents,
  order: BundleOrder,
): Promise<WrittenBundle> {
  requireFormat(order);
  await removeLeftovers(target);
  // Somebody else may write the same bundle now.
  drafts += 1;
  const draft = `${target}.new-${process.pid}-${drafts}`;
  try {
    const { maxBytes = bundleBounds.maxBytes } = order;
    const written = await writeDraft(draft, maxBytes, (output) => compose(output, `${draft}-data`, contents, order));
    await rename(draft, target);
    return written;
  } catch (error) {
    throw inDiskWords(`The bundle ${target} cannot be written`, error);
  } finally {
    for (const left of [draft, `${draft}-data`]) await rm(left, { force: true });
  }
}

let drafts = 0;

/** Drafts of processes that are gone. */
async function removeLeftovers(target: string): Promise<void> {
  const begin = `${basename(target)}.new-`;
  for (const name of await readdir(dirname(target)).catch(() => [])) {
    const pid = name.startsWith(begin) ? Number.parseInt(name.slice(begin.length), 10) : Number.NaN;
    if (pid > 0 && pid !== process.pid && !isAlive(pid)) await rm(join(dirname(target), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Throws RELEASE_BUNDLE_UNSUPPORTED. */
export function requireFormat({ platform, format }: { platform: Platform; format: BundleFormat }): void {
  const { formats } = platformFacts[platform];
  if (formats.includes(format)) return;
  const text = `A bundle for ${platform} is not made as ${format}. Use --format ${formats.join(' or ')}.`;
  throw new ReleaseError('RELEASE_BUNDLE_UNSUPPORTED', text);
}

async function compose(output: Output, scratch: string, contents: BundleContents, order: BundleOrder): Promise<void> {
  const files = bundleFiles(contents, order, order.runtime);
  if (order.format === 'zip') return output.take(encodeZip(files, order.level));
  if (order.format === 'tar.gz') return output.take(gzipped(withFolders(files, contents.brand.id), order.level));
  const data = await writeDraft(scratch, order.maxBytes ?? bundleBounds.maxBytes, (part) =>
    part.take(gzipped(debianTree(files, contents.brand), order.level)),
  );
  const installedBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const architecture = platformFacts[order.platform].debian ?? 'all';
  const facts = { brand: contents.brand, version: bundleVersion(contents), architecture, installedBytes };
  const control = await Array.fromAsync(gzipped(debianControl(facts), order.level));
  await output.take([
    arMagic,
    ...member('debian-binary', Buffer.from('2.0\n')),
    ...member('control.tar.gz', Buffer.concat(control)),
  ]);
  await output.take([arHeader('data.tar.gz', data.sizeBytes)]);
  await output.take(createReadStream(scratch));
  await output.take([arPadding(data.sizeBytes)]);
}

function member(name: string, bytes: Uint8Array): Uint8Array[] {
  return [arHeader(name, bytes.length), bytes, arPadding(bytes.length)];
}

function withFolders(files: readonly ArchivedFile[], id: string): ArchiveEntry[] {
  return [{ kind: 'folder', name: id }, ...files];
}

async function* gzipped(entries: Iterable<ArchiveEntry>, level: number): AsyncGenerator<Uint8Array> {
  const packed = pipeline(encodeTar(entries), createGzip({ level }), () => undefined);
  let isFirst = true;
  for await (const piece of packed as AsyncIterable<Buffer>) {
    // The header names the system that packed it; 255 is "unknown" (RFC 1952).
    if (isFirst && piece.length > 9) piece[9] = 255;
    isFirst = false;
    yield piece;
  }
}

class Output {
  sizeBytes = 0;
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash('sha256');

  readonly #maxBytes: number;

  constructor(handle: FileHandle, maxBytes: number) {
    this.#handle = handle;
    this.#maxBytes = maxBytes;
  }

  async take(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    for await (const piece of pieces) {
      this.sizeBytes += piece.length;
      if (this.sizeBytes > this.#maxBytes) {
        const text = `The bundle is larger than ${this.#maxBytes} bytes (bundle.max-bytes). Raise this limit if that is meant.`;
        throw new ReleaseError('RELEASE_BUNDLE_UNMADE', text);
      }
      this.#hash.update(piece);
      await this.#handle.writeFile(piece);
    }
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

async function writeDraft(
  file: string,
  maxBytes: number,
  fill: (output: Output) => Promise<void>,
): Promise<WrittenBundle> {
  await rm(file, { force: true });
  const handle = await open(file, 'wx', 0o644);
  try {
    giveToOwnerOf(dirname(file), handle.fd);
    const output = new Output(handle, maxBytes);
    await fill(output);
    await handle.sync();
    return { sha256: output.digest(), sizeBytes: output.sizeBytes };
  } finally {
    await handle.close();
  }
}
