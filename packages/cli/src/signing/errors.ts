// The errors around signing, apart from those of the file itself.

/** Thrown when the authority cannot be reached or answers with something that is no time stamp. */
export class TimestampAuthorityError extends Error {
  readonly code = 'CLI_TIMESTAMP_AUTHORITY';
}
