// The version of a Windows program, read from the file itself: VS_FIXEDFILEINFO in its resources, without asking
// Windows.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { openOutside } from '@moult/disk';
import { factBounds } from '../bounds.ts';

/** `1.2.3.4`. Null if the file is not a program or has no version. */
export function fileVersion(path: string): string | null {
  const file = openOutside(path);
  try {
    const section = resourceSection(file);
    return section ? versionIn(read(file, section.offset, section.size)) : null;
  } finally {
    closeSync(file);
  }
}

/** The place of `.rsrc` in the file, by the section table behind the PE header. */
function resourceSection(file: number): { offset: number; size: number } | undefined {
  const dos = read(file, 0, 64);
  if (dos.length < 64 || dos.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const pe = dos.readUInt32LE(60);
  const head = read(file, pe, 24);
  if (head.length < 24 || head.toString('latin1', 0, 4) !== 'PE\0\0') return undefined;
  const sections = read(file, pe + 24 + head.readUInt16LE(20), head.readUInt16LE(6) * 40);
  for (let at = 0; at + 40 <= sections.length; at += 40) {
    if (sections.toString('latin1', at, at + 8).replace(/\0+$/, '') !== '.rsrc') continue;
    const size = Math.min(sections.readUInt32LE(at + 16), factBounds.maxResourceBytes);
    return { offset: sections.readUInt32LE(at + 20), size };
  }
  return undefined;
}

function versionIn(resources: Buffer): string | null {
  // Signature of VS_FIXEDFILEINFO, then the version of the structure, then the file's version as two words.
  const at = resources.indexOf(Buffer.from([0xbd, 0x04, 0xef, 0xfe]));
  if (at < 0 || at + 16 > resources.length) return null;
  const [minor, major, revision, build] = [8, 10, 12, 14].map((offset) => resources.readUInt16LE(at + offset));
  return `${major}.${minor}.${build}.${revision}`;
}

function read(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, Math.min(length, fstatSync(file).size - offset)));
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
}
