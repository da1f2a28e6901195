// The operator's own authority and the code-signing identity under it. Clients pin the authority's certificate, so it
// is made once and kept. The signing pair can be replaced (docs/signing.md). The authority's key is needed only to
// make a signing certificate and may be kept elsewhere.
//
// The clock may be wrong. So certificates fit a clock that is corrected later. A pair that proves itself is used under any clock. The server renews none under a clock that is not believed.
import { join } from 'node:path';
import { createOperatorCa, createOperatorSigner, type SigningIdentity } from '@moult/formats/authenticode';
import { withGuard } from '../data-dir/guard.ts';
import { makePrivateFile } from '../data-dir/private-files.ts';
import { ServerError } from '../errors.ts';
import type { Notice } from '../notice.ts';
import { programDate as thisProgramDate } from '../version.ts';
import { type KeyFolder, openKeyFolder } from './key-files.ts';
import { finishKeySwitch, switchKeyFiles } from './key-switch.ts';
import { endedNotice, notYetNotice, renewedNotice } from './notices.ts';
import { type KeyProblem, proveCa, proveSigner } from './prove.ts';
import { validityOf } from './signing-time.ts';

interface OperatorKeys {
  /** The pinned authority. `privateKeyPem` is empty when its key is kept elsewhere. */
  ca: SigningIdentity;
  signer: SigningIdentity;
  /** The notices about them for the administrator. Empty most of the time. */
  notices: Notice[];
}

interface KeyOptions {
  now: Date;
  /** False: a certificate that ended by this clock is used on, not renewed. True unless given. */
  isClockBelieved?: boolean;
  /** When this program was made: no certificate needs to be valid before that. */
  programDate?: Date;
}

const names = { ca: 'operator-ca', signer: 'operator-signing' } as const;
const dayMs = 86_400_000;
const patienceMs = 60_000;

/**
 * The operator's keys in `dataDir`, made on first use and kept. A signing certificate that ended is replaced by a new
 * one under the same authority, which is proven first. Copies of the files before stay beside it. Throws ServerError
 * SERVER_KEYS if the files there do not fit together.
 */
export async function loadOrCreateOperatorKeys(dataDir: string, options: KeyOptions): Promise<OperatorKeys> {
  const folder = openKeyFolder(dataDir);
  // A command and a server may start at the same moment: one of them makes the keys.
  const guard = join(dataDir, 'keys.guard');
  // On a full or read-only disk there is nothing to be made, and what is there serves on.
  if (!canGuard(guard)) return load(folder, options);
  const loaded = await withGuard(guard, patienceMs, () => load(folder, options));
  if (loaded) return loaded.result;
  throw new ServerError('SERVER_KEYS', `Another process works on the keys in ${folder.path}. Try again in a minute.`);
}

function canGuard(file: string): boolean {
  try {
    makePrivateFile(file);
    return true;
  } catch (error) {
    if (['ENOSPC', 'EDQUOT', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function load(folder: KeyFolder, options: KeyOptions): Promise<OperatorKeys> {
  finishKeySwitch(folder.path);
  const ca = readCa(folder) ?? (await createCa(folder, options));
  const present = readSigner(folder, ca);
  if (!present) {
    const signer = await makeSigner(folder, ca, options, 'It is missing.');
    return { ca, signer, notices: [] };
  }
  const problem = await proveSigner(present, ca, options.now);
  if (problem) return { ca, signer: await replaceMisfit(folder, ca, options, problem), notices: [] };
  return keepOrRenew(folder, { ca, signer: present, notices: [] }, options);
}

/** The pair proves itself: by the clock alone it is never given up for one that could be worse. */
async function keepOrRenew(folder: KeyFolder, keys: OperatorKeys, options: KeyOptions): Promise<OperatorKeys> {
  const { now, isClockBelieved = true } = options;
  const { from, to } = validityOf(keys.signer);
  const keepWith = (notice: Notice): OperatorKeys => ({ ...keys, notices: [notice] });
  if (now < from) return keepWith(notYetNotice(from));
  if (now <= to) return keys;
  if (!isClockBelieved) return keepWith(endedNotice(to, 'clock'));
  if (now > validityOf(keys.ca).to) return keepWith(endedNotice(to, 'authority-ended'));
  if (keys.ca.privateKeyPem === '') return keepWith(endedNotice(to, 'key-elsewhere'));
  const signer = await makeSigner(folder, keys.ca, options, 'It ended.');
  return { ca: keys.ca, signer, notices: [renewedNotice(folder.path)] };
}

/**
 * Certificates that were never valid together, as an earlier version made under a wrong clock: a new pair fixes that.
 */
async function replaceMisfit(
  folder: KeyFolder,
  ca: SigningIdentity,
  options: KeyOptions,
  { code, message }: KeyProblem,
): Promise<SigningIdentity> {
  if (code !== 'SIGNATURE_EXPIRED' && code !== 'SIGNATURE_NOT_YET_VALID') throw keysDoNotFit(folder, message);
  return makeSigner(folder, ca, options, message);
}

/** A new authority is valid from the program's own date on. So it still fits after the clock is corrected. */
async function createCa(folder: KeyFolder, options: KeyOptions): Promise<SigningIdentity> {
  const signer = folder.read(certificateName(names.signer));
  if (signer) throw keysDoNotFit(folder, `${certificateName(names.ca)}, the certificate it ends at, is missing.`);
  const { validFrom, now } = plausible(options);
  const ca = await createOperatorCa({ commonName: 'Moult operator CA', now, validFrom });
  replace(folder, names.ca, ca, options);
  return ca;
}

/** Made, proven, and only then put in place. */
async function makeSigner(
  folder: KeyFolder,
  ca: SigningIdentity,
  options: KeyOptions,
  why: string,
): Promise<SigningIdentity> {
  if (ca.privateKeyPem === '')
    throw keysDoNotFit(folder, `${why} The key of the authority, which could make a new one, is not here.`);
  const caProblem = proveCa(ca);
  if (caProblem)
    throw keysDoNotFit(folder, `${folder.pathOf(keyName(names.ca))} cannot make a new one. ${caProblem.message}`);
  const { from } = validityOf(ca);
  const now = new Date(Math.max(plausible(options).now.getTime(), from.getTime()));
  const signer = await createOperatorSigner(ca, { commonName: 'Moult operator signing', now, validFrom: from });
  const problem = await proveSigner(signer, ca, options.now);
  if (problem) throw keysDoNotFit(folder, `${why} A new one cannot be used either. ${problem.message}`);
  replace(folder, names.signer, signer, options);
  return signer;
}

/** No right clock shows less than the program's date, and none in our time a hundred years more. */
function plausible({ now, programDate = thisProgramDate }: KeyOptions): { now: Date; validFrom: Date } {
  const earliest = programDate.getTime();
  const latest = earliest + 100 * 365 * dayMs;
  const believed = new Date(Math.min(latest, Math.max(earliest, now.getTime())));
  return { now: believed, validFrom: new Date(earliest - dayMs) };
}

function replace(folder: KeyFolder, name: string, identity: SigningIdentity, { now }: KeyOptions): void {
  const change = [
    [keyName(name), identity.privateKeyPem],
    [certificateName(name), identity.certificatePem],
  ] as const;
  switchKeyFiles(folder.path, new Map(change), now);
}

function readCa(folder: KeyFolder): SigningIdentity | undefined {
  const certificate = folder.read(certificateName(names.ca))?.toString();
  if (certificate === undefined) return undefined;
  const key = folder.read(keyName(names.ca))?.toString() ?? '';
  return { certificatePem: certificate, privateKeyPem: key, chainPem: [] };
}

function readSigner(folder: KeyFolder, ca: SigningIdentity): SigningIdentity | undefined {
  const certificate = folder.read(certificateName(names.signer))?.toString();
  if (certificate === undefined) return undefined;
  const key = folder.read(keyName(names.signer))?.toString();
  if (key === undefined) throw keysDoNotFit(folder, `${keyName(names.signer)}, its key, is missing.`);
  return { certificatePem: certificate, privateKeyPem: key, chainPem: [ca.certificatePem] };
}

function keysDoNotFit(folder: KeyFolder, why: string): ServerError {
  const file = folder.pathOf(certificateName(names.signer));
  return new ServerError(
    'SERVER_KEYS',
    `The signing certificate in ${file} cannot be used. ${why} See docs/signing.md.`,
  );
}

function keyName(name: string): string {
  return `${name}.key.pem`;
}

function certificateName(name: string): string {
  return `${name}.cer.pem`;
}
