// The operator's own authority and the code-signing identity under it. Clients pin the authority's certificate, so it
// is made once and kept; the signing pair can be replaced (docs/signing.md). The authority's key is needed only to
// make a signing certificate and may be kept elsewhere.
import {
  createOperatorCa,
  createOperatorSigner,
  type SigningIdentity,
  signFile,
  verifyFile,
} from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { ServerError } from '../errors.ts';
import { type KeyFolder, openKeyFolder } from './key-files.ts';

export interface OperatorKeys {
  /** The pinned authority. `privateKeyPem` is empty when its key is kept elsewhere. */
  ca: SigningIdentity;
  signer: SigningIdentity;
}

const names = { ca: 'operator-ca', signer: 'operator-signing' } as const;

/**
 * The operator's keys in `dataDir`, made on first use and kept. An expired signing certificate is replaced by a new one
 * under the same authority. Throws ServerError SERVER_KEYS when what lies there does not fit together.
 */
export async function loadOrCreateOperatorKeys(dataDir: string, { now }: { now: Date }): Promise<OperatorKeys> {
  const folder = openKeyFolder(dataDir);
  const ca = readCa(folder) ?? (await createCa(folder, now));
  const present = readSigner(folder, ca);
  const problem = present && (await proveSigner(present, ca, now));
  if (present && !problem) return { ca, signer: present };
  if (problem && problem.code !== 'SIGNATURE_EXPIRED') throw misfit(folder, problem.message);
  if (ca.privateKeyPem === '')
    throw misfit(
      folder,
      `${problem?.message ?? 'It is missing.'} The key of the authority, which could make a new one, is not here.`,
    );
  const signer = await createOperatorSigner(ca, { commonName: 'Moult operator signing', now });
  write(folder, names.signer, signer);
  return { ca, signer };
}

async function createCa(folder: KeyFolder, now: Date): Promise<SigningIdentity> {
  const signer = folder.read(certificateName(names.signer));
  if (signer) throw misfit(folder, `${certificateName(names.ca)}, the certificate it ends at, is missing.`);
  const ca = await createOperatorCa({ commonName: 'Moult operator CA', now });
  write(folder, names.ca, ca);
  return ca;
}

/** The key first: a certificate that is there says that its key was written, too. */
function write(folder: KeyFolder, name: string, identity: SigningIdentity): void {
  folder.write(keyName(name), identity.privateKeyPem);
  folder.write(certificateName(name), identity.certificatePem);
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
  if (key === undefined) throw misfit(folder, `${keyName(names.signer)}, its key, is missing.`);
  return { certificatePem: certificate, privateKeyPem: key, chainPem: [ca.certificatePem] };
}

/** The whole way that a client checks, on a small cabinet: better here and now than on every client. */
async function proveSigner(
  signer: SigningIdentity,
  ca: SigningIdentity,
  now: Date,
): Promise<{ code: string; message: string } | undefined> {
  try {
    const signed = await signFile(createCabinet([{ name: 'proof', bytes: new Uint8Array(), modified: now }]), signer, {
      now,
    });
    const { problems } = await verifyFile(signed, { trustedCertificatesPem: [ca.certificatePem], now });
    return problems[0];
  } catch (error) {
    return { code: 'SIGNATURE_MALFORMED', message: (error as Error).message };
  }
}

function misfit(folder: KeyFolder, why: string): ServerError {
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
