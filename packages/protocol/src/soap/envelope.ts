// Envelopes in both SOAP versions, read whatever their prefixes and written the way real WSUS writes them
// (fixtures/captures/wsus-m0-native: `s:` for the client service, `soap:` with a declaration for the other two).
import { childElements, childNamed, readXml, type XmlElement, type XmlLimits } from '@moult/formats/xml';
import { ProtocolError, type ProtocolErrorDetails } from '../errors.ts';
import type { EnvelopeFlavour, SoapVersion } from './service.ts';

const envelopeNamespace: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
};

interface Envelope {
  version: SoapVersion;
  /** First element of the body: the operation, its response, or a fault. */
  content: XmlElement;
}

/**
 * Reads a SOAP message. Throws FormatError for text that is not acceptable XML or is over `limits`. Throws
 * ProtocolError PROTOCOL_BAD_ENVELOPE for XML that is not a SOAP message.
 */
export function readEnvelope(text: string, limits?: XmlLimits): Envelope {
  const root = readXml(text, limits);
  if (root.local !== 'Envelope') throw badEnvelope('the root is not a SOAP Envelope');
  const version = versionOf(root);
  if (version === undefined) throw badEnvelope(`its Envelope is of "${root.uri}"`, 'VersionMismatch');
  const header = childNamed(root, 'Header', root.uri);
  if (header) refuseMandatoryHeaders(header);
  const body = childNamed(root, 'Body', root.uri);
  if (!body) throw badEnvelope('it has no Body');
  const content = childElements(body)[0];
  if (!content) throw badEnvelope('its Body is empty');
  return { version, content };
}

/** Wraps the text of one body element. */
export function writeEnvelope(
  content: string,
  flavour: EnvelopeFlavour | 'bare',
  version: SoapVersion = '1.1',
): string {
  const { opening, closing } = frames[flavour][version];
  return `${opening}${content}${closing}`;
}

const schemaNamespaces =
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"';

function frame(flavour: EnvelopeFlavour, version: SoapVersion): { opening: string; closing: string } {
  const declared = `xmlns:${flavour}="${envelopeNamespace[version]}"`;
  const opening =
    flavour === 's'
      ? `<s:Envelope ${declared}><s:Body ${schemaNamespaces}>`
      : `<?xml version="1.0" encoding="utf-8"?><soap:Envelope ${declared} ${schemaNamespaces}><soap:Body>`;
  return { opening, closing: `</${flavour}:Body></${flavour}:Envelope>` };
}

function bareFrame(version: SoapVersion): { opening: string; closing: string } {
  const declared = `xmlns:soap="${envelopeNamespace[version]}"`;
  return {
    opening: `<?xml version="1.0" encoding="utf-8"?><soap:Envelope ${declared}><soap:Body>`,
    closing: '</soap:Body></soap:Envelope>',
  };
}

const frames = {
  bare: { '1.1': bareFrame('1.1'), '1.2': bareFrame('1.2') },
  s: { '1.1': frame('s', '1.1'), '1.2': frame('s', '1.2') },
  soap: { '1.1': frame('soap', '1.1'), '1.2': frame('soap', '1.2') },
};

function versionOf({ uri }: XmlElement): SoapVersion | undefined {
  if (uri === envelopeNamespace['1.1']) return '1.1';
  return uri === envelopeNamespace['1.2'] ? '1.2' : undefined;
}

/**
 * Headers meant for the last receiver or for every one. Those of others are theirs (SOAP 1.1 4.2.2, 1.2 part 1, 2.2).
 */
const ourRoles = [
  '',
  'http://schemas.xmlsoap.org/soap/actor/next',
  'http://www.w3.org/2003/05/soap-envelope/role/next',
  'http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver',
];

/** MS-WUSP 2.2: SOAP headers do not occur. One that may be ignored is. One that must be understood cannot be. */
function refuseMandatoryHeaders(header: XmlElement): void {
  for (const entry of childElements(header)) {
    const said = (...names: string[]) =>
      entry.attributes.find(({ local, uri }) => names.includes(local) && uri === header.uri)?.value.trim() ?? '';
    if (['', '0', 'false'].includes(said('mustUnderstand')) || !ourRoles.includes(said('actor', 'role'))) continue;
    throw badEnvelope(`its header ${entry.local} must be understood and is not`, 'MustUnderstand');
  }
}

function badEnvelope(why: string, soapFault?: NonNullable<ProtocolErrorDetails['soapFault']>): ProtocolError {
  const message = `This is not a SOAP message that can be answered: ${why}.`;
  return new ProtocolError('PROTOCOL_BAD_ENVELOPE', message, soapFault && { soapFault });
}
