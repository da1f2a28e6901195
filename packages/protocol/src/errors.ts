// The only home of this package's errors. Each code has its paragraph in docs/errors/.

type ProtocolErrorCode =
  | 'PROTOCOL_IDENT_MALFORMED'
  | 'PROTOCOL_IDENT_GRAMMAR'
  | 'PROTOCOL_IDENT_OVER_LIMIT'
  | 'PROTOCOL_RELEASE_MALFORMED'
  | 'PROTOCOL_BAD_VERSION'
  | 'PROTOCOL_BAD_ENVELOPE'
  | 'PROTOCOL_BAD_MESSAGE'
  | 'PROTOCOL_UNKNOWN_OPERATION';

export interface ProtocolErrorDetails {
  /** 1-based line in a text, where there is one. */
  line?: number;
  /** The element of a message, in the words of a fault: `parameters.InstalledNonLeafUpdateIDs`. */
  path?: string;
  /** The fault of SOAP itself for such a message, if it has one (SOAP 1.1 4.4.1, SOAP 1.2 5.4.6). */
  soapFault?: 'VersionMismatch' | 'MustUnderstand';
  cause?: unknown;
}

export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;
  readonly line: number | undefined;
  readonly path: string | undefined;
  readonly soapFault: ProtocolErrorDetails['soapFault'];

  constructor(code: ProtocolErrorCode, message: string, details: ProtocolErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ProtocolError';
    this.code = code;
    this.line = details.line;
    this.path = details.path;
    this.soapFault = details.soapFault;
  }
}
