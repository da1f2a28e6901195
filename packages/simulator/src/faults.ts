// The faults that an answer can have: those of the issue and of field reports, in statuses, connections and contents,
// and by strangers between.

export type Fault =
  /** 404, 401, 403, 500 and any other. */
  | { kind: 'status'; status: number }
  /** The connection ends after so many bytes of the body. 0: before any answer. */
  | { kind: 'cut'; afterBytes: number }
  | { kind: 'slow'; bytesPerSecond: number }
  /** Half of the file, with a length that fits. */
  | { kind: 'truncated' }
  /** One bit changed after signing. */
  | { kind: 'altered' }
  /** Well signed, by an unknown signer. Cabinets only: other files carry no signature and stay as they are. */
  | { kind: 'wrong-signature' }
  /** 200 and a log-on page in place of the file. */
  | { kind: 'html' };
