// The only home of the codes in a signature report. They are findings about a file, not exceptions.

/** Closed list. Each code has a paragraph in docs/errors/signature.md (held by a test). */
export type SignatureProblemCode =
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_MALFORMED'
  | 'SIGNATURE_BAD_LAYOUT'
  | 'SIGNATURE_APPENDED_DATA'
  | 'SIGNATURE_BAD_DIGEST'
  | 'SIGNATURE_BAD_VALUE'
  | 'SIGNATURE_UNSUPPORTED_ALGORITHM'
  | 'SIGNATURE_WEAK_ALGORITHM'
  | 'SIGNATURE_BAD_CERTIFICATE'
  | 'SIGNATURE_NOT_CODE_SIGNING'
  | 'SIGNATURE_UNTRUSTED_CHAIN'
  | 'SIGNATURE_NOT_YET_VALID'
  | 'SIGNATURE_EXPIRED'
  | 'SIGNATURE_BAD_TIMESTAMP'
  | 'SIGNATURE_NOT_IN_CATALOG';

/** Things worth knowing that do not decide about trust. */
export type SignatureNoteCode =
  | 'SIGNATURE_NOTE_TIMESTAMP_UNTRUSTED'
  | 'SIGNATURE_NOTE_CLAIMED_TIME'
  | 'SIGNATURE_NOTE_CHECKSUM'
  | 'SIGNATURE_NOTE_NAMES'
  | 'SIGNATURE_NOTE_OTHER_UNTRUSTED';
