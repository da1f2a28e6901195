import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { identPurpose, isUpdatePurpose, releasePurpose, trustRootPurpose, updatePurpose } from './purpose.ts';

it('what is signed as an ident file, a release or a trust root is never an update', () => {
  const purposes = [identPurpose('iuident'), identPurpose('wuident'), releasePurpose('7.9.0.1'), trustRootPurpose];
  for (const purpose of purposes) {
    for (const alike of [
      purpose,
      purpose.toUpperCase(),
      ` ${purpose}`,
      purpose.replace(' ', '\u00a0'),
      `${purpose} x`,
    ]) {
      assert.ok(!isUpdatePurpose(alike), alike);
    }
  }
});

it('a title, whatever it says, makes an update and nothing else', () => {
  const title = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('iuident', 'wuident').map(identPurpose),
    fc.tuple(fc.nat(), fc.nat()).map(([major, minor]) => releasePurpose(`${major}.${minor}.0.0`)),
  );
  const others = /^Moult (iuident|wuident|agent [\d.]+)$/;
  fc.assert(
    fc.property(title, (text) => {
      const purpose = updatePurpose(text);
      assert.ok(isUpdatePurpose(purpose));
      assert.doesNotMatch(purpose, others);
    }),
  );
});

it('files that were signed without a description, or with a title of their own, stay updates', () => {
  for (const description of [undefined, '', 'Moult sample update', 'Contoso agent 9.9.9.9']) {
    assert.ok(isUpdatePurpose(description), description);
  }
  assert.equal(updatePurpose('Contoso 4.2'), 'Contoso 4.2');
});
