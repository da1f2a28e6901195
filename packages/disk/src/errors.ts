// The only home of this package's errors. Each code has its paragraph in docs/errors/disk.md. Names that are not safe
// are refused by the formats package, as FORMAT_UNSAFE_NAME.

type DiskErrorCode = 'DISK_UNREADABLE' | 'DISK_NOT_A_FILE' | 'DISK_TOO_LARGE' | 'DISK_LEADS_OUT';

export class DiskError extends Error {
  readonly code: DiskErrorCode;
  /** The system's word, such as ENOENT, when there is one. */
  readonly systemCode: string | undefined;

  constructor(code: DiskErrorCode, message: string, { cause }: { cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DiskError';
    this.code = code;
    this.systemCode = systemCodeOf(cause);
  }
}

/** `ENOENT` and its like of an error of the file system. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
