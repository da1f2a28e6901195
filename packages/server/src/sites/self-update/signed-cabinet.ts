// A signed cabinet on disk, kept as long as its content and the operator's certificate stay the same: clients compare
// length and Last-Modified. With a new signature at every start, every client fetches everything again.
import { createHash, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { isTemporary } from '@moult/store/errors';
import { signingTimeOf } from '@moult/store/keys';
import { readTreeFile, type TreeFile, writeTreeFile } from './tree-folders.ts';

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

interface SigningParts {
  identity: SigningIdentity;
  now: Date;
  description: string;
  /** Told when the disk takes no writes. The signed bytes are then answered unstored. Without it that is an error. */
  unstored?: ((error: unknown) => void) | undefined;
}

/** Signs `content` and stores it as `file`, or keeps the file there if content and signer are the same. */
export async function keepSigned(file: TreeFile, content: Uint8Array, parts: SigningParts): Promise<SignedCabinet> {
  const wanted = { contentSha256: sha256Of(content), signerSha256: signerSha256(parts.identity) };
  const kept = await readKept(file, wanted);
  if (kept) return kept;
  const { identity, description } = parts;
  const now = signingTimeOf(identity, parts.now);
  const signed = Buffer.from(await signFile(content, identity, { now, description }));
  const record: Record = { ...wanted, sha256: sha256Of(signed), signedAt: wholeSecond(now).toISOString() };
  await store(file, signed, record).catch((error) => {
    if (!isTemporary(error) || !parts.unstored) throw error;
    parts.unstored(error);
  });
  return { bytes: signed, sha256: record.sha256, signedAt: new Date(record.signedAt) };
}

/** Reads a stored cabinet. Undefined when it, or its record, is missing or they do not belong together. */
export async function readSigned(file: TreeFile): Promise<(SignedCabinet & { contentSha256: string }) | undefined> {
  const record = await readRecord(file);
  const bytes = record && (await readTreeFile(file));
  if (!record || !bytes) return undefined;
  const { sha256, contentSha256 } = record;
  return { bytes, sha256, contentSha256, signedAt: new Date(record.signedAt) };
}

/** Signs a stored cabinet again when it was signed by another certificate than `identity`'s. */
export async function renewSignature(file: TreeFile, parts: SigningParts): Promise<SignedCabinet | undefined> {
  const record = await readRecord(file);
  const stored = await readSigned(file);
  if (!record || !stored || record.signerSha256 === signerSha256(parts.identity)) return stored;
  const { identity, description } = parts;
  const now = signingTimeOf(identity, parts.now);
  const signed = Buffer.from(await signFile(stored.bytes, identity, { now, description }));
  const renewed: Record = {
    contentSha256: record.contentSha256,
    signerSha256: signerSha256(identity),
    sha256: sha256Of(signed),
    signedAt: wholeSecond(now).toISOString(),
  };
  await store(file, signed, renewed);
  return { bytes: signed, sha256: renewed.sha256, signedAt: new Date(renewed.signedAt) };
}

/** The next record first: whatever ends this half-way, one of the two records belongs to the cabinet that is there. */
async function store(file: TreeFile, signed: Buffer, record: Record): Promise<void> {
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  await writeTreeFile(nextRecordOf(file), text);
  await writeTreeFile(file, signed);
  await writeTreeFile(recordOf(file), text);
  await rm(join(file.folder, nextRecordOf(file).name), { force: true });
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readKept(
  file: TreeFile,
  wanted: Pick<Record, 'contentSha256' | 'signerSha256'>,
): Promise<SignedCabinet | undefined> {
  const record = await readRecord(file);
  if (record?.contentSha256 !== wanted.contentSha256 || record.signerSha256 !== wanted.signerSha256) return undefined;
  return readSigned(file);
}

/** The record of the cabinet that is there. */
async function readRecord(file: TreeFile): Promise<Record | undefined> {
  const sha256 = sha256Of((await readTreeFile(file)) ?? '');
  const records = await Promise.all([recordOf(file), nextRecordOf(file)].map(parseRecord));
  return records.find((record) => record?.sha256 === sha256);
}

async function parseRecord(file: TreeFile): Promise<Record | undefined> {
  const text = await readTreeFile(file);
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

function recordOf({ folder, name }: TreeFile): TreeFile {
  return { folder, name: name.replace(/\.cab$/, '.json') };
}

function nextRecordOf({ folder, name }: TreeFile): TreeFile {
  return { folder, name: name.replace(/\.cab$/, '.next.json') };
}

function signerSha256({ certificatePem }: SigningIdentity): string {
  return sha256Of(new X509Certificate(certificatePem).raw);
}

function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}
