import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decodeXpress, encodeXpress } from '@moult/formats/xpress';
import { createAnswerEncoder } from './encode-answer.ts';

const unpack = (bytes: Uint8Array) => Buffer.from(decodeXpress(bytes, { maxBytes: 10_000_000 }, 'wusp')).toString();
const page = Array.from({ length: 20_000 }, (_, id) => `<UpdateInfo><ID>${id}</ID></UpdateInfo>`).join('');

it('answers that differ at their end only, or only at their beginning, are each what was said', async () => {
  const encoder = createAnswerEncoder();
  for (const text of [`${page}cookie one`, `${page}cookie two`, `one${page}`, `two${page}`, page]) {
    for (let time = 0; time < 2; time++) {
      const { bytes, encoding } = await encoder.encode([text], 'xpress');
      assert.equal(encoding, 'xpress');
      assert.ok(unpack(bytes) === text);
    }
  }
});

it('pieces are one text, whatever is in them', async () => {
  const encoder = createAnswerEncoder();
  const pieces = ['<a>', 'é', '', '\u{1f600}', page, '€</a>'];
  assert.ok(unpack((await encoder.encode(pieces, 'xpress')).bytes) === pieces.join(''));
  assert.equal(Buffer.from((await encoder.encode(pieces, undefined)).bytes).toString(), pieces.join(''));
});

it('an answer said again costs a fraction of the first time', async () => {
  let packed = 0;
  const packXpress: typeof encodeXpress = (block, variant) => {
    packed += block.length;
    return encodeXpress(block, variant);
  };
  const encoder = createAnswerEncoder({ packXpress });
  const bytesOf = async (text: string) => {
    packed = 0;
    await encoder.encode([text], 'xpress');
    return packed;
  };
  const large = page.repeat(20);
  assert.equal(await bytesOf(large), large.length);
  assert.ok((await bytesOf(large)) < 65_535, 'only its last block, which is short');
  // A cookie at the end.
  assert.ok((await bytesOf(`${large}cookie`)) < 65_535);
});

it('the budget bounds what is remembered, and what does not fit is packed all the same', async () => {
  const encoder = createAnswerEncoder({ budgetBytes: 20_000 });
  for (let turn = 0; turn < 3; turn++) {
    const { bytes } = await encoder.encode([page], 'xpress');
    assert.ok(unpack(bytes) === page);
  }
});

it('the coding is the one that the client takes', async () => {
  const encoder = createAnswerEncoder();
  const coding = async (accepted: string | undefined, text = page) => (await encoder.encode([text], accepted)).encoding;
  assert.equal(await coding('gzip, xpress'), 'xpress');
  assert.equal(await coding('gzip, xpress;q=0'), 'gzip');
  assert.equal(await coding('br'), undefined);
  assert.equal(await coding(undefined), undefined);
  assert.equal(await coding('xpress', 'short'), undefined);
  assert.equal(await coding('xpress, identity;q=0', 'short'), 'xpress');
  for (const [accepted, expected] of [
    ['xpress', 'xpress'],
    ['XPRESS ; Q=0.5', 'xpress'],
    ['gzip;q=1, xpress;q=0.1', 'gzip'],
    ['gzip;q=0.5, xpress;q=0.5', 'xpress'],
    ['identity, xpress;q=0.5', undefined],
    ['identity;q=0.1, gzip;q=0.2', 'gzip'],
    ['xpress;q=0.000', undefined],
    ['x-gzip', 'gzip'],
    ['gzip;q=0.001, *;q=0', 'gzip'],
    ['*', undefined],
    ['*;q=0', undefined],
    ['deflate, br', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(await coding(accepted), expected, accepted);
  }
});
