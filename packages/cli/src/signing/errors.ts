// The errors around signing, apart from those of the file itself.

/** Thrown if the authority cannot be reached or answers with something other than a time stamp. */
export class TimestampAuthorityError extends Error {
  readonly code = 'CLI_TIMESTAMP_AUTHORITY';
}
