// Writing the PKCS#7 message. pkijs writes CMS. Authenticode wants the older PKCS#7 1.5, which differs in two places:
// the version is 1, and the content is there as it is instead of inside an OCTET STRING.
import { createHash, type KeyObject, sign } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import type { Certificate } from './certificate.ts';
import { readDer } from './der.ts';
import { oids, sha256Oid } from './oids.ts';
import { opusInfo, statementType } from './signed-content.ts';

export interface MessageSigner {
  certificate: Certificate;
  key: KeyObject;
  /** Issuers to send along. The root need not be among them. */
  issuers: readonly Certificate[];
}

export interface MessageContent {
  type: string;
  /** DER of the content element. */
  der: Uint8Array;
  /** The bytes for the digest: the content element without tag and length. */
  digested: Uint8Array;
}

interface MessageStatement {
  now: Date;
  description?: string;
  url?: string;
}

type TimestampAttribute = (signature: Uint8Array) => Promise<Uint8Array>;

/**
 * DER of a SignedData with one signer and SHA-256. `timestamp`, when given, answers with the token for the signature.
 */
export async function writeSignedMessage(
  content: MessageContent,
  signer: MessageSigner,
  statement: MessageStatement,
  timestamp?: TimestampAttribute,
): Promise<Uint8Array> {
  const attributes = signedAttributes(content, statement);
  const signature = new Uint8Array(sign('sha256', attributesAsSet(attributes), signer.key));
  const token = timestamp && (await timestamp(signature));
  const message = new pkijs.SignedData({
    digestAlgorithms: [algorithm(sha256Oid)],
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: content.type }),
    certificates: [signer.certificate, ...signer.issuers].map(({ raw }) => pkijs.Certificate.fromBER(raw)),
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: issuerAndSerial(signer.certificate),
        digestAlgorithm: algorithm(sha256Oid),
        signedAttrs: new pkijs.SignedAndUnsignedAttributes({ type: 0, attributes }),
        signatureAlgorithm: algorithm(signatureOid(signer.key)),
        signature: new asn1js.OctetString({ valueHex: signature }),
        ...(token ? { unsignedAttrs: unsignedAttributes(token) } : {}),
      }),
    ],
  }).toSchema();
  const [, , encapsulated] = message.valueBlock.value;
  message.valueBlock.value[0] = new asn1js.Integer({ value: 1 });
  if (encapsulated instanceof asn1js.Sequence) encapsulated.valueBlock.value[1] = explicitRaw(content.der);
  const envelope = new pkijs.ContentInfo({ contentType: oids.signedData, content: message });
  return new Uint8Array(envelope.toSchema().toBER());
}

/** In DER's order for a SET OF, so that readers who sort them see the same bytes. */
function signedAttributes(content: MessageContent, statement: MessageStatement): pkijs.Attribute[] {
  const digest = new Uint8Array(createHash('sha256').update(content.digested).digest());
  const attributes = [
    attribute(oids.contentType, new asn1js.ObjectIdentifier({ value: content.type })),
    attribute(oids.signingTime, timeValue(statement.now)),
    attribute(oids.messageDigest, new asn1js.OctetString({ valueHex: digest })),
  ];
  if (content.type === oids.indirectData) attributes.push(attribute(oids.statementType, statementType()));
  if (statement.description !== undefined || statement.url !== undefined || content.type === oids.indirectData) {
    attributes.push(attribute(oids.opusInfo, opusInfo(statement)));
  }
  const encoded = (one: pkijs.Attribute) => Buffer.from(one.toSchema().toBER());
  return attributes.sort((a, b) => Buffer.compare(encoded(a), encoded(b)));
}

/** The bytes for the signature: the attributes as a SET (RFC 5652 5.4). */
function attributesAsSet(attributes: readonly pkijs.Attribute[]): Uint8Array {
  return new Uint8Array(new asn1js.Set({ value: attributes.map((one) => one.toSchema()) }).toBER());
}

function unsignedAttributes(token: Uint8Array): pkijs.SignedAndUnsignedAttributes {
  const stamp = new pkijs.Attribute({ type: oids.microsoftTimestamp, values: [rawSequence(token)] });
  return new pkijs.SignedAndUnsignedAttributes({ type: 1, attributes: [stamp] });
}

/** UTCTime up to 2049, GeneralizedTime after it (RFC 5652 11.3). */
function timeValue(now: Date): asn1js.BaseBlock {
  const valueDate = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return valueDate.getUTCFullYear() < 2050
    ? new asn1js.UTCTime({ valueDate })
    : new asn1js.GeneralizedTime({ valueDate });
}

function signatureOid(key: KeyObject): string {
  return key.asymmetricKeyType === 'ec' ? '1.2.840.10045.4.3.2' : '1.2.840.113549.1.1.1';
}

function algorithm(oid: string): pkijs.AlgorithmIdentifier {
  const isEcdsa = oid === '1.2.840.10045.4.3.2';
  return new pkijs.AlgorithmIdentifier({
    algorithmId: oid,
    ...(isEcdsa ? {} : { algorithmParams: new asn1js.Null() }),
  });
}

function attribute(type: string, value: asn1js.BaseBlock): pkijs.Attribute {
  return new pkijs.Attribute({ type, values: [value] });
}

function issuerAndSerial(certificate: Certificate): pkijs.IssuerAndSerialNumber {
  const { issuer, serialNumber } = pkijs.Certificate.fromBER(certificate.raw);
  return new pkijs.IssuerAndSerialNumber({ issuer, serialNumber });
}

/** [0] EXPLICIT around an element that is written as it is, byte for byte. */
function explicitRaw(der: Uint8Array): asn1js.BaseBlock {
  return constructed({ tagClass: 3, tagNumber: 0 }, der);
}

/** A SEQUENCE given as DER, written as it is. */
function rawSequence(der: Uint8Array): asn1js.BaseBlock {
  return constructed({ tagClass: 1, tagNumber: 16 }, readDer(der).content);
}

/** asn1js writes only trees of its own. A "primitive" that is marked as constructed takes finished bytes. */
function constructed(idBlock: { tagClass: number; tagNumber: number }, content: Uint8Array): asn1js.BaseBlock {
  const element = new asn1js.Primitive({ idBlock, valueHex: Uint8Array.from(content) });
  element.idBlock.isConstructed = true;
  return element;
}
