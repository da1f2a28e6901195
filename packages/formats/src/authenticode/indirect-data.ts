// SpcIndirectDataContent: what an Authenticode signature says about the file it belongs to.
//   SEQUENCE { data SpcAttributeTypeAndOptionalValue, messageDigest SEQUENCE { AlgorithmIdentifier, OCTET STRING } }
// The value beside the type says nothing of use any more ("<<<Obsolete>>>"), or holds page hashes: it is passed over. Only
// SpcSipInfo, SEQUENCE { INTEGER, OCTET STRING guid, INTEGER … }, says there what kind of file it is.
import type { DerElement } from './der.ts';
import { contextTag, tags } from './der.ts';
import { DerCursor, decodeBmp, readOctets, readOid } from './der-values.ts';
import { oids } from './oids.ts';
import { readAlgorithm } from './signed-data.ts';

interface IndirectData {
  /** Object identifier that names the kind of file. */
  subjectType: string;
  /** Of SpcSipInfo, in hexadecimal. */
  subjectGuid: string | undefined;
  digestOid: string;
  digest: Uint8Array;
}

export function readIndirectData(content: DerElement): IndirectData {
  const body = new DerCursor(content);
  const subject = new DerCursor(body.next(tags.sequence));
  const subjectType = readOid(subject.next());
  const subjectGuid = subjectType === oids.subjectInterface ? readGuid(subject.next()) : undefined;
  const digestInfo = new DerCursor(body.next(tags.sequence));
  return {
    subjectType,
    subjectGuid,
    digestOid: readAlgorithm(digestInfo.next()).oid,
    digest: readOctets(digestInfo.next()),
  };
}

function readGuid(info: DerElement): string {
  const fields = new DerCursor(info);
  fields.next(tags.integer);
  return Buffer.from(readOctets(fields.next())).toString('hex');
}

/** SpcSpOpusInfo: the program's name and address as its publisher gave them. */
export function readOpusInfo(element: DerElement): { description?: string; url?: string } {
  const body = new DerCursor(element);
  const name = body.optional(contextTag(0));
  const link = body.optional(contextTag(1));
  const description = name && readSpcString(name);
  const url = link && readLink(link);
  return { ...(description === undefined ? {} : { description }), ...(url === undefined ? {} : { url }) };
}

/** CHOICE { unicode [0] BMPString, ascii [1] IA5String }, inside an explicit tag. */
function readSpcString(holder: DerElement): string {
  const text = new DerCursor(holder, holder.tag).next();
  return text.tag === contextTag(0, false) ? decodeBmp(text.content) : latin1(text);
}

/** CHOICE { url [0] IA5String, moniker [1], file [2] SpcString }: only an address is of interest. */
function readLink(holder: DerElement): string | undefined {
  const choice = new DerCursor(holder, holder.tag).next();
  return choice.tag === contextTag(0, false) ? latin1(choice) : undefined;
}

function latin1(element: DerElement): string {
  return Buffer.from(element.content).toString('latin1');
}
