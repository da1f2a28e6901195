import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AgentError } from '../errors.ts';
import { encodeRegistryText, parseRegistryText, type RegistryTree, type RegistryValue } from './registry-text.ts';

const exported = [
  'Windows Registry Editor Version 5.00',
  '',
  '; written by hand',
  '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Test]',
  '@="default"',
  '"Quote \\"and\\" \\\\ slash"="C:\\\\Program Files\\\\x"',
  '"Number"=dword:0000002a',
  '"Bytes"=hex:01,02,\\',
  '  ff',
  '"Expand"=hex(2):25,00,41,00,25,00,00,00',
  '"Many"=hex(7):61,00,00,00,62,00,00,00,00,00',
  '"Long"=hex(b):01,00,00,00,00,00,00,80',
  '"Gone"="x"',
  '"Gone"=-',
  '',
  '[HKLM\\SOFTWARE\\Removed\\Below]',
  '"a"="b"',
  '[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Removed]',
  '',
];
const expected: [string, RegistryValue][] = [
  ['', { type: 'REG_SZ', data: 'default' }],
  ['Quote "and" \\ slash', { type: 'REG_SZ', data: 'C:\\Program Files\\x' }],
  ['Number', { type: 'REG_DWORD', data: 42 }],
  ['Bytes', { type: 'REG_BINARY', data: new Uint8Array([1, 2, 255]) }],
  ['Expand', { type: 'REG_EXPAND_SZ', data: '%A%' }],
  ['Many', { type: 'REG_MULTI_SZ', data: ['a', 'b'] }],
  ['Long', { type: 'REG_QWORD', data: 0x8000000000000001n }],
];

function valuesOf(tree: RegistryTree): [string, RegistryValue][] {
  return [...(tree.get('hkey_local_machine\\software\\test')?.values.values() ?? [])].map(({ name, value }) => [
    name,
    value,
  ]);
}

describe('.reg text', () => {
  const text = exported.join('\r\n');
  const encodings: [string, Uint8Array][] = [
    ['UTF-16LE with mark, as Windows writes it', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16LE without mark', Buffer.from(text, 'utf16le')],
    ['UTF-8', Buffer.from(text, 'utf8')],
    ['UTF-8 with mark and bare line feeds', Buffer.from(`\ufeff${exported.join('\n')}`, 'utf8')],
  ];
  for (const [what, bytes] of encodings) {
    it(`is read in ${what}`, () => {
      const tree = parseRegistryText(bytes);
      assert.deepEqual(valuesOf(tree), expected);
      assert.deepEqual([...tree.keys()], ['hkey_local_machine\\software\\test']);
    });
  }

  it('is read in ANSI, as REGEDIT4 wrote it', () => {
    const tree = parseRegistryText(
      Buffer.from('REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Test]\r\n"N"="Grüße"\r\n', 'latin1'),
    );
    assert.deepEqual(valuesOf(tree), [['N', { type: 'REG_SZ', data: 'Grüße' }]]);
  });

  it('is written as Windows writes it', () => {
    const bytes = Buffer.from(encodeRegistryText(parseRegistryText(Buffer.from(text))));
    assert.deepEqual([...bytes.subarray(0, 2)], [0xff, 0xfe]);
    const lines = bytes.toString('utf16le').slice(1).split('\r\n');
    assert.equal(lines[0], 'Windows Registry Editor Version 5.00');
    assert.ok(lines.includes('"Number"=dword:0000002a'));
    assert.ok(lines.includes('"Quote \\"and\\" \\\\ slash"="C:\\\\Program Files\\\\x"'));
    assert.ok(lines.every((line) => line.length <= 80));
  });

  it('comes back as it was, whatever is in it', () => {
    const of = <T extends RegistryValue['type'], D>(type: T, data: fc.Arbitrary<D>) =>
      data.map((one) => ({ type, data: one }));
    const value: fc.Arbitrary<RegistryValue> = fc.oneof(
      of(
        'REG_SZ',
        fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0')),
      ),
      of('REG_DWORD', fc.nat(0xffffffff)),
      of('REG_QWORD', fc.bigInt(0n, 2n ** 64n - 1n)),
      of('REG_BINARY', fc.uint8Array({ maxLength: 200 })),
      of('REG_MULTI_SZ', fc.array(fc.stringMatching(/^[ -~]+$/))),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[ !#-[\]-~"\\]{1,20}$/), value), (entries) => {
        const values = new Map(
          Object.entries(entries).map(([name, one]) => [name.toLowerCase(), { name, value: one }]),
        );
        const path = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Test';
        const tree: RegistryTree = new Map([[path.toLowerCase(), { path, values }]]);
        assert.deepEqual(parseRegistryText(encodeRegistryText(tree)), tree);
      }),
    );
  });

  it('that is something else is refused with the line', () => {
    for (const [bad, line] of [
      ['not a registry file', 1],
      ['Windows Registry Editor Version 5.00\n[HKEY_LOCAL_MACHINE\\A\n', 2],
      ['Windows Registry Editor Version 5.00\n[HKEY_LOCAL_MACHINE\\A]\n"N"=dword:zz\n', 3],
    ] as const) {
      assert.throws(
        () => parseRegistryText(Buffer.from(bad)),
        (error) =>
          error instanceof AgentError &&
          error.code === 'AGENT_CONFIG_BAD_REGISTRY' &&
          error.message.includes(`line ${line}`),
      );
    }
  });
});
