import { ProtocolError } from '../errors.ts';

/** The error for a message that is not what its WSDL says. Sites answer it with the fault InvalidParameters. */
export function badMessage(path: string): ProtocolError {
  return new ProtocolError('PROTOCOL_BAD_MESSAGE', `The element ${path} is missing or not of its type.`, { path });
}
