// The real kind of a body that should be a cabinet: whole, readable, signed, and its signer. And the ident inside, if
// it is one.
import { verifyFile } from '@moult/formats/authenticode';
import { extractMember, readCabinet } from '@moult/formats/cab';
import { type Ident, parseIdent } from '@moult/protocol/self-update';
import { decodeText } from '../text/encoding.ts';

export type CabinetVerdict =
  | { kind: 'good'; signer: string; authority: string; trusted: boolean | undefined; ident: Ident | undefined }
  | { kind: 'html'; title: string }
  | { kind: 'empty' }
  | { kind: 'truncated'; found: string }
  | { kind: 'damaged'; why: string }
  | { kind: 'unsigned' }
  | { kind: 'altered'; found: string }
  | { kind: 'wrong-signer'; signer: string }
  | { kind: 'ident-malformed'; why: string };

/** Judges the bytes of an answer of 200. `ca` holds the PEM of what the clients trust, where known. */
export async function judgeCabinet(
  body: Buffer,
  options: { complete: boolean; name: string; ca: readonly string[]; now: Date },
): Promise<CabinetVerdict> {
  if (body.length === 0) return options.complete ? { kind: 'empty' } : { kind: 'truncated', found: '0 bytes' };
  if (looksLikeHtml(body)) return { kind: 'html', title: titleOf(body) };
  if (body.subarray(0, 4).toString('latin1') !== 'MSCF') {
    const start = body
      .subarray(0, 16)
      .toString('latin1')
      .replaceAll(/[^\x20-\x7e]/g, '.');
    return { kind: 'damaged', why: `it starts with "${start}", not with MSCF` };
  }
  const announced = announcedBytes(body);
  if (!options.complete || announced > body.length) {
    return {
      kind: 'truncated',
      found: `${body.length} of ${Number.isFinite(announced) ? `${announced} or more` : 'unknown'} bytes`,
    };
  }
  return judgeSignature(body, options);
}

/** The facts of the header: the cabinet's own size, and behind it the signature that its reserve points to. */
function announcedBytes(body: Buffer): number {
  if (body.length < 36) return Number.POSITIVE_INFINITY;
  const cabinet = body.readUInt32LE(8);
  const hasReserve = (body.readUInt16LE(30) & 4) !== 0;
  if (!hasReserve || body.length < 60 || body.readUInt16LE(36) !== 20) return cabinet;
  const [offset, size] = [body.readUInt32LE(44), body.readUInt32LE(48)];
  return offset === cabinet ? cabinet + size : cabinet;
}

async function judgeSignature(
  body: Buffer,
  { name, ca, now }: { name: string; ca: readonly string[]; now: Date },
): Promise<CabinetVerdict> {
  let report: Awaited<ReturnType<typeof verifyFile>>;
  try {
    // Microsoft's old trees are signed with SHA-1. Whether that is enough is the client's business, not ours.
    report = await verifyFile(body, { trustedCertificatesPem: ca, acceptSha1: true, now });
  } catch (error) {
    return { kind: 'damaged', why: messageOf(error) };
  }
  const structure = readMembers(body);
  if (!report.signed) return structure.why ? { kind: 'damaged', why: structure.why } : { kind: 'unsigned' };
  const [signer] = report.signers;
  if (!signer || !report.digestMatches || !signer.intact) {
    return { kind: 'altered', found: report.problems[0]?.message ?? 'the digest does not match' };
  }
  if (structure.why) return { kind: 'damaged', why: structure.why };
  if (ca.length > 0 && !report.trusted)
    return { kind: 'wrong-signer', signer: `${signer.subject}, issued by ${signer.issuer}` };
  const ident = readIdent(body, name);
  if (ident.why !== undefined) return { kind: 'ident-malformed', why: ident.why };
  const authority = signer.chain.at(-1)?.issuer ?? signer.issuer;
  return {
    kind: 'good',
    signer: signer.subject,
    authority,
    trusted: ca.length > 0 ? true : undefined,
    ident: ident.ident,
  };
}

function readMembers(body: Buffer): { why?: string } {
  try {
    readCabinet(body);
    return {};
  } catch (error) {
    return { why: messageOf(error) };
  }
}

function readIdent(body: Buffer, name: string): { ident?: Ident; why?: string } {
  const member = /^(iuident|wuident)\.cab$/i.exec(name)?.[1];
  if (!member) return {};
  let bytes: Uint8Array;
  try {
    bytes = extractMember(readCabinet(body), `${member}.txt`);
  } catch (error) {
    return { why: messageOf(error) };
  }
  try {
    return { ident: parseIdent(bytes) };
  } catch {
    // Microsoft's lines are not public: sections are all that can be asked of a foreign ident.
    return /^\s*\[[^\]]+\]/m.test(decodeText(Buffer.from(bytes))) ? {} : { why: `${member}.txt has no sections` };
  }
}

/** True for a page, with or without a document type. */
export function looksLikeHtml(body: Buffer): boolean {
  const start = decodeText(body.subarray(0, 1024)).trimStart().toLowerCase();
  return /^(<!doctype html|<html|<head|<body|<script|<!--|<meta|<\?xml[^>]*>\s*<!doctype html|<title|<h1)/.test(start);
}

function titleOf(body: Buffer): string {
  const text = decodeText(body.subarray(0, 16_384));
  return (/<title[^>]*>([^<]{0,200})/i.exec(text)?.[1] ?? '').trim().replaceAll(/\s+/g, ' ');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
