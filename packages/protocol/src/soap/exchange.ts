// Calls and answers of a service, for both ends: the server reads requests and writes answers, an agent the reverse.
import type { XmlLimits } from '@moult/formats/xml';
import { ProtocolError } from '../errors.ts';
import { readEnvelope, writeEnvelope } from './envelope.ts';
import { type ReceivedFault, readFault } from './fault.ts';
import type { Operation, RequestOf, ResponseOf, Service, SoapVersion } from './service.ts';
import { element } from './shape.ts';

type AnyService = Service<Record<string, Operation<unknown, unknown>>>;
type OperationsOf<S> = S extends Service<infer O> ? O : never;

export interface Call {
  version: SoapVersion;
  operation: string;
  /** Reads the parameters. Throws PROTOCOL_BAD_MESSAGE. Separate, so that a fault can name the operation. */
  parameters(): unknown;
}

/** Reads a request of `service`. Throws PROTOCOL_UNKNOWN_OPERATION beside what readEnvelope throws. */
export function readCall(service: AnyService, text: string, limits?: XmlLimits): Call {
  const { version, content } = readEnvelope(text, limits);
  const known = Object.hasOwn(service.operations, content.local) ? service.operations[content.local] : undefined;
  if (!known || content.uri !== (known.namespace ?? service.namespace)) {
    throw new ProtocolError(
      'PROTOCOL_UNKNOWN_OPERATION',
      `There is no operation {${content.uri}}${content.local} here; the namespace is ${service.namespace}.`,
    );
  }
  return { version, operation: content.local, parameters: () => known.request.read(content, '') };
}

/** Writes the body of a request. Send it with `soapActionOf` in the SOAPAction header, between double quotes. */
export function writeCall<S extends AnyService, Name extends keyof OperationsOf<S> & string>(
  service: S,
  name: Name,
  parameters: RequestOf<OperationsOf<S>[Name]>,
  version: SoapVersion = '1.1',
): string {
  const shape = operationOf(service, name).request;
  const content = element(name, shape.write(parameters), ` xmlns="${service.namespace}"`);
  return writeEnvelope(content, service.callEnvelope ?? 's', version);
}

export function soapActionOf(service: AnyService, name: string): string {
  return `${service.namespace}/${name}`;
}

/** Writes a whole answer to a call, in pieces to be sent one behind the other. */
export function writeAnswerInPieces<S extends AnyService, Name extends keyof OperationsOf<S> & string>(
  service: S,
  name: Name,
  answer: ResponseOf<OperationsOf<S>[Name]>,
  version: SoapVersion = '1.1',
): string[] {
  const aside: string[] = [];
  const put = (text: string) => {
    aside.push(text);
    return mark;
  };
  const { response, namespace = service.namespace } = operationOf(service, name);
  const content = response.write(answer, { put });
  const whole = element(`${name}Response`, content, ` xmlns="${namespace}"`);
  const between = writeEnvelope(whole, service.envelope, version).split(mark);
  if (between.length !== aside.length + 1) throw new Error(`The answer to ${name} holds a character that XML has not.`);
  return between.flatMap((text, at) => (at < aside.length ? [text, aside[at] ?? ''] : [text]));
}

/** In no text that is written: escapeText replaces it. */
const mark = '\0';

/** Writes a whole answer to a call. */
export function writeAnswer<S extends AnyService, Name extends keyof OperationsOf<S> & string>(
  service: S,
  name: Name,
  answer: ResponseOf<OperationsOf<S>[Name]>,
  version: SoapVersion = '1.1',
): string {
  const shape = operationOf(service, name).response;
  const content = element(`${name}Response`, shape.write(answer), ` xmlns="${service.namespace}"`);
  return writeEnvelope(content, service.envelope, version);
}

/**
 * Reads the answer to a call, fault or not. Throws the errors of readEnvelope, PROTOCOL_BAD_MESSAGE for an answer
 * against the WSDL, and PROTOCOL_UNKNOWN_OPERATION for another answer.
 */
export function readAnswer<S extends AnyService, Name extends keyof OperationsOf<S> & string>(
  service: S,
  name: Name,
  text: string,
  limits?: XmlLimits,
): { kind: 'answer'; value: ResponseOf<OperationsOf<S>[Name]> } | { kind: 'fault'; fault: ReceivedFault } {
  const { content } = readEnvelope(text, limits);
  const fault = readFault(content);
  if (fault) return { kind: 'fault', fault };
  if (content.local !== `${name}Response`) {
    throw new ProtocolError('PROTOCOL_UNKNOWN_OPERATION', `${name} was answered with <${content.local}>.`);
  }
  return { kind: 'answer', value: operationOf(service, name).response.read(content, '') as never };
}

function operationOf(service: AnyService, name: string): Operation<unknown, unknown> {
  const found = service.operations[name];
  if (!found) throw new ProtocolError('PROTOCOL_UNKNOWN_OPERATION', `There is no operation ${name}.`);
  return found;
}
