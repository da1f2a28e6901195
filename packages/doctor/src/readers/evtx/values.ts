// The typed values of BinXML (MS-EVEN6 2.2.16) as text, as Event Viewer shows them.

/** The possible sources of a value. All numbers are little-endian. */
export const valueTypes = { null: 0x00, text: 0x01, binXml: 0x21, array: 0x80 } as const;

/**
 * The text of the value of `type` in `bytes` from `start`, `size` bytes long. Never fails: a value that is cut is ''.
 */
export function valueText(bytes: Buffer, type: number, start: number, size: number): string {
  if (size === 0 || start + size > bytes.length) return '';
  if ((type & valueTypes.array) !== 0) return arrayText(bytes, type & 0x7f, start, size);
  return (readers[type] ?? hexOf)(bytes, start, size);
}

type ValueReader = (bytes: Buffer, start: number, size: number) => string;

const readers: Record<number, ValueReader> = {
  [valueTypes.null]: () => '',
  [valueTypes.text]: (bytes, start, size) => withoutEnd(bytes.toString('utf16le', start, start + (size & ~1))),
  2: (bytes, start, size) => withoutEnd(bytes.toString('latin1', start, start + size)),
  3: whole(1, true),
  4: whole(1, false),
  5: whole(2, true),
  6: whole(2, false),
  7: whole(4, true),
  8: whole(4, false),
  9: whole(8, true),
  10: whole(8, false),
  11: sized(4, (bytes, start) => `${bytes.readFloatLE(start)}`),
  12: sized(8, (bytes, start) => `${bytes.readDoubleLE(start)}`),
  13: sized(4, (bytes, start) => `${bytes.readUInt32LE(start) !== 0}`),
  15: sized(16, guidText),
  16: (bytes, start, size) => (size === 4 ? hex32(bytes, start) : size === 8 ? hex64(bytes, start) : ''),
  17: sized(8, (bytes, start) => timeText(fileTime(bytes, start))),
  18: sized(16, systemTimeText),
  19: sidText,
  20: sized(4, hex32),
  21: sized(8, hex64),
};

const elementSizes: Record<number, number> = {
  3: 1,
  4: 1,
  5: 2,
  6: 2,
  7: 4,
  8: 4,
  9: 8,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  15: 16,
  17: 8,
  18: 16,
  20: 4,
  21: 8,
};

function arrayText(bytes: Buffer, type: number, start: number, size: number): string {
  if (type === valueTypes.text) {
    const all = bytes.toString('utf16le', start, start + (size & ~1));
    return all
      .split('\0')
      .filter((each) => each !== '')
      .join(', ');
  }
  const each = elementSizes[type];
  if (each === undefined) return hexOf(bytes, start, size);
  const parts: string[] = [];
  for (let at = start; at + each <= start + size; at += each) parts.push(valueText(bytes, type, at, each));
  return parts.join(', ');
}

function sized(length: number, read: (bytes: Buffer, start: number) => string): ValueReader {
  return (bytes, start, size) => (size < length ? '' : read(bytes, start));
}

function whole(length: 1 | 2 | 4 | 8, signed: boolean): ValueReader {
  return sized(length, (bytes, start) => {
    if (length === 8) return `${signed ? bytes.readBigInt64LE(start) : bytes.readBigUInt64LE(start)}`;
    return `${signed ? bytes.readIntLE(start, length) : bytes.readUIntLE(start, length)}`;
  });
}

function hex32(bytes: Buffer, start: number): string {
  return `0x${bytes.readUInt32LE(start).toString(16)}`;
}

function hex64(bytes: Buffer, start: number): string {
  return `0x${bytes.readBigUInt64LE(start).toString(16)}`;
}

function hexOf(bytes: Buffer, start: number, size: number): string {
  return bytes.toString('hex', start, start + size).toUpperCase();
}

function withoutEnd(text: string): string {
  return text.replace(/\0+$/, '');
}

/** The first three parts are little-endian, the others as they are. */
function guidText(bytes: Buffer, start: number): string {
  const part = (from: number, length: number) => bytes.readUIntLE(start + from, length).toString(16);
  const tail = bytes.toString('hex', start + 8, start + 16);
  const head = [part(0, 4).padStart(8, '0'), part(4, 2).padStart(4, '0'), part(6, 2).padStart(4, '0')];
  return `{${[...head, tail.slice(0, 4), tail.slice(4)].join('-')}}`;
}

/** Milliseconds since 1970 of a FILETIME. Undefined if no date can be made of it. */
export function fileTime(bytes: Buffer, start: number): number | undefined {
  const ticks = bytes.readBigUInt64LE(start);
  const ms = Number(ticks / 10_000n) - 11_644_473_600_000;
  return ticks === 0n || ms > 8.64e15 ? undefined : ms;
}

function timeText(at: number | undefined): string {
  return at === undefined ? '' : new Date(at).toISOString();
}

function systemTimeText(bytes: Buffer, start: number): string {
  const [year = 0, month = 0, , day = 0, hour = 0, minute = 0, second = 0, ms = 0] = Array.from(
    { length: 8 },
    (_, at) => bytes.readUInt16LE(start + 2 * at),
  );
  return year < 1601 || year > 9999 ? '' : timeText(Date.UTC(year, month - 1, day, hour, minute, second, ms));
}

function sidText(bytes: Buffer, start: number, size: number): string {
  const count = bytes[start + 1] ?? 0;
  if (size < 8 + 4 * count || count > 15) return '';
  const authority = bytes.readUIntBE(start + 2, 6);
  const parts = Array.from({ length: count }, (_, at) => bytes.readUInt32LE(start + 8 + 4 * at));
  return `S-${bytes[start]}-${[authority, ...parts].join('-')}`;
}
