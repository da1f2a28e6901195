// Asking a time-stamp authority (RFC 3161). The question and the check of the answer are here. Carrying them over HTTP
// is the caller's part.

import { randomBytes } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { signatureBounds } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import { sameBytes } from './certificate.ts';
import { type DerElement, readDer, tags } from './der.ts';
import { DerCursor, readSmallInteger } from './der-values.ts';
import { sha256Oid } from './oids.ts';
import { digestPieces } from './signed-file.ts';
import { readTimestampToken } from './timestamp.ts';

/** Carries a TimeStampReq to an authority and answers with its TimeStampResp, both DER. */
export type RequestTimestamp = (request: Uint8Array) => Promise<Uint8Array>;

/**
 * A token (DER of a ContentInfo) in which an authority says when it saw `signature`. Throws FormatError
 * FORMAT_BAD_TIMESTAMP when the authority refuses, or answers with a token for something else.
 */
export async function fetchTimestampToken(signature: Uint8Array, request: RequestTimestamp): Promise<Uint8Array> {
  const nonce = newNonce();
  const response = await request(timestampRequest(signature, nonce));
  if (response.length > signatureBounds.maxTimestampBytes) throw refused(`it is ${response.length} bytes long`);
  try {
    const token = tokenOf(readDer(response));
    const { answer, nonce: repeated } = readTimestampToken(token, signature, {
      hints: [],
      trusted: [],
      acceptSha1: false,
    });
    if (answer.broken[0]) throw refused(answer.broken[0].message);
    if (!repeated || !sameBytes(repeated, nonce)) throw refused('it is the answer to another request');
    return token.bytes;
  } catch (error) {
    if (error instanceof FormatError && error.code !== 'FORMAT_BAD_TIMESTAMP') throw refused(error.message, error);
    throw error;
  }
}

function timestampRequest(signature: Uint8Array, nonce: Uint8Array): Uint8Array {
  const request = new pkijs.TimeStampReq({
    version: 1,
    messageImprint: new pkijs.MessageImprint({
      hashAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: sha256Oid, algorithmParams: new asn1js.Null() }),
      hashedMessage: new asn1js.OctetString({ valueHex: digestPieces('sha256', [signature]) }),
    }),
    nonce: new asn1js.Integer({ valueHex: nonce }),
    certReq: true,
  });
  return new Uint8Array(request.toSchema().toBER());
}

/** TimeStampResp (RFC 3161 2.4.2): status 0 and 1 come with a token, the others with a reason. */
function tokenOf(response: DerElement): DerElement {
  const body = new DerCursor(response);
  const status = new DerCursor(body.next(tags.sequence));
  const code = readSmallInteger(status.next());
  const reasons = status.optional(tags.sequence);
  if (code > 1) {
    const text =
      reasons &&
      new DerCursor(reasons)
        .rest()
        .map((reason) => Buffer.from(reason.content).toString())
        .join(' ');
    throw refused(`it refuses (status ${code}${text ? `: ${text}` : ''})`);
  }
  return body.next(tags.sequence);
}

/** 16 random octets, positive and of minimal length as an INTEGER. */
function newNonce(): Uint8Array {
  const nonce = randomBytes(16);
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40;
  return new Uint8Array(nonce);
}

function refused(why: string, cause?: unknown): FormatError {
  const message = `The time-stamp authority’s answer cannot be used: ${why}`;
  return new FormatError('FORMAT_BAD_TIMESTAMP', message, cause === undefined ? {} : { cause });
}
