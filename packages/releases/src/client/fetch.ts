// How the client asks for bytes. The agent brings its own transport. createHttpFetch is the one over node:http.

/** One GET. The bytes of the body go to `receive` as they come. More than `maxBytes` of them end it. */
export interface FetchRequest {
  url: string;
  maxBytes: number;
  /** Ask for the bytes from here on (Range). The answer says whether the server did so. */
  offset?: number;
  /** Intermediate caches must ask the origin: for the timestamp. */
  noCache?: boolean;
  receive(piece: Uint8Array, answer: FetchAnswer): void;
}

export interface FetchAnswer {
  /** The start of the body: the offset asked for, or 0 when the server sent the whole. */
  offset: number;
}

/**
 * Resolves when the body is complete. Throws ReleaseError: RELEASE_FETCH_STATUS (with status and retryAfterSeconds) for
 * any status but 200 and 206, RELEASE_FETCH_TOO_LARGE, RELEASE_FETCH_TOO_SLOW, RELEASE_FETCH_FAILED.
 */
export type Fetch = (request: FetchRequest) => Promise<FetchAnswer>;

/** The whole body, in memory. For metadata, whose size is bounded. */
export async function fetchBytes(fetch: Fetch, url: string, maxBytes: number, noCache = false): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  await fetch({ url, maxBytes, noCache, receive: (piece) => void pieces.push(piece) });
  return Buffer.concat(pieces);
}

/**
 * Whether a Content-Range is the one that was asked for: from `offset` to the end of a file of `length` bytes. A server
 * that speaks of another place, or of another length, speaks of another file.
 */
export function isRangeAsked(header: string | undefined, offset: number, length: number): boolean {
  const [, start, end, total] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i.exec(header?.trim() ?? '') ?? [];
  return Number(start) === offset && Number(end) === length - 1 && (total === '*' || Number(total) === length);
}

/** `base` with `path` (percent-encoded) after it. */
export function joinUrl(base: string, path: string): string {
  return `${base.endsWith('/') ? base : `${base}/`}${path}`;
}
