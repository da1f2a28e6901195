import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../errors.ts';
import {
  applyInstructions,
  encodePolicyFile,
  type PolicyInstruction,
  parsePolicyFile,
  removal,
} from './policy-file.ts';
import type { RegistryTree, RegistryValue } from './registry-text.ts';

const dword = (data: number): RegistryValue => ({ type: 'REG_DWORD', data });
const text = (data: string): RegistryValue => ({ type: 'REG_SZ', data });

/** A character of the file, as the specification writes it. */
const utf16 = (characters: string) => Buffer.from(characters, 'utf16le').toString('hex');

describe('Registry.pol', () => {
  // MS-GPREG 4.1 in the form of 2.2.1, put together by hand.
  const system = `${utf16('Software\\Policies\\Microsoft\\Windows\\System')}0000`;
  const example = [
    '50526567 01000000',
    `5b00 ${system} 3b00 ${utf16('LocalProfile')}0000 3b00 04000000 3b00 04000000 3b00 01000000 5d00`,
    `5b00 ${system} 3b00 ${utf16('GroupPolicyMinTransferRate')}0000 3b00 04000000 3b00 04000000 3b00 00000000 5d00`,
  ]
    .join('')
    .replaceAll(' ', '');
  const key = 'Software\\Policies\\Microsoft\\Windows\\System';
  const instructions: PolicyInstruction[] = [
    { key, name: 'LocalProfile', value: dword(1) },
    { key, name: 'GroupPolicyMinTransferRate', value: dword(0) },
  ];

  it('is read and written as the example of MS-GPREG is', () => {
    assert.deepEqual(parsePolicyFile(Buffer.from(example, 'hex')), instructions);
    assert.equal(Buffer.from(encodePolicyFile(instructions)).toString('hex'), example);
  });

  it('has the closing NUL of its text in its data, and counts it', () => {
    const [file] = [encodePolicyFile([{ key: 'A', name: 'B', value: text('xy') }])];
    const record = `5b00 ${utf16('A')}0000 3b00 ${utf16('B')}0000 3b00 01000000 3b00 06000000 3b00 ${utf16('xy')}0000 5d00`;
    assert.equal(Buffer.from(file).toString('hex').slice(16), record.replaceAll(' ', ''));
  });

  it('comes back as it was, whatever is in it', () => {
    const words = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((one) => !one.includes('\0'));
    const value: fc.Arbitrary<RegistryValue> = fc.oneof(
      words.map(text),
      words.map((data): RegistryValue => ({ type: 'REG_EXPAND_SZ', data })),
      fc.nat(0xffffffff).map(dword),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((data): RegistryValue => ({ type: 'REG_QWORD', data })),
      fc.uint8Array({ maxLength: 40 }).map((data): RegistryValue => ({ type: 'REG_BINARY', data })),
      fc
        .array(
          words.filter((one) => one !== ''),
          { maxLength: 4 },
        )
        .map((data): RegistryValue => ({ type: 'REG_MULTI_SZ', data })),
      fc.uint8Array({ maxLength: 8 }).map((data): RegistryValue => ({ type: 'other', typeNumber: 5, data })),
    );
    const path = words.filter((one) => one !== '' && !/^hk/i.test(one));
    const file = fc.array(fc.record({ key: path, name: words, value }, { noNullPrototype: true }), { maxLength: 8 });
    fc.assert(
      fc.property(file, (all) => assert.deepEqual(parsePolicyFile(encodePolicyFile(all)), all)),
      {
        numRuns: 500,
      },
    );
  });

  it('that is no such file, or a damaged one, is refused at each byte', () => {
    const whole = Buffer.from(example, 'hex');
    const ends = [8, parsePolicyFile(whole) && encodePolicyFile(instructions.slice(0, 1)).length, whole.length];
    for (let length = 0; length < whole.length; length++) {
      const code = length < 8 ? 'FORMAT_BAD_HEADER' : 'FORMAT_TRUNCATED';
      if (ends.includes(length)) assert.doesNotThrow(() => parsePolicyFile(whole.subarray(0, length)));
      else assert.throws(() => parsePolicyFile(whole.subarray(0, length)), isFormat(code), `${length} bytes`);
    }
    const other = (at: number, byte: number) =>
      Buffer.concat([whole.subarray(0, at), Buffer.from([byte]), whole.subarray(at + 1)]);
    assert.throws(() => parsePolicyFile(other(4, 2)), isFormat('FORMAT_BAD_HEADER'));
    assert.throws(() => parsePolicyFile(other(8, 0x28)), isFormat('FORMAT_BAD_DATA'));
    const size = 8 + 2 + system.length / 2 + 2 + 2 * 'LocalProfile'.length + 2 + 2 + 4 + 2;
    assert.throws(() => parsePolicyFile(other(size + 2, 1)), isFormat('FORMAT_OVER_LIMIT'));
  });

  it('of anybody’s making is read or refused, and nothing else', () => {
    const header = fc.constantFrom(Buffer.alloc(0), Buffer.from('5052656701000000', 'hex'));
    const units = fc.array(fc.constantFrom(0x5b, 0x5d, 0x3b, 0, 4, 65, 0xffff), { maxLength: 60 });
    fc.assert(
      fc.property(header, units, (start, body) => {
        const bytes = Buffer.alloc(body.length * 2);
        for (const [at, one] of body.entries()) bytes.writeUInt16LE(one, at * 2);
        try {
          parsePolicyFile(Buffer.concat([start, bytes]));
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is not written with what it cannot hold', () => {
    const write = (key: string, name: string, value: RegistryValue) => () => encodePolicyFile([{ key, name, value }]);
    assert.throws(write('A', 'B', text('x'.repeat(32_768))), isFormat('FORMAT_OVER_LIMIT'));
    assert.throws(write('A', 'B'.repeat(260), dword(1)), isFormat('FORMAT_OVER_LIMIT'));
    assert.throws(write('HKLM\\A', 'B', dword(1)), isFormat('FORMAT_BAD_DATA'));
    assert.throws(write('A\0', 'B', dword(1)), isFormat('FORMAT_BAD_DATA'));
  });
});

describe('instructions are applied', () => {
  const run = 'Software\\Run';

  function after(instructions: PolicyInstruction[]): Record<string, unknown> {
    const tree: RegistryTree = new Map();
    for (const [key, name] of [
      [run, 'One'],
      [run, 'Two'],
      [run, 'Three'],
      [`${run}\\NoRun`, 'x'],
      [`${run}\\NoRun\\Deeper`, 'x'],
      [`${run}\\NoFind`, 'x'],
    ] as const)
      applyInstructions(tree, [{ key, name, value: dword(1) }]);
    applyInstructions(tree, instructions);
    return Object.fromEntries(
      [...tree.values()].map(({ path, values }) => [
        path.replace('HKEY_LOCAL_MACHINE\\Software\\', ''),
        [...values.values()].map(({ name, value }) =>
          value.type === 'REG_DWORD' && value.data === 1 ? name : [name, value],
        ),
      ]),
    );
  }
  const rest = { 'Run\\NoRun': ['x'], 'Run\\NoRun\\Deeper': ['x'], 'Run\\NoFind': ['x'] };

  // One of each row of the table in MS-GPREG 3.2.5.1.2, in any letter case.
  const cases: [string, PolicyInstruction[], Record<string, unknown>][] = [
    ['**DeleteValues', [{ key: run, name: '**DELETEVALUES', value: text('one; Three') }], { Run: ['Two'], ...rest }],
    ['**Del.', [removal(run, 'TWO')], { Run: ['One', 'Three'], ...rest }],
    ['**DelVals.', [{ key: run, name: '**DelVals.', value: text(' ') }], { Run: [], ...rest }],
    [
      '**DeleteKeys',
      [{ key: run, name: '**DeleteKeys', value: text('NORUN;None') }],
      { Run: ['One', 'Two', 'Three'], 'Run\\NoFind': ['x'] },
    ],
    ['**SecureKey', [{ key: run, name: '**SecureKey', value: dword(1) }], { Run: ['One', 'Two', 'Three'], ...rest }],
    [
      '**soft.',
      [
        { key: run, name: '**soft.One', value: dword(7) },
        { key: run, name: '**Soft.Four', value: dword(1) },
      ],
      { Run: ['One', 'Two', 'Three', 'Four'], ...rest },
    ],
  ];
  for (const [what, instructions, expected] of cases) it(what, () => assert.deepEqual(after(instructions), expected));

  it('in their order: the last one counts', () => {
    const one = { key: run, name: 'One', value: dword(1) };
    assert.deepEqual(after([removal(run, 'One'), one]).Run, ['Two', 'Three', 'One']);
    assert.deepEqual(after([one, removal(run, 'One')]).Run, ['Two', 'Three']);
  });
});

function isFormat(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FormatError && error.code === code;
}
