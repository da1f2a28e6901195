// The only home of this package's errors. Each code has its paragraph in docs/errors/.

export type ProtocolErrorCode =
  | 'PROTOCOL_IDENT_MALFORMED'
  | 'PROTOCOL_IDENT_GRAMMAR'
  | 'PROTOCOL_IDENT_OVER_LIMIT'
  | 'PROTOCOL_RELEASE_MALFORMED'
  | 'PROTOCOL_BAD_VERSION';

export interface ProtocolErrorDetails {
  /** 1-based line in a text, where there is one. */
  line?: number;
  cause?: unknown;
}

export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;
  readonly line: number | undefined;

  constructor(code: ProtocolErrorCode, message: string, details: ProtocolErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ProtocolError';
    this.code = code;
    this.line = details.line;
  }
}
