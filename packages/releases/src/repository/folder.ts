// A repository's folder:
//   DIR/public/metadata  what /tuf/metadata/ serves: N.root.json, N.ROLE.json, timestamp.json
//   DIR/public/targets   what /tuf/targets/ serves: PATH/DIGEST.NAME
//   DIR/staged           the next version of a role, until it has its signatures: what is carried between machines
//   DIR/keys             key files, 0600: snapshot and timestamp always, the others only while they are not offline
//   DIR/keys.making      those of a repository that is being made: without its root nobody needs them
//   DIR/publishing       there while a publication is on its way, so that an interrupted one is ended
//   DIR/lock             held while a command changes something. Ends with its process
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isThere, listIfThere } from '@moult/disk';
import {
  giveToOwnerOf,
  makeOwnFolder,
  nodeFileCalls,
  openDraft,
  readRegularFile,
  removeDurably,
  syncFolder,
  writeDurably,
} from '../client/durable-files.ts';
import { isReleaseError, ReleaseError } from '../errors.ts';
import { parseMetadata } from '../metadata/parse.ts';
import type {
  Metadata,
  RoleKind,
  RootSigned,
  SignedOf,
  SnapshotSigned,
  TargetsSigned,
  TimestampSigned,
} from '../metadata/types.ts';
import { withLock } from './folder-lock.ts';
import { encodeKeyFile, readKeyFile, type SigningKey } from './keys.ts';

/** The newest published files. All undefined before the first publication. */
export interface Published {
  root: Metadata<RootSigned> | undefined;
  timestamp: Metadata<TimestampSigned> | undefined;
  snapshot: Metadata<SnapshotSigned> | undefined;
  targets: Map<string, Metadata<TargetsSigned>>;
}

export interface Staged {
  root: Metadata<RootSigned> | undefined;
  targets: Map<string, Metadata<TargetsSigned>>;
}

const targetsRoles = ['targets', 'agent', 'updates'];
const roleName = /^[a-z]{1,32}$/;

export class RepositoryFolder {
  readonly directory: string;
  readonly metadata: string;
  readonly targets: string;

  constructor(directory: string) {
    this.directory = directory;
    this.metadata = join(directory, 'public', 'metadata');
    this.targets = join(directory, 'public', 'targets');
  }

  /** Throws DiskError when the disk does not tell: a new repository over one that is there cuts off every agent. */
  exists(): boolean {
    return isThere(join(this.directory, 'keys')) || (isThere(this.#making) && this.#hasRoot());
  }

  /**
   * Runs `work` alone, after it cleared away what a killed command left. Throws RELEASE_REPOSITORY_BUSY when another
   * process, or another call, holds the lock, and RELEASE_REPOSITORY_UNWRITABLE when the disk takes nothing.
   */
  locked<T>(work: () => T): T {
    return withLock(this.directory, () => {
      this.#dropDrafts();
      this.#settleMaking();
      return work();
    });
  }

  /**
   * Makes the keys of a new repository stay if `stageRoot` comes to its end, and go if not. Killed in between, the next
   * command decides by the root.
   */
  withNewKeys(
    keys: readonly { name: string; key: SigningKey; passphrase?: string | undefined }[],
    stageRoot: () => void,
  ) {
    try {
      makeOwnFolder(this.#making, 0o700);
      for (const { name, key, passphrase } of keys) {
        writeSecret(join(this.#making, keyFileName(name, key)), encodeKeyFile(key, passphrase));
      }
      stageRoot();
    } finally {
      this.#settleMaking();
    }
  }

  /**
   * The newest published files. A timestamp or snapshot that a disk damaged is passed over: the server signs both
   * again, and their version goes on from the names of the files. Throws RELEASE_METADATA_MALFORMED for any other
   * damage.
   */
  published(): Published {
    const newest = Math.max(0, ...this.#versions('root'));
    const root = newest === 0 ? undefined : this.#read('root', `${newest}.root.json`);
    const timestamp = this.#readOnline('timestamp', 'timestamp.json') ?? this.#lostTimestamp();
    const version = timestamp?.signed.meta['snapshot.json'].version;
    const snapshot = version === undefined ? undefined : this.#readOnline('snapshot', `${version}.snapshot.json`);
    const targets = new Map<string, Metadata<TargetsSigned>>();
    const roles = snapshot
      ? Object.keys(snapshot.signed.meta).map((name) => name.replace(/\.json$/, ''))
      : targetsRoles;
    for (const role of version === undefined ? [] : roles) {
      const listed = snapshot?.signed.meta[`${role}.json`]?.version ?? Math.max(0, ...this.#versions(role));
      const file = this.#read('targets', `${listed}.${role}.json`);
      if (file) targets.set(role, file);
    }
    return { root, timestamp, snapshot, targets };
  }

  staged(): Staged {
    const names = listIfThere(join(this.directory, 'staged')).filter((name) => name.endsWith('.json'));
    const targets = new Map<string, Metadata<TargetsSigned>>();
    let root: Metadata<RootSigned> | undefined;
    for (const name of names) {
      const role = name.slice(0, -'.json'.length);
      if (!roleName.test(role)) continue;
      const bytes = readRegularFile(this.stagedFile(role));
      if (role === 'root') root = parseMetadata('root', bytes);
      else targets.set(role, parseMetadata('targets', bytes));
    }
    return { root, targets };
  }

  stagedFile(role: string): string {
    if (!roleName.test(role)) throw new ReleaseError('RELEASE_ROLE_UNKNOWN', `${JSON.stringify(role)} is not a role.`);
    return join(this.directory, 'staged', `${role}.json`);
  }

  stage(role: string, metadata: Metadata): void {
    writeDurably(this.stagedFile(role), encodeMetadata(metadata));
  }

  unstage(role: string): void {
    if (isThere(this.stagedFile(role))) removeDurably(this.stagedFile(role));
  }

  /** The names are built here from roles and versions, never from outside. */
  publish(name: string, bytes: Uint8Array): void {
    writeDurably(join(this.metadata, name), bytes);
  }

  /** The place of the bytes of a target. The path was checked when it was added. */
  targetFile(path: string, sha256: string): string {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    return join(this.targets, ...parts, `${sha256}.${name}`);
  }

  /** Throws RELEASE_TARGET_MISMATCH when the file of a target is not there with its length. */
  requireFiles({ targets }: TargetsSigned): void {
    for (const [path, { length, hashes }] of Object.entries(targets)) {
      const file = this.targetFile(path, hashes.sha256 ?? '');
      if (statSync(file, { throwIfNoEntry: false })?.size === length) continue;
      const text = `The file of ${path} is not in ${dirname(file)}, or has another length. Add it again.`;
      throw new ReleaseError('RELEASE_TARGET_MISMATCH', text);
    }
  }

  /** A publication was begun and not ended: the next one ends it. */
  isPublishing(): boolean {
    return isThere(join(this.directory, 'publishing'));
  }

  setPublishing(on: boolean): void {
    const marker = join(this.directory, 'publishing');
    if (on) writeDurably(marker, Buffer.of());
    else removeDurably(marker);
  }

  /** The key files that are here. Those that are sealed need the passphrase. Without it they are left out. */
  keys(passphrase?: string): SigningKey[] {
    const folder = join(this.directory, 'keys');
    return listIfThere(folder)
      .filter((name) => name.endsWith('.key'))
      .flatMap((name) => {
        const text = readRegularFile(join(folder, name)).toString('utf8');
        const sealed = /"secret": \{/.test(text);
        return sealed && passphrase === undefined ? [] : [readKeyFile(text, join(folder, name), passphrase)];
      });
  }

  /** The place of a key of the role `name`. */
  keyFile(name: string, key: SigningKey): string {
    return join(this.directory, 'keys', keyFileName(name, key));
  }

  /** Whether there are keys that were made for a repository here. */
  hasMadeKeys(): boolean {
    return listIfThere(join(this.directory, 'keys')).some((name) => /^[a-z]{1,32}-[0-9a-f]{12}\.key$/.test(name));
  }

  saveKey(name: string, key: SigningKey, passphrase?: string): string {
    makeOwnFolder(join(this.directory, 'keys'), 0o700);
    const file = this.keyFile(name, key);
    writeSecret(file, encodeKeyFile(key, passphrase));
    return file;
  }

  /** Removes the files of keys of snapshot and timestamp that are not among `used`. Other keys are never removed. */
  dropOnlineKeys(used: readonly string[]): void {
    const folder = join(this.directory, 'keys');
    for (const name of listIfThere(folder)) {
      const [, digits] = /^(?:snapshot|timestamp)-([0-9a-f]{12})\.key$/.exec(name) ?? [];
      if (digits !== undefined && !used.some((keyid) => keyid.startsWith(digits))) removeDurably(join(folder, name));
    }
  }

  /**
   * Removes metadata that is neither the newest nor the one before, if its successor is older than `graceMs`. Of each
   * role it removes all but the `most` newest. Roots stay for good: a machine that was off for years needs each of
   * them.
   */
  prune(roles: readonly string[], now: Date, graceMs: number, most = Number.POSITIVE_INFINITY): void {
    for (const role of roles) {
      const versions = this.#versions(role).sort((a, b) => b - a);
      const files = versions.map((version) => join(this.metadata, `${version}.${role}.json`));
      const ages = files.map((file) => now.getTime() - statSync(file).mtimeMs);
      for (const [index, file] of files.entries()) {
        if (index >= 2 && (index >= most || (ages[index - 1] ?? 0) > graceMs)) rmSync(file, { force: true });
      }
    }
  }

  get #making(): string {
    return join(this.directory, 'keys.making');
  }

  #hasRoot(): boolean {
    return isThere(this.stagedFile('root')) || this.#versions('root').length > 0;
  }

  /** A root names the keys: they are its own now. Without a root their signatures were never seen. */
  #settleMaking(): void {
    const making = this.#making;
    if (!isThere(making)) return;
    const keys = join(this.directory, 'keys');
    if (this.#hasRoot()) {
      makeOwnFolder(keys, 0o700);
      for (const name of readdirSync(making)) renameSync(join(making, name), join(keys, name));
      syncFolder(keys);
    }
    rmSync(making, { recursive: true, force: true });
    syncFolder(this.directory);
  }

  /** Half-written files of a command that was killed. */
  #dropDrafts(): void {
    const releases = ['agent', 'host'].flatMap((name) =>
      listIfThere(join(this.targets, name)).map((generation) => join(this.targets, name, generation)),
    );
    const own = ['keys', 'keys.making', 'staged'].map((name) => join(this.directory, name));
    for (const folder of [this.directory, ...own, this.metadata, ...releases]) {
      for (const name of listIfThere(folder)) if (name.endsWith('.new')) rmSync(join(folder, name), { force: true });
    }
  }

  #versions(role: string): number[] {
    return listIfThere(this.metadata).flatMap((name) => {
      const [, version, of] = /^(\d{1,15})\.([^/]+)\.json$/.exec(name) ?? [];
      return of === role && version !== undefined ? [Number(version)] : [];
    });
  }

  /** Both are published together, each with the next version: the name of the snapshot tells that of the timestamp. */
  #lostTimestamp(): Metadata<TimestampSigned> | undefined {
    const version = Math.max(0, ...this.#versions('snapshot'));
    if (version === 0) return undefined;
    const meta = { 'snapshot.json': { version } };
    const expires = '1970-01-01T00:00:00Z';
    return { signed: { _type: 'timestamp', spec_version: '1.0', version, expires, meta }, signatures: [] };
  }

  #readOnline<K extends 'timestamp' | 'snapshot'>(kind: K, name: string): Metadata<SignedOf[K]> | undefined {
    try {
      return this.#read(kind, name);
    } catch (error) {
      if (isReleaseError(error, 'RELEASE_METADATA_MALFORMED')) return undefined;
      throw error;
    }
  }

  #read<K extends RoleKind>(kind: K, name: string): Metadata<SignedOf[K]> | undefined {
    const file = join(this.metadata, name);
    return isThere(file) ? parseMetadata(kind, readRegularFile(file)) : undefined;
  }
}

/** The bytes of a metadata file: the same metadata, the same bytes. Long lists are written without blanks. */
export function encodeMetadata({ signed, signatures }: Metadata): Uint8Array {
  const isLong = signed._type === 'targets' && Object.keys(signed.targets).length > 100;
  return Buffer.from(`${JSON.stringify({ signatures, signed }, undefined, isLong ? 0 : 1)}\n`);
}

/** Writes a file that only its owner may read, from its first byte on. */
export function writeSecret(file: string, text: string): void {
  writeDurably(file, Buffer.from(text), {
    ...nodeFileCalls,
    open: (name, flags) => (flags === 'w' ? openDraft(name, 0o600) : openSync(name, flags)),
  });
}

/**
 * The same, but a file that is there stays as it is: of two at once, one is written. Answers whether it was. Killed in
 * between it leaves a part under the very name that its holder knows, and no copy elsewhere.
 */
export function writeNewSecret(file: string, text: string): boolean {
  let handle: number;
  try {
    handle = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    giveToOwnerOf(dirname(file), handle);
    writeFileSync(handle, text);
    fsyncSync(handle);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  syncFolder(dirname(file));
  return true;
}

function keyFileName(name: string, { keyid }: SigningKey): string {
  return `${name}-${keyid.slice(0, 12)}.key`;
}

/** The files of all published targets, as `PATH/DIGEST.NAME` below the targets folder. */
export function publishedTargets(directory: string): string[] {
  const { targets } = new RepositoryFolder(directory).published();
  return [...targets.values()].flatMap(({ signed }) =>
    Object.entries(signed.targets).map(([path, { hashes }]) => {
      const parts = path.split('/');
      const name = parts.pop() ?? '';
      return [...parts, `${hashes.sha256}.${name}`].join('/');
    }),
  );
}
