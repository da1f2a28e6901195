// A PE file made by hand: headers, one section, nothing that runs.

/** `plus` makes PE32+, `tail` bytes stand behind the section and make the length as odd as one likes. */
export function buildProgram({ plus, tail }: { plus: boolean; tail: number }): Uint8Array {
  const peAt = 0x80;
  const optionalBytes = (plus ? 112 : 96) + 16 * 8;
  const rawAt = 0x400;
  const rawBytes = 0x200;
  const bytes = new Uint8Array(rawAt + rawBytes + tail);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4d, 0x5a]);
  view.setUint32(0x3c, peAt, true);
  view.setUint32(peAt, 0x4550, true);
  view.setUint16(peAt + 4, plus ? 0x8664 : 0x14c, true);
  view.setUint16(peAt + 6, 1, true);
  view.setUint16(peAt + 20, optionalBytes, true);
  view.setUint16(peAt + 22, plus ? 0x22 : 0x102, true);
  const optionalAt = peAt + 24;
  view.setUint16(optionalAt, plus ? 0x20b : 0x10b, true);
  view.setUint32(optionalAt + 32, 0x1000, true);
  view.setUint32(optionalAt + 36, 0x200, true);
  view.setUint32(optionalAt + 56, 0x2000, true);
  view.setUint32(optionalAt + 60, rawAt, true);
  view.setUint16(optionalAt + 68, 3, true);
  view.setUint32(optionalAt + (plus ? 108 : 92), 16, true);
  const sectionAt = optionalAt + optionalBytes;
  bytes.set(new TextEncoder().encode('.text'), sectionAt);
  view.setUint32(sectionAt + 8, rawBytes, true);
  view.setUint32(sectionAt + 12, 0x1000, true);
  view.setUint32(sectionAt + 16, rawBytes, true);
  view.setUint32(sectionAt + 20, rawAt, true);
  for (let at = rawAt; at < bytes.length; at++) bytes[at] = (at * 31) & 0xff;
  return bytes;
}

/** Offset of the data directory entry that points at the signature. */
export function signatureDirectory(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const optionalAt = view.getUint32(0x3c, true) + 24;
  return optionalAt + (view.getUint16(optionalAt, true) === 0x20b ? 112 : 96) + 4 * 8;
}
