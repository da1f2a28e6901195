// The only home of the codes SERVER_…: the store, the administration and the server throw them. Each code has its paragraph
// in docs/errors/server.md.

type ServerErrorCode =
  | 'SERVER_BAD_CONFIG'
  | 'SERVER_IN_USE'
  | 'SERVER_PORT_UNAVAILABLE'
  | 'SERVER_DATA_DIR'
  | 'SERVER_DATABASE'
  | 'SERVER_DATABASE_TOO_NEW'
  | 'SERVER_DATABASE_TOO_OLD'
  | 'SERVER_DATABASE_AWAY'
  | 'SERVER_DATABASE_LOST'
  | 'SERVER_DATABASE_DAMAGED'
  | 'SERVER_DISK_FULL'
  | 'SERVER_KEYS'
  | 'SERVER_NOT_FOUND'
  | 'SERVER_REFUSED'
  | 'SERVER_BAD_BACKUP'
  | 'SERVER_BAD_RELEASE'
  | 'SERVER_TREE_NOT_FOUND'
  | 'SERVER_TREE_NOT_A_TREE'
  | 'SERVER_TREE_DAMAGED';

export class ServerError extends Error {
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ServerError';
    this.code = code;
  }
}

/** SERVER_DATABASE_AWAY with the reason alone, for those who say themselves which database. */
export class DatabaseAway extends ServerError {
  readonly reason: string;

  /** `database` as it may be shown: without its password. */
  constructor(database: string, reason: string, options?: { cause?: unknown }) {
    super('SERVER_DATABASE_AWAY', `The database ${database} does not answer: ${reason}.`, options);
    this.reason = reason;
  }
}

/** True for a state that passes by itself (full disk, database away): clients are told ServerBusy and ask again. */
export function isTemporary(error: unknown): boolean {
  return error instanceof ServerError && (error.code === 'SERVER_DATABASE_AWAY' || error.code === 'SERVER_DISK_FULL');
}
