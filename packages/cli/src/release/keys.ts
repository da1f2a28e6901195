// moult release init, key, sign, rotate, revoke, rehearse: the keys that may sign, and the signatures.

import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { counted } from '@moult/formats/text';
import { isReleaseError } from '@moult/releases/errors';
import { canonicalBytes, type Metadata, parseMetadata, sha256Hex } from '@moult/releases/metadata';
import {
  createDefault,
  createRepository,
  createWithThreshold,
  encodeKeyFile,
  encodePublicKey,
  generateKey,
  type OfflineRole,
  Repository,
  raiseAdvice,
  readDetached,
  readKeyFile,
  readPublicKey,
  rehearse,
  type SigningKey,
  signDetached,
  withDiskWords,
  writeNewSecret,
  writeSecret,
} from '@moult/releases/repository';
import { readNamedFile } from '../files/named-file.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { type Common, countOf, keyidOf, passphraseOf, publicKey, readKey, readPassphrase, tell } from './options.ts';
import { printJson } from './report.ts';

interface InitOptions extends Common {
  threshold?: string;
  keys?: string;
  rootKey: string[];
  targetsKey: string[];
  agentKey: string[];
  updatesKey: string[];
}

export function runInit(options: InitOptions): void {
  const { dir, rootKey } = options;
  const now = new Date();
  if (rootKey.length > 0) {
    if (options.keys !== undefined) throw new UsageError('Give --keys or --root-key, not both.');
    createRepository(dir, setupOf(options), now);
    tell(new Repository(dir, passphraseOf(options)), options, { made: dir });
    return;
  }
  if (options.targetsKey.length + options.agentKey.length + options.updatesKey.length > 0) {
    throw new UsageError('Give the keys of the root as well: --root-key FILE.');
  }
  const threshold = countOf(options.threshold ?? '1', '--threshold');
  const keys = options.keys === undefined ? undefined : countOf(options.keys, '--keys');
  if (keys === undefined && threshold > 1)
    throw new UsageError('A threshold needs keys: --keys M, or --root-key FILE for each holder.');
  if (threshold > (keys ?? 1))
    throw new UsageError(`--threshold ${threshold} needs more than ${counted(keys ?? 1, 'key')}.`);
  const passphrase = passphraseOf(options);
  const files =
    keys === undefined
      ? createDefault(dir, now, passphrase)
      : createWithThreshold(dir, threshold, keys, now, passphrase);
  if (!options.json) {
    const rootFiles = files.filter((file) => basename(file).startsWith('root-'));
    console.log(
      keys === undefined
        ? raiseAdvice
        : `Carry these keys to their holders, and remove them here:\n${rootFiles.join('\n')}`,
    );
  }
  tell(new Repository(dir, passphrase), options, { made: dir, keyFiles: files });
}

function setupOf(
  options: InitOptions,
): Record<OfflineRole, { keys: ReturnType<typeof publicKey>[]; threshold: number }> {
  const root = options.rootKey.map(publicKey);
  const asked = options.threshold === undefined ? undefined : countOf(options.threshold, '--threshold');
  const setup = (files: string[]) => {
    const keys = files.length === 0 ? root : files.map(publicKey);
    return {
      keys,
      threshold: Math.min(
        asked ?? Math.floor(keys.length / 2) + 1,
        files.length === 0 ? Number.MAX_SAFE_INTEGER : keys.length,
      ),
    };
  };
  return {
    root: setup([]),
    targets: setup(options.targetsKey),
    agent: setup(options.agentKey),
    updates: setup(options.updatesKey),
  };
}

export function runKey({
  owner,
  out,
  passphraseFile,
  json,
}: {
  owner: string;
  out: string;
  passphraseFile?: string;
  json?: true;
}): void {
  const made = `${out}.pub`;
  if (existsSync(made)) throw new UsageError(`${made} is there already. Nothing was changed.`);
  const passphrase = passphraseFile === undefined ? undefined : readPassphrase(passphraseFile);
  const key = withDiskWords(`The key ${out} cannot be made`, () => {
    const key = generateKey(owner);
    const isNew = writeNewSecret(out, encodeKeyFile(key, passphrase));
    // A key whose public half is missing: the command was ended in between.
    const kept = isNew ? key : keyOfBefore(out, owner, passphrase);
    writeNewSecret(made, encodePublicKey(kept));
    return kept;
  });
  if (json) printJson({ keyid: key.keyid, owner, privateFile: out, publicFile: `${out}.pub` });
  else
    console.log(
      `${out}: the key of ${owner}. It stays with ${owner}.\n${out}.pub: its public half. Carry it to the repository.`,
    );
}

/** The key that is there already: of the same holder, whole, and with the same passphrase. */
function keyOfBefore(file: string, owner: string, passphrase: string | undefined): SigningKey {
  const text = readNamedFile(file).toString('utf8');
  let why = 'It is not a whole key. Remove it if a command was ended here.';
  try {
    const before = readPublicKey(text, file).owner;
    if (before === owner) return readKeyFile(text, file, passphrase);
    why = `It is the key of ${before}.`;
  } catch (error) {
    if (!isReleaseError(error, 'RELEASE_KEY_UNUSABLE')) throw error;
  }
  throw new UsageError(`${file} is there already. ${why} Nothing was changed.`);
}

interface SignOptions extends Common {
  key?: string;
  role?: string;
  out?: string;
  signature: string[];
}

export function runSign(file: string | undefined, options: SignOptions): void {
  const { key, signature } = options;
  if (file !== undefined) {
    signAway(file, options);
    return;
  }
  if ((key === undefined) === (signature.length === 0)) throw new UsageError('Give --key FILE, or --signature FILE.');
  const repository = new Repository(options.dir, passphraseOf(options));
  for (const one of signature) repository.import(readDetached(readNamedFile(one).toString('utf8'), one));
  const roles = options.role === undefined ? undefined : [options.role];
  const signed = key === undefined ? [] : repository.signWith(readKey(key, options), roles);
  tell(repository, options, { signed: signed.map(({ role }) => role), imported: signature });
}

/** On the machine of the key: no repository is there, only the file that was carried to it. */
function signAway(file: string, options: SignOptions): void {
  if (options.key === undefined) throw new UsageError('Give --key FILE.');
  const role = options.role ?? basename(file).replace(/\.json$/, '');
  const kind = role === 'root' ? 'root' : 'targets';
  const metadata: Metadata = parseMetadata(kind, readNamedFile(file));
  const made = signDetached(role, metadata, readKey(options.key, options));
  const out = options.out ?? `${file.replace(/\.json$/, '')}.${made.keyid.slice(0, 12)}.sig`;
  withDiskWords(`The signature ${out} cannot be written`, () =>
    writeSecret(out, `${JSON.stringify(made, undefined, 2)}\n`),
  );
  const digest = sha256Hex(canonicalBytes(metadata.signed));
  if (options.json) printJson({ role, version: made.version, sha256: digest, signatureFile: out });
  else
    console.log(
      `${role} version ${made.version}, SHA-256 ${digest}\n${out}: the signature of ${made.owner}. Carry it to the repository.`,
    );
}

export function runRotate(
  role: string,
  options: Common & { addKey: string[]; remove: string[]; threshold?: string },
): void {
  const repository = new Repository(options.dir, passphraseOf(options));
  const { addKey, remove, threshold } = options;
  if (role === 'online') {
    if (addKey.length + remove.length > 0 || threshold !== undefined)
      throw new UsageError('The online keys are made by the repository itself.');
    repository.renewOnlineKeys(new Date());
  } else {
    if (addKey.length + remove.length === 0 && threshold === undefined)
      throw new UsageError('Give --add-key, --remove or --threshold.');
    const change = {
      add: addKey.map(publicKey),
      remove: remove.map((digits) => keyidOf(repository, digits, role)),
      ...(threshold === undefined ? {} : { threshold: countOf(threshold, '--threshold') }),
    };
    repository.changeKeys(role, change, new Date());
  }
  tell(repository, options, { rotated: role });
}

export function runRevoke(digits: string | undefined, options: Common & { replaceWith?: string; online?: true }): void {
  if ((digits === undefined) === (options.online === undefined)) throw new UsageError('Give the key, or --online.');
  const repository = new Repository(options.dir, passphraseOf(options));
  if (digits === undefined) repository.renewOnlineKeys(new Date());
  else {
    const replacement = options.replaceWith === undefined ? undefined : publicKey(options.replaceWith);
    repository.revoke(keyidOf(repository, digits), replacement, new Date());
  }
  tell(repository, options, { revoked: digits ?? 'online' });
}

export async function runRehearse(options: Common & { key: string[] }): Promise<void> {
  const keys = options.key.map((file) => readKey(file, options));
  const steps = await rehearse(options.dir, keys, new Date(), passphraseOf(options));
  if (steps.some(({ ok }) => !ok)) process.exitCode = exitCode.findings;
  if (options.json) {
    printJson({ steps });
    return;
  }
  for (const { step, ok, problem } of steps)
    console.log(`${ok ? 'ok  ' : 'FAIL'}  ${step}${problem === undefined ? '' : `: ${problem}`}`);
  console.log('Nothing was changed: the rehearsal used a copy.');
}
