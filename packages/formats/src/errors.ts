// The only home of this package's errors. Hostile input is ordinary: for any input a decoder either answers or throws a
// FormatError. The error says what is wrong, where, and in which member.

/** Closed list. Each code has a paragraph in docs/errors.md (held by a test). */
export type FormatErrorCode =
  | 'FORMAT_TRUNCATED'
  | 'FORMAT_BAD_SIGNATURE_BYTES'
  | 'FORMAT_BAD_HEADER'
  | 'FORMAT_BAD_CHECKSUM'
  | 'FORMAT_BAD_DATA'
  | 'FORMAT_OVER_LIMIT'
  | 'FORMAT_UNSUPPORTED'
  | 'FORMAT_UNSAFE_NAME'
  | 'FORMAT_NOT_FOUND'
  | 'FORMAT_MISSING_CABINET'
  | 'FORMAT_BAD_XML'
  | 'FORMAT_BAD_ASN1'
  | 'FORMAT_BAD_TIMESTAMP';

interface FormatErrorDetails {
  /** Byte (or, in text, character) offset in the input where reading stopped. */
  offset?: number;
  /** The member, element or object concerned. */
  member?: string;
  cause?: unknown;
}

export class FormatError extends Error {
  readonly code: FormatErrorCode;
  readonly offset: number;
  readonly member: string | undefined;

  constructor(code: FormatErrorCode, message: string, details: FormatErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'FormatError';
    this.code = code;
    this.offset = details.offset ?? 0;
    this.member = details.member;
  }
}
