// The Authenticode structures that a signer writes: SpcIndirectDataContent for the file kinds, and the signed attributes.
import * as asn1js from 'asn1js';
import { oids, sha256Oid } from './oids.ts';
import type { SignedFileKind } from './signed-file.ts';

/** SpcIndirectDataContent for a file's SHA-256 digest. */
export function indirectDataFor(
  kind: Exclude<SignedFileKind, 'windows-installer' | 'catalog'>,
  digest: Uint8Array,
): asn1js.Sequence {
  const subject =
    kind === 'cabinet' ? [oid(oids.cabinetData), fileLink(obsolete)] : [oid(oids.portableExecutableData), imageData()];
  return sequence(
    sequence(...subject),
    sequence(sequence(oid(sha256Oid), new asn1js.Null()), new asn1js.OctetString({ valueHex: digest })),
  );
}

/** SpcSpOpusInfo: what the publisher calls the file, and where it tells more. */
export function opusInfo(about: { description?: string; url?: string }): asn1js.Sequence {
  const parts: asn1js.BaseBlock[] = [];
  if (about.description !== undefined) parts.push(explicit(0, unicodeText(about.description)));
  if (about.url !== undefined) {
    const valueHex = new Uint8Array(Buffer.from(new URL(about.url).href, 'latin1'));
    parts.push(explicit(1, implicit(0, valueHex)));
  }
  return sequence(...parts);
}

/** SpcStatementType: signed by an individual publisher, which Windows treats as "no claim beyond the certificate". */
export function statementType(): asn1js.Sequence {
  return sequence(oid(oids.individualCodeSigning));
}

const obsolete = '<<<Obsolete>>>';

/** SpcPeImageData: empty flags and an obsolete link, as signtool writes them. */
function imageData(): asn1js.Sequence {
  return sequence(new asn1js.BitString({ valueHex: new Uint8Array(0) }), explicit(0, fileLink('')));
}

/** SpcLink, choice file: [2] EXPLICIT SpcString. */
function fileLink(text: string): asn1js.Constructed {
  return explicit(2, unicodeText(text));
}

/** SpcString, choice unicode: [0] IMPLICIT BMPString. */
function unicodeText(text: string): asn1js.Primitive {
  return implicit(0, new Uint8Array(Buffer.from(text, 'utf16le').swap16()));
}

function sequence(...value: asn1js.BaseBlock[]): asn1js.Sequence {
  return new asn1js.Sequence({ value });
}

function oid(value: string): asn1js.ObjectIdentifier {
  return new asn1js.ObjectIdentifier({ value });
}

function explicit(tagNumber: number, value: asn1js.BaseBlock): asn1js.Constructed {
  return new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber }, value: [value] });
}

function implicit(tagNumber: number, valueHex: Uint8Array): asn1js.Primitive {
  return new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex });
}
