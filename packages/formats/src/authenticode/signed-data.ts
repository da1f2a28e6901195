// PKCS#7 SignedData (RFC 2315 section 9, RFC 5652 section 5) as Authenticode and time stamps use it. The values keep
// the exact bytes that were signed. It decides nothing: see signer-info-check and chain.
import { signatureBounds } from '../bounds.ts';
import { badAsn1, childrenOf, contextTag, type DerElement, readDer, tags } from './der.ts';
import { DerCursor, readOctets, readOid, readSmallInteger } from './der-values.ts';
import { oids } from './oids.ts';

export interface SignedData {
  contentType: string;
  /** The content element ([0]'s inner element). Undefined for a detached message. */
  content: DerElement | undefined;
  /** DER of each X.509 certificate, as it came. */
  certificates: Uint8Array[];
  signers: SignerInfo[];
  /** The length of the whole message, so that what follows it can be seen. */
  sizeBytes: number;
}

export interface AlgorithmIdentifier {
  oid: string;
  parameters: DerElement | undefined;
}

export interface SignerInfo {
  /** Either the issuer's name (DER) with the serial number's octets, or a subject key identifier. */
  signer: { issuer: Uint8Array; serial: Uint8Array } | { keyIdentifier: Uint8Array };
  digestAlgorithm: AlgorithmIdentifier;
  signatureAlgorithm: AlgorithmIdentifier;
  /** The signed attributes as a SET, which is what the signature is made over (RFC 5652 5.4). */
  signedAttributes: { bytes: Uint8Array; values: Map<string, DerElement[]> } | undefined;
  unsignedAttributes: Map<string, DerElement[]>;
  signature: Uint8Array;
}

/** Reads a ContentInfo that holds SignedData. Bytes behind it are left to the caller. Throws FormatError. */
export function readSignedData(bytes: Uint8Array, offset = 0): SignedData {
  const message = readDer(bytes, offset);
  const outer = new DerCursor(message);
  const type = outer.next();
  if (readOid(type) !== oids.signedData) throw badAsn1('no PKCS#7 signed message', type.offset);
  const body = new DerCursor(onlyChild(outer.next(contextTag(0))));
  readSmallInteger(body.next());
  body.next(tags.set);
  const { contentType, content } = readEncapsulated(body.next());
  const certificateSet = body.optional(contextTag(0));
  body.optional(contextTag(1));
  return {
    contentType,
    content,
    certificates: certificateSet ? readCertificates(certificateSet) : [],
    signers: limited(childrenOf(body.next(tags.set)), signatureBounds.maxSigners, 'signers').map(readSignerInfo),
    sizeBytes: message.bytes.length,
  };
}

/** Reads a SignerInfo. A PKCS#9 countersignature is one, too. */
export function readSignerInfo(element: DerElement): SignerInfo {
  const body = new DerCursor(element);
  readSmallInteger(body.next());
  const signer = readSignerIdentifier(body.next());
  const digestAlgorithm = readAlgorithm(body.next());
  const signedAttributes = body.optional(contextTag(0));
  const signatureAlgorithm = readAlgorithm(body.next());
  const signature = readOctets(body.next());
  const unsignedAttributes = body.optional(contextTag(1));
  return {
    signer,
    digestAlgorithm,
    signatureAlgorithm,
    signedAttributes: signedAttributes && { bytes: asSet(signedAttributes), values: readAttributes(signedAttributes) },
    unsignedAttributes: unsignedAttributes ? readAttributes(unsignedAttributes) : new Map(),
    signature,
  };
}

export function readAlgorithm(element: DerElement): AlgorithmIdentifier {
  const body = new DerCursor(element);
  const oid = readOid(body.next());
  return { oid, parameters: body.rest()[0] };
}

/** The one value of an attribute. Undefined when it is absent. Throws FormatError when there are several. */
export function singleValue(attributes: Map<string, DerElement[]>, oid: string): DerElement | undefined {
  const values = attributes.get(oid);
  if (!values) return undefined;
  const [value, second] = values;
  if (!value || second) throw badAsn1(`attribute ${oid} must have exactly one value`, second?.offset ?? 0);
  return value;
}

function readEncapsulated(element: DerElement): Pick<SignedData, 'contentType' | 'content'> {
  const body = new DerCursor(element);
  const contentType = readOid(body.next());
  const holder = body.optional(contextTag(0));
  return { contentType, content: holder && onlyChild(holder) };
}

function readCertificates(element: DerElement): Uint8Array[] {
  const choices = limited(childrenOf(element), signatureBounds.maxCertificates, 'certificates');
  // The other choices (attribute certificates and the like) have context tags and mean nothing here.
  return choices.filter((choice) => choice.tag === tags.sequence).map((choice) => choice.bytes);
}

function readSignerIdentifier(element: DerElement): SignerInfo['signer'] {
  if (element.tag === contextTag(0, false)) return { keyIdentifier: element.content };
  const body = new DerCursor(element);
  return { issuer: body.next(tags.sequence).bytes, serial: body.next(tags.integer).content };
}

function readAttributes(element: DerElement): Map<string, DerElement[]> {
  const attributes = new Map<string, DerElement[]>();
  for (const attribute of limited(childrenOf(element), 64, 'attributes')) {
    const body = new DerCursor(attribute);
    const oid = readOid(body.next());
    const values = limited(childrenOf(body.next(tags.set)), 64, 'values of an attribute');
    attributes.set(oid, [...(attributes.get(oid) ?? []), ...values]);
  }
  return attributes;
}

/** [0] IMPLICIT turned back into the SET it stands for: only the first octet differs. */
function asSet(element: DerElement): Uint8Array {
  if (element.bytes[1] === 0x80) throw badAsn1('signed attributes with an open-ended length', element.offset);
  const bytes = Uint8Array.from(element.bytes);
  bytes[0] = tags.set;
  return bytes;
}

function onlyChild(element: DerElement): DerElement {
  const [child, second] = childrenOf(element);
  if (!child || second) throw badAsn1('exactly one element belongs here', element.offset);
  return child;
}

function limited<T>(list: T[], limit: number, what: string): T[] {
  if (list.length > limit) throw badAsn1(`more than ${limit} ${what}`, 0);
  return list;
}
