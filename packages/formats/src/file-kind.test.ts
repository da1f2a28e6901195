import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileKind } from './file-kind.ts';

const cabinet = Buffer.concat([Buffer.from('MSCF'), Buffer.alloc(32)]);
const versionTwo = Buffer.from(cabinet);
versionTwo[25] = 2;
const tar = Buffer.alloc(512);
tar.write('ustar', 257);

const rows: [string, Uint8Array, RegExp | undefined][] = [
  ['a ZIP archive', Buffer.from('PK\u0003\u0004rest'), /^a ZIP archive$/],
  ['an MSI', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /Windows Installer/],
  ['a cabinet of version 2', versionTwo, /^a cabinet of version 2\.0; only 1\.3 is known$/],
  ['a cabinet of InstallShield', Buffer.from('ISc(xxxx'), /InstallShield/],
  ['a page', Buffer.from('  <!DOCTYPE HTML>\n<html>'), /^an HTML page$/],
  ['an XML document', Buffer.from('\ufeff<?xml version="1.0"?><a/>'), /^an XML document$/],
  ['a tar archive', tar, /^a tar archive$/],
  ['a program', Buffer.from('MZ\u0090'), /Windows program/],
  ['nothing', new Uint8Array(), /^an empty file$/],
  ['text', Buffer.from('hello'), undefined],
  ['one byte', Buffer.from('M'), undefined],
];
for (const [what, head, expected] of rows) {
  test(`${what} is named`, () => {
    const kind = fileKind(head);
    if (expected) assert.match(kind ?? '', expected);
    else assert.equal(kind, undefined);
  });
}
