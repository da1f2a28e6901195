// The only home of this package's errors. Each code has its paragraph in docs/errors/.

/** Closed list. Each code has a paragraph in docs/errors (held by a test). */
export type ReleaseErrorCode =
  | 'RELEASE_METADATA_MALFORMED'
  | 'RELEASE_METADATA_UNSIGNED'
  | 'RELEASE_METADATA_EXPIRED'
  | 'RELEASE_METADATA_ROLLBACK'
  | 'RELEASE_METADATA_MISMATCH'
  | 'RELEASE_ROLE_UNKNOWN'
  | 'RELEASE_FETCH_STATUS'
  | 'RELEASE_FETCH_FAILED'
  | 'RELEASE_FETCH_TOO_LARGE'
  | 'RELEASE_FETCH_TOO_SLOW'
  | 'RELEASE_TARGET_UNKNOWN'
  | 'RELEASE_TARGET_MISMATCH'
  | 'RELEASE_TARGET_MALFORMED'
  | 'RELEASE_TARGET_EXISTS'
  | 'RELEASE_DELTA_UNUSABLE'
  | 'RELEASE_FLOOR_MISSING'
  | 'RELEASE_STORE_UNUSABLE'
  | 'RELEASE_REPOSITORY_EXISTS'
  | 'RELEASE_REPOSITORY_MISSING'
  | 'RELEASE_REPOSITORY_BUSY'
  | 'RELEASE_REPOSITORY_UNWRITABLE'
  | 'RELEASE_REPOSITORY_DAMAGED'
  | 'RELEASE_KEY_UNUSABLE'
  | 'RELEASE_KEY_UNKNOWN'
  | 'RELEASE_SIGNER_REPEATED'
  | 'RELEASE_SIGNER_WRONG'
  | 'RELEASE_SIGNATURE_WRONG'
  | 'RELEASE_SIGNATURES_MISSING'
  | 'RELEASE_THRESHOLD_IMPOSSIBLE'
  | 'RELEASE_NOT_STAGED'
  | 'RELEASE_RUNTIME_MISSING'
  | 'RELEASE_RUNTIME_ALTERED'
  | 'RELEASE_BUNDLE_UNSUPPORTED'
  | 'RELEASE_BUNDLE_UNMADE';

interface ReleaseErrorDetails {
  /** The HTTP status that a fetch ended with. */
  status?: number;
  /** The wait that a server asked for before the next try. */
  retryAfterSeconds?: number;
  /** The role whose metadata the error is about. */
  role?: string;
  cause?: unknown;
}

export class ReleaseError extends Error {
  readonly code: ReleaseErrorCode;
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly role: string | undefined;

  constructor(code: ReleaseErrorCode, message: string, details: ReleaseErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ReleaseError';
    this.code = code;
    this.status = details.status;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.role = details.role;
  }
}

/** True when `error` is a ReleaseError with one of `codes`. */
export function isReleaseError(error: unknown, ...codes: ReleaseErrorCode[]): error is ReleaseError {
  return error instanceof ReleaseError && codes.includes(error.code);
}
