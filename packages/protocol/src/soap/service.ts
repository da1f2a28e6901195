// A web service: a namespace, a way to write envelopes, and one shape for each message.
import type { Shape } from './shape.ts';

export interface Operation<Request, Response> {
  request: Shape<Request>;
  response: Shape<Response>;
  /** Of an operation that is not in the namespace of its service. */
  namespace?: string;
}

export interface Service<Operations extends Record<string, Operation<unknown, unknown>>> {
  /** Target namespace of the WSDL. The SOAPAction is this, a slash and the operation. */
  namespace: string;
  /** The path of the service, in the letter case of the first published address. Servers match without case. */
  paths: readonly string[];
  /** How real WSUS writes this service's envelopes: `s:` without, or `soap:` with an XML declaration. */
  envelope: EnvelopeFlavour;
  /** How callers write theirs. `s` unless given. `bare`: `soap:` with a declaration and no other namespaces. */
  callEnvelope?: EnvelopeFlavour | 'bare';
  operations: Operations;
}

export type EnvelopeFlavour = 's' | 'soap';
export type SoapVersion = '1.1' | '1.2';

export type RequestOf<O> = O extends Operation<infer Request, infer _> ? Request : never;
export type ResponseOf<O> = O extends Operation<infer _, infer Response> ? Response : never;

export function operation<Request, Response>(
  request: Shape<Request>,
  response: Shape<Response>,
): Operation<Request, Response> {
  return { request, response };
}
