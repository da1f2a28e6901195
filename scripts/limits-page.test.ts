// docs/limits.md promises to list every bound. Here each row meets the source, and each bound of the source its row.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { boundsOf, variableOfBound } from '@moult/bounds';
import { keyOf, settingNames, settings } from '../packages/administration/src/config/settings.ts';
import { allBounds } from '../packages/cli/src/limits/all-bounds.ts';
import {
  type Constant,
  findConstants,
  findRows,
  findUnusedBounds,
  inUnits,
  isBound,
  isBoundName,
  type LimitRow,
  numberIn,
  pagePath,
  writeBoundRows,
} from './limits-page.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(pagePath, 'utf8');
const rows = findRows(page);
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

test('the page shows each declared bound as it is declared (node scripts/limits-page.ts)', () => {
  assert.equal(page, writeBoundRows(page));
});

test('each table that a package declares is among the settings of the command', () => {
  const sources = execFileSync(
    'git',
    ['grep', '-hoE', "declareBounds\\('[a-z-]+'", '--', 'packages/*/src/*.ts', ':!*.test.ts'],
    {
      ...{ cwd: root, encoding: 'utf8' },
    },
  );
  const declared = [...sources.matchAll(/'([a-z-]+)'/g)].map(([, topic = '']) => topic);
  const known = new Set(boundsOf(allBounds).map(({ name }) => name.split('.')[0] ?? ''));
  assert.ok(declared.length > 40);
  assert.deepEqual(
    declared.filter((topic) => !known.has(topic)),
    [],
  );
});

test('each declared bound has a name and a variable of its own, and says all that its row must say', () => {
  const bounds = boundsOf(allBounds);
  for (const names of [bounds.map(({ name }) => name), bounds.map(({ name }) => variableOfBound(name))]) {
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
  }
  for (const { name, what, client, administrator, range, fallback } of bounds) {
    assert.ok(what && client && administrator, name);
    assert.ok(range[0] < range[1], `${name} has a range`);
    assert.ok(range[0] <= fallback && fallback <= range[1], name);
  }
});

test('the source takes each declared bound from its table', () => {
  assert.deepEqual(findUnusedBounds(root), []);
});

test('no module keeps the value of a bound from before the program gave its limits', () => {
  // In a process of its own: others of this file have read some.
  const script = `
    import { boundsOf } from '@moult/bounds';
    import { allBounds } from './packages/cli/src/limits/all-bounds.ts';
    import { commands } from './packages/cli/src/commands/index.ts';
    for (const load of Object.values(commands)) await load();
    for (const program of ['sus', 'wsus']) await import('./packages/agent/src/' + program + '/client.ts').catch(() => {});
    console.log(JSON.stringify(boundsOf(allBounds).filter(({ isRead }) => isRead).map(({ name }) => name)));
  `;
  const out = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.deepEqual(JSON.parse(out), []);
});

test('each row says what the client gets and what the administrator sees', () => {
  for (const row of rows) {
    // A row of a constant has four cells: the last one is the reason.
    const isConstant = !row.setting.startsWith('--') && !isBoundName(row.setting);
    for (const cell of [row.what, row.value, row.client, isConstant || row.administrator]) {
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
    .filter(({ setting }) => !setting.startsWith('--') && !isBoundName(setting))
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
