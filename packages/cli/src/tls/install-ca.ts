// Makes this machine trust the authority of a server: where Debian keeps the authorities of its administrator, or in the store of
// Windows. Firefox, Java and containers have stores of their own.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CaStoreError } from '../terminal.ts';

interface CaStore {
  /** The folder that the program reads. Undefined: the program is given the file. */
  folder: string | undefined;
  program: string;
  args: readonly string[];
}

/** Throws CaStoreError for a system whose store is not known. */
export function storeOf(platform: NodeJS.Platform): CaStore {
  if (platform === 'win32') return { folder: undefined, program: 'certutil.exe', args: ['-f', '-addstore', 'Root'] };
  if (platform === 'linux')
    return { folder: '/usr/local/share/ca-certificates', program: '/usr/sbin/update-ca-certificates', args: [] };
  throw new CaStoreError(`The store of ${platform} is not known. Give its own tool the file of the authority.`);
}

interface Authority {
  pem: string;
  subject: string;
  /** SHA-256 in upper-case hex with colons, as browsers show it. */
  fingerprint: string;
  validTo: string;
}

/** The first certificate in `bytes`. Throws CaStoreError for none, for that of a server, and for one that is over. */
export function readAuthority(bytes: Buffer, now: Date): Authority {
  const certificate = parse(bytes);
  if (!certificate.ca)
    throw new CaStoreError('This is the certificate of a server, and not of an authority. Machines trust authorities.');
  if (new Date(certificate.validTo) <= now) throw new CaStoreError(`The authority ended on ${certificate.validTo}.`);
  const { subject, fingerprint256, validTo } = certificate;
  return {
    ...{ pem: certificate.toString(), subject: subject.replaceAll('\n', ', '), fingerprint: fingerprint256 },
    validTo: new Date(validTo).toISOString(),
  };
}

/** The name of the file in the store: the same for the same authority, so that a second call adds nothing. */
export function fileNameOf({ fingerprint }: Authority): string {
  return `moult-${fingerprint.replaceAll(':', '').slice(0, 16).toLowerCase()}.crt`;
}

/**
 * Adds it, and runs the program of the system. Answers what that program said. Again: the same file again. Throws CaStoreError when
 * the program is missing or fails. Throws what the system says of a file that cannot be written.
 */
export function installAuthority(authority: Authority, { folder, program, args }: CaStore): string {
  const own = folder === undefined ? mkdtempSync(join(tmpdir(), 'moult-ca-')) : undefined;
  try {
    const file = join(own ?? folder ?? '', fileNameOf(authority));
    // Whole or not at all: the program may run at this moment for another reason. It reads *.crt only.
    writeFileSync(`${file}.new`, authority.pem, { mode: 0o644 });
    renameSync(`${file}.new`, file);
    const given = own === undefined ? args : [...args, file];
    const { status, stdout, stderr, error } = spawnSync(program, given, { encoding: 'utf8', timeout: 120_000 });
    if (error) throw new CaStoreError(`${program} cannot be run: ${error.message}.`);
    if (status !== 0) throw new CaStoreError(`${program} ended with ${status}: ${(stderr || stdout).trim()}`);
    return stdout.trim();
  } finally {
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
  }
}

function parse(bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new CaStoreError('There is no certificate in this file.');
  }
}
