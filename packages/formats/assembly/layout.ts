// The one memory that both codecs work in. The file packages/formats/src/codec/layout.ts has the same numbers.

/** Packed input, at most 64 KB. Bytes behind it are read, but never believed. */
export const input: usize = 0x10000;
/** 16 numbers of 32 bits that go in and out of runLzx. */
export const state: usize = 0x8000;
export const scratch: usize = 0x9000;

/** Deflate tables: entries of 32 bits. */
export const literalTable: usize = 0x30000;
export const distanceTable: usize = 0x40000;

/** LZX codes, written by PrefixCode: a table of 16-bit entries, then the search for long codes. */
export const mainCode: usize = 0x70000;
export const lengthCode: usize = 0x78000;
export const alignedCode: usize = 0x7c000;
export const slotBases: usize = 0x7e000;
export const slotExtraBits: usize = 0x7e100;
/** The unpacked bytes, with their history before them and room to overshoot behind them. */
export const window: usize = 0x100000;
