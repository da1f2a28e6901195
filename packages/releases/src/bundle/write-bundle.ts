// Writes a bundle to a file: whole or not at all, and from the same contents always the same bytes.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
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
import { type BundleContents, bundleFiles, bundleVersion } from './bundle-files.ts';
import { debianControl, debianTree } from './debian.ts';
import { replaceWhole } from './draft.ts';
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
 * Writes the bundle to `target`, as replaceWhole does. Throws RELEASE_BUNDLE_UNSUPPORTED for a format that the platform
 * does not have, RELEASE_BUNDLE_UNMADE beyond bundle.max-bytes, RELEASE_REPOSITORY_UNWRITABLE.
 */
export async function writeBundle(
  target: string,
  contents: BundleContents,
  order: BundleOrder,
): Promise<WrittenBundle> {
  requireFormat(order);
  const { maxBytes = bundleBounds.maxBytes } = order;
  return replaceWhole(target, (draft) =>
    writeDraft(draft, maxBytes, (output) => compose(output, `${draft}-data`, contents, order)),
  );
}

/** Throws RELEASE_BUNDLE_UNSUPPORTED. */
export function requireFormat({ platform, format }: { platform: Platform; format: BundleFormat }): void {
  const { formats } = platformFacts[platform];
  if (formats.includes(format)) return;
  const text = `A bundle for ${platform} is not made as ${format}. Use --format ${formats.join(' or ')}.`;
  throw new ReleaseError('RELEASE_BUNDLE_UNSUPPORTED', text);
}

/** Throws RELEASE_BUNDLE_UNMADE beyond bundle.max-bytes. */
export function requireSize(sizeBytes: number, maxBytes = bundleBounds.maxBytes): void {
  if (sizeBytes <= maxBytes) return;
  const text = `The bundle is larger than ${maxBytes} bytes (bundle.max-bytes). Raise this limit if that is meant.`;
  throw new ReleaseError('RELEASE_BUNDLE_UNMADE', text);
}

async function compose(output: Output, scratch: string, contents: BundleContents, order: BundleOrder): Promise<void> {
  const files = bundleFiles(contents, order, order.runtime);
  if (order.format === 'zip') return output.take(encodeZip(files, order.level));
  if (order.format === 'tar.gz') return output.take(gzipped(withFolders(files, contents.brand.id), order.level));
  const installedBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const architecture = platformFacts[order.platform].debian ?? 'all';
  const facts = { brand: contents.brand, version: bundleVersion(contents), architecture, installedBytes };
  const parts = { tree: debianTree(files, contents.brand), control: debianControl(facts) };
  await composeDebian(output, scratch, parts, {
    level: order.level,
    maxBytes: order.maxBytes ?? bundleBounds.maxBytes,
  });
}

interface DebianParts {
  /** The files of the package, folders before what is in them. */
  tree: Iterable<ArchiveEntry>;
  /** `control` and the scripts. */
  control: Iterable<ArchiveEntry>;
}

/** Writes a Debian package of any content (deb(5)) to `target`, as replaceWhole does. */
export function writeDebian(target: string, parts: DebianParts, level: number): Promise<WrittenBundle> {
  const { maxBytes } = bundleBounds;
  return replaceWhole(target, (draft) =>
    writeDraft(draft, maxBytes, (output) => composeDebian(output, `${draft}-data`, parts, { level, maxBytes })),
  );
}

async function composeDebian(
  output: Output,
  scratch: string,
  parts: DebianParts,
  { level, maxBytes }: { level: number; maxBytes: number },
): Promise<void> {
  const data = await writeDraft(scratch, maxBytes, (part) => part.take(gzipped(parts.tree, level)));
  const control = await Array.fromAsync(gzipped(parts.control, level));
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
    // The header names the system that packed it. 255 is "unknown" (RFC 1952).
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
      requireSize(this.sizeBytes, this.#maxBytes);
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
