// The only home of this package's errors. Each code has its paragraph in docs/errors/bounds.md.

export type BoundsErrorCode = 'BOUND_UNKNOWN' | 'BOUND_BAD_VALUE' | 'BOUND_TOO_LATE';

export class BoundsError extends Error {
  readonly code: BoundsErrorCode;

  constructor(code: BoundsErrorCode, message: string) {
    super(message);
    this.name = 'BoundsError';
    this.code = code;
  }
}
