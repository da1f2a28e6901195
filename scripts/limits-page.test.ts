// docs/limits.md promises to list every bound. Here each row meets the source, and each bound of the source its row.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keyOf, settingNames, settings } from '../packages/administration/src/config/settings.ts';
import { type Constant, findConstants, findRows, inUnits, isBound, type LimitRow, numberIn } from './limits-page.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const rows = findRows(readFileSync(join(root, 'docs', 'limits.md'), 'utf8'));
const constants = findConstants(root);
const limits = settingNames.filter((name) => settings[name].group === 'limits');

test('each setting of the group limits has one row', () => {
  const shown = rows.map(({ setting }) => setting).filter((setting) => setting.startsWith('--'));
  const missing = limits.map((name) => `--${keyOf(name)}`).filter((flag) => !shown.includes(flag));
  assert.deepEqual(missing, [], 'no row in docs/limits.md');
  assert.equal(new Set(shown).size, shown.length, 'two rows of one setting');
});

test('each row of a setting names a real setting and its default', () => {
  const byFlag = new Map(settingNames.map((name) => [`--${keyOf(name)}`, name]));
  for (const { setting, value } of rows.filter((row) => row.setting.startsWith('--'))) {
    const name = byFlag.get(setting);
    assert.ok(name, `docs/limits.md: there is no ${setting}`);
    const { fallback } = settings[name];
    const said = typeof fallback === 'number' ? inUnits(fallback, setting) : String(fallback);
    assert.equal(value, said, `docs/limits.md: the default of ${setting}`);
  }
});

test('each row says what the client gets and what the administrator sees', () => {
  for (const row of rows) {
    for (const cell of [row.what, row.setting, row.value, row.client, row.administrator]) {
      assert.notEqual(cell, '', `docs/limits.md: an empty cell in the row of ${row.setting}`);
    }
  }
});

/** The constants that a row may mean: by the end of the name, and of the path if there is one. */
function meantBy({ setting }: LimitRow): Constant[] {
  const [name = '', place = ''] = setting.split(' in ');
  const isIt = (one: Constant) => one.name === name || one.name.endsWith(`.${name}`);
  return constants.filter((one) => isIt(one) && one.file.endsWith(place));
}

test('each row of a constant names one constant of the source, and its value', () => {
  const wrong = rows
    .filter(({ setting }) => !setting.startsWith('--'))
    .flatMap((row) => {
      const [constant, ...others] = meantBy(row);
      if (!constant) return [`there is no constant ${row.setting}`];
      if (others.length > 0) return [`several constants are called ${row.setting}; say in which file`];
      if (numberIn(row.value, constant.name) === constant.value) return [];
      return [`${row.setting} is ${constant.value}, not ${row.value}`];
    });
  assert.deepEqual(wrong, [], 'docs/limits.md');
});

test('each bound in the source has a row', () => {
  const shown = new Set(rows.flatMap(meantBy));
  const missing = constants.filter((one) => isBound(one) && !shown.has(one));
  assert.deepEqual(
    missing.map(({ name, file, value }) => `${name} = ${value} in ${file}`),
    [],
    'no row in docs/limits.md',
  );
});
