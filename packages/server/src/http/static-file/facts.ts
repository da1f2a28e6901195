// The facts of a file before any of it is sent.

export interface FileFacts {
  sizeBytes: number;
  /** Strong validator with its quotes: two files with the same tag are the same bytes. */
  etag: string;
  /** Whole seconds count. HTTP dates have no more. */
  lastModified: Date;
  contentType: string;
  /** `Repr-Digest` (RFC 9530), for files whose readers compare it with a copy of their own. */
  reprDigest?: string;
  /** `Cache-Control`, when the file has a wish. */
  cacheControl?: string;
  /** `Vary`, when the same address has another answer for other clients. */
  vary?: string;
}
