// The certificate for HTTPS that this server makes itself, under the operator's authority. It is for the names and
// addresses that clients use for the server. Key and chain are in one file, so that they always fit.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createServerCertificate, type SigningIdentity } from '@moult/formats/authenticode';
import { writePrivateFile } from '../data-dir/private-files.ts';
import { ServerError } from '../errors.ts';
import { programDate as thisProgramDate } from '../version.ts';
import { openKeyFolder } from './key-files.ts';

interface ServerCertificate {
  /** The certificate, the authority, and the key: PEM. */
  pem: string;
  validFrom: Date;
  validTo: Date;
  names: string[];
  /** Made now. */
  isNew: boolean;
}

interface CertificateWish {
  ca: SigningIdentity;
  /** DNS names and IP addresses. */
  names: readonly string[];
  now: Date;
  /** False: one that ended, or begins later, by this clock is used on. */
  isClockBelieved?: boolean;
  /** Makes a new one whatever is there. */
  isForced?: boolean;
  programDate?: Date;
}

const fileName = 'server-tls.pem';
const dayMs = 86_400_000;
/** Every program takes a certificate of this length. */
const lifeMs = 397 * dayMs;
/** So long before its end a new one is made. */
const renewMs = 60 * dayMs;

/**
 * The certificate in DIR/keys/server-tls.pem. It makes a new one if the old one is missing, lacks a name, or is not of
 * this authority. It does the same for one that ends within 60 days, or begins later: the clock was wrong when it was
 * made. Throws SERVER_KEYS if a new one is needed and the key of the authority is kept elsewhere.
 */
export async function loadOrMakeServerCertificate(dataDir: string, wish: CertificateWish): Promise<ServerCertificate> {
  const folder = openKeyFolder(dataDir);
  const present = read(folder.read(fileName)?.toString(), wish.ca);
  if (present && !wish.isForced && isGood(present, wish)) return { ...present, isNew: false };
  if (wish.ca.privateKeyPem === '') {
    // One that is there serves on, whatever it lacks.
    if (present) return { ...present, isNew: false };
    throw new ServerError(
      'SERVER_KEYS',
      'A certificate for HTTPS cannot be made: the key of the authority is kept elsewhere. Give --tls-cert and --tls-key, or --tls-port off.',
    );
  }
  const pem = await make(wish);
  writePrivateFile(folder.pathOf(fileName), pem);
  const made = read(pem, wish.ca);
  if (!made) throw new ServerError('SERVER_KEYS', `The new certificate ${folder.pathOf(fileName)} cannot be read.`);
  return { ...made, isNew: true };
}

async function make(wish: CertificateWish): Promise<string> {
  const { ca, names } = wish;
  const validFrom = new Date(beginOf(wish).getTime() - dayMs);
  const validity = { validFrom, validTo: new Date(validFrom.getTime() + lifeMs) };
  const { certificatePem, chainPem, privateKeyPem } = await createServerCertificate(ca, { names, ...validity });
  return [certificatePem, ...chainPem, privateKeyPem].join('');
}

/** No right clock shows less than the date of the program. */
function beginOf({ now, programDate = thisProgramDate }: CertificateWish): Date {
  return new Date(Math.max(now.getTime(), programDate.getTime()));
}

/** Undefined for what cannot be read, and for what another authority made. */
function read(pem: string | undefined, ca: SigningIdentity): Omit<ServerCertificate, 'isNew'> | undefined {
  if (pem === undefined || !pem.includes('PRIVATE KEY')) return undefined;
  try {
    const certificate = new X509Certificate(pem);
    if (!certificate.checkIssued(new X509Certificate(ca.certificatePem))) return undefined;
    const { validFrom, validTo } = certificate;
    return { pem, validFrom: new Date(validFrom), validTo: new Date(validTo), names: namesOf(certificate) };
  } catch {
    return undefined;
  }
}

function isGood(
  { validFrom, validTo, names }: Omit<ServerCertificate, 'isNew' | 'pem'>,
  wish: CertificateWish,
): boolean {
  const { now, isClockBelieved = true } = wish;
  const known = new Set(names);
  if (!wish.names.every((name) => known.has(plainName(name)))) return false;
  return !isClockBelieved || (validTo.getTime() - now.getTime() > renewMs && validFrom <= beginOf(wish));
}

function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  const found = subjectAltName.matchAll(/(?:^|, )(?:DNS|IP Address):([^,]+)/g);
  return [...found].map(([, name = '']) => plainName(name));
}

/** IPv6 addresses have many spellings. */
function plainName(name: string): string {
  if (isIP(name) !== 6) return name.toLowerCase();
  return new URL(`http://[${name}]`).hostname.slice(1, -1);
}
