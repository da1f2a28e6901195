// The common part of the commands of moult release: the repository, keys and versions as they are typed.

import { isReleaseError } from '@moult/releases/errors';
import { type ReleaseVersion, readRelease } from '@moult/releases/metadata';
import { type Repository, readKeyFile, readPublicKey, roleReports, waitingLines } from '@moult/releases/repository';
import { readNamedFile } from '../files/named-file.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { printJson } from './report.ts';

export interface Common {
  dir: string;
  passphraseFile?: string;
  json?: true;
  publish?: true;
}

/** After a change: signs with the keys that are here, publishes if asked, and says what is missing. */
export function tell(repository: Repository, options: Common, done: Record<string, unknown>): void {
  repository.signWithOwnKeys();
  let published: string[] | undefined;
  if (options.publish) {
    try {
      published = repository.publish(new Date()).roles;
    } catch (error) {
      if (!isReleaseError(error, 'RELEASE_SIGNATURES_MISSING')) throw error;
      process.exitCode = exitCode.findings;
    }
  }
  const waiting = waitingLines(repository);
  if (options.json) {
    printJson({
      ...done,
      ...(published ? { published } : {}),
      waiting: roleReports(repository, new Date()).filter(({ staged }) => staged),
    });
    return;
  }
  if (published) console.log(`Published: ${[...published, 'snapshot', 'timestamp'].join(', ')}.`);
  for (const line of waiting) console.log(line);
}

export function keyidOf(repository: Repository, digits: string, role?: string): string {
  const reports = roleReports(repository, new Date()).filter((one) => role === undefined || one.role === role);
  const found = new Set(
    reports.flatMap(({ keys }) => keys.map(({ keyid }) => keyid)).filter((keyid) => keyid.startsWith(digits)),
  );
  const [keyid] = found;
  if (digits.length >= 4 && keyid !== undefined && found.size === 1) return keyid;
  throw new UsageError(
    `${digits}: ${found.size === 0 ? 'no key begins so' : 'give at least 4 digits that only one key begins with'}. See moult release status.`,
  );
}

export function publicKey(file: string) {
  return readPublicKey(readNamedFile(file).toString('utf8'), file);
}

export function readKey(file: string, options: Common) {
  return readKeyFile(readNamedFile(file).toString('utf8'), file, passphraseOf(options));
}

export function passphraseOf({ passphraseFile }: Common): string | undefined {
  return passphraseFile === undefined ? undefined : readPassphrase(passphraseFile);
}

export function readPassphrase(file: string): string {
  const text = readNamedFile(file)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (text === '') throw new UsageError(`${file} is empty.`);
  return text;
}

export function versionOf(text: string, flag: string): ReleaseVersion {
  const version = readRelease(text);
  if (version) return version;
  throw new UsageError(`${flag} ${text} is not a version: write 7.9.0.2, or 1:7.9.0.2 for epoch 1.`);
}

export function countOf(text: string, flag: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError(`${flag} ${text} is not a number from 1 to 99.`);
}
