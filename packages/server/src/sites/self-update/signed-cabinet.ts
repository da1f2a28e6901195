// A signed cabinet on disk, kept as long as its content and the operator's certificate stay the same: clients compare
// length and Last-Modified, so a new signature at every start would make every client fetch everything again.
import { createHash, X509Certificate } from 'node:crypto';
import { type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { readIfThere, writeFileAtomically } from './atomic-file.ts';

export interface SignedCabinet {
  bytes: Buffer;
  sha256: string;
  signedAt: Date;
}

interface Record {
  /** Of the cabinet before it was signed. */
  contentSha256: string;
  signerSha256: string;
  /** Of the signed cabinet beside this record. */
  sha256: string;
  signedAt: string;
}

export interface SigningParts {
  identity: SigningIdentity;
  now: Date;
  description: string;
}

/** Signs `content` and stores it at `path`, or keeps what lies there when it is the same, signed by the same. */
export async function keepSigned(path: string, content: Uint8Array, parts: SigningParts): Promise<SignedCabinet> {
  const wanted = { contentSha256: sha256Of(content), signerSha256: signerSha256(parts.identity) };
  const kept = await readKept(path, wanted);
  if (kept) return kept;
  const { identity, now, description } = parts;
  const signed = Buffer.from(await signFile(content, identity, { now, description }));
  const record: Record = { ...wanted, sha256: sha256Of(signed), signedAt: wholeSecond(now).toISOString() };
  await writeFileAtomically(path, signed);
  await writeFileAtomically(recordPath(path), `${JSON.stringify(record, undefined, 2)}\n`);
  return { bytes: signed, sha256: record.sha256, signedAt: new Date(record.signedAt) };
}

/** Reads a stored cabinet; undefined when it, or its record, is missing or they do not belong together. */
export async function readSigned(path: string): Promise<(SignedCabinet & { contentSha256: string }) | undefined> {
  const record = await readRecord(path);
  const bytes = record && (await readIfThere(path));
  if (!record || !bytes || sha256Of(bytes) !== record.sha256) return undefined;
  const { sha256, contentSha256 } = record;
  return { bytes, sha256, contentSha256, signedAt: new Date(record.signedAt) };
}

/** Signs a stored cabinet again when it was signed by another certificate than `identity`'s. */
export async function renewSignature(path: string, parts: SigningParts): Promise<SignedCabinet | undefined> {
  const record = await readRecord(path);
  const stored = await readSigned(path);
  if (!record || !stored || record.signerSha256 === signerSha256(parts.identity)) return stored;
  const { identity, now, description } = parts;
  const signed = Buffer.from(await signFile(stored.bytes, identity, { now, description }));
  const renewed: Record = {
    contentSha256: record.contentSha256,
    signerSha256: signerSha256(identity),
    sha256: sha256Of(signed),
    signedAt: wholeSecond(now).toISOString(),
  };
  await writeFileAtomically(path, signed);
  await writeFileAtomically(recordPath(path), `${JSON.stringify(renewed, undefined, 2)}\n`);
  return { bytes: signed, sha256: renewed.sha256, signedAt: new Date(renewed.signedAt) };
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readKept(
  path: string,
  wanted: Pick<Record, 'contentSha256' | 'signerSha256'>,
): Promise<SignedCabinet | undefined> {
  const record = await readRecord(path);
  if (record?.contentSha256 !== wanted.contentSha256 || record.signerSha256 !== wanted.signerSha256) return undefined;
  return readSigned(path);
}

async function readRecord(path: string): Promise<Record | undefined> {
  const text = await readIfThere(recordPath(path));
  if (!text) return undefined;
  try {
    const { contentSha256, signerSha256, sha256, signedAt } = JSON.parse(text.toString());
    const isWhole = [contentSha256, signerSha256, sha256].every((digest) => /^[0-9a-f]{64}$/.test(digest));
    if (!isWhole || Number.isNaN(Date.parse(signedAt))) return undefined;
    return { contentSha256, signerSha256, sha256, signedAt };
  } catch {
    return undefined;
  }
}

function recordPath(path: string): string {
  return path.replace(/\.cab$/, '.json');
}

function signerSha256({ certificatePem }: SigningIdentity): string {
  return sha256Of(new X509Certificate(certificatePem).raw);
}

function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}
