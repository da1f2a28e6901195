// SOAP faults as MS-WUSP 2.2.2.4 writes them: the detail's children carry no namespace and have this order.
import { childElements, childNamed, escapeText, textOf, type XmlElement } from '@moult/formats/xml';
import { writeEnvelope } from './envelope.ts';
import type { EnvelopeFlavour, SoapVersion } from './service.ts';
import { element } from './shape.ts';

/** The closed list of MS-WUSP 2.2.2.4, and of MS-WSUSSS 2.2.3 what servers say to servers alone. Nothing else of a fault counts. */
const faultCodes = [
  'InvalidCookie',
  'ServerChanged',
  'ConfigChanged',
  'CookieExpired',
  'RegistrationRequired',
  'RegistrationNotRequired',
  'InvalidAuthorizationCookie',
  'InvalidParameters',
  'InternalServerError',
  'ServerBusy',
  // 2.2.2.4 writes FileLocationChanged, 3.1.5.10 FileLocationsChanged. The table's spelling is the one that agents
  // know.
  'FileLocationChanged',
  'IncompatibleProtocolVersion',
  'FileDigestsMissing',
  'TooManyIds',
] as const;
export type FaultCode = (typeof faultCodes)[number];

interface Fault {
  code: FaultCode;
  /** For InvalidParameters the path of the element. Empty otherwise, as real WSUS does. */
  message: string;
  /** A new GUID per fault: it is also in the log line. */
  id: string;
  /** SOAPAction of the call, without quotes. '' leaves it out (MS-WUSP 2.2.2.4). */
  method: string;
  /** URL that was called. */
  actor: string;
}

/** A whole answer (HTTP 500) that carries the fault. */
export function writeFault(fault: Fault, flavour: EnvelopeFlavour, version: SoapVersion = '1.1'): string {
  const detail =
    element('ErrorCode', fault.code) +
    element('Message', escapeText(fault.message)) +
    element('ID', fault.id) +
    (fault.method && element('Method', escapeText(`"${fault.method}"`)));
  const actor = escapeText(fault.actor);
  const side = isServerSide(fault.code);
  const content =
    version === '1.1'
      ? `<faultcode>${flavour}:${side ? 'Server' : 'Client'}</faultcode><faultstring>Fault occurred</faultstring>` +
        `<faultactor>${actor}</faultactor><detail>${detail}</detail>`
      : `<${flavour}:Code><${flavour}:Value>${flavour}:${side ? 'Receiver' : 'Sender'}</${flavour}:Value></${flavour}:Code>` +
        `<${flavour}:Reason><${flavour}:Text xml:lang="en">Fault occurred</${flavour}:Text></${flavour}:Reason>` +
        `<${flavour}:Node>${actor}</${flavour}:Node><${flavour}:Detail>${detail}</${flavour}:Detail>`;
  return writeEnvelope(`<${flavour}:Fault>${content}</${flavour}:Fault>`, flavour, version);
}

/** The fault of SOAP itself for a message. It says nothing of the body, so it has no detail (SOAP 1.1 4.4). */
export function writeSoapFault(
  code: 'VersionMismatch' | 'MustUnderstand',
  reason: string,
  flavour: EnvelopeFlavour,
  version: SoapVersion,
): string {
  const said = escapeText(reason);
  const content =
    version === '1.1'
      ? `<faultcode>${flavour}:${code}</faultcode><faultstring>${said}</faultstring>`
      : `<${flavour}:Code><${flavour}:Value>${flavour}:${code}</${flavour}:Value></${flavour}:Code>` +
        `<${flavour}:Reason><${flavour}:Text xml:lang="en">${said}</${flavour}:Text></${flavour}:Reason>`;
  return writeEnvelope(`<${flavour}:Fault>${content}</${flavour}:Fault>`, flavour, version);
}

/** A fault as the caller reads it: `code` is undefined when it names none that is known. */
export interface ReceivedFault {
  code: FaultCode | undefined;
  message: string;
  id: string;
  reason: string;
}

/** Reads the Fault element of a message, in either SOAP version. Undefined if `content` is not a fault. */
export function readFault(content: XmlElement): ReceivedFault | undefined {
  if (content.local !== 'Fault') return undefined;
  const detail = childElements(content).find(({ local }) => local.toLowerCase() === 'detail');
  const said = (name: string) => {
    const child = detail && childNamed(detail, name);
    return child ? textOf(child).trim() : '';
  };
  const code = said('ErrorCode');
  return {
    code: faultCodes.find((known) => known === code),
    message: said('Message'),
    id: said('ID'),
    reason: reasonOf(content),
  };
}

function reasonOf(fault: XmlElement): string {
  const plain = childNamed(fault, 'faultstring');
  if (plain) return textOf(plain).trim();
  const reason = childNamed(fault, 'Reason');
  const text = reason && childNamed(reason, 'Text');
  return text ? textOf(text).trim() : '';
}

function isServerSide(code: FaultCode): boolean {
  return code === 'InternalServerError' || code === 'ServerBusy';
}
