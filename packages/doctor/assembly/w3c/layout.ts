// The one memory of the scanner. The file packages/doctor/src/http-log/scanner.ts has the same numbers.

/** The facts of the line that `scan` stopped at. */
export const state: usize = 0x1000;
/** Per column: 1 where its bytes are part of the answer. 128 bytes. */
export const kept: usize = 0x1100;
/** The places of the columns of the current line. 128 addresses. */
export const starts: usize = 0x1200;
/** Answers whose runs are still to be found, 48 bytes each. */
export const waiting: usize = 0x2000;
export const maxWaiting: u32 = 64;
/** The runs, 32 bytes each: hash, time and line of the last one, how many more than the first, and its day. */
export const table: usize = 0x10000;
export const tableSlots: u32 = 0x40000;
export const tableEnd: usize = 0x810000;
/** Up to 4 MB of log, then zeros. */
export const text: usize = 0x810000;
