// What can go wrong around signing beyond the file itself.

/** Thrown when the authority cannot be reached or answers with something that is no time stamp. */
export class TimestampAuthorityError extends Error {
  readonly code = 'CLI_TIMESTAMP_AUTHORITY';
}
