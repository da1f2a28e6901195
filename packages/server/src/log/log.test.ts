import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openLog } from './log.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-log-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the log makes the data directory, and what is logged is in its file at once', () => {
  const dataDir = join(folder, 'new', 'data');
  const { log, close } = openLog({ dataDir, level: 'info', toStdout: false });
  log.info({ cookie: 'secret' }, 'hello');
  const [line = ''] = readFileSync(join(dataDir, 'logs', 'moult.log'), 'utf8').split('\n');
  close();
  assert.deepEqual([JSON.parse(line).msg, JSON.parse(line).cookie], ['hello', '[Redacted]']);
});

test('what a stranger sent is in it as marks, and is the same to a program', () => {
  const dataDir = join(folder, 'strange');
  const { log, close } = openLog({ dataDir, level: 'info', toStdout: false });
  const name = 'a\u202egpj.exe\u200b\u009b31m\u2028\u{e0041}';
  log.info({ name }, name);
  const text = readFileSync(join(dataDir, 'logs', 'moult.log'), 'utf8');
  close();
  assert.match(text, /^[\x20-\x7e]+\n$/);
  assert.deepEqual([JSON.parse(text).name, JSON.parse(text).msg], [name, name]);
});

test('a data directory that cannot be one is refused in words, whatever is in its way', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  mkdirSync(join(folder, 'odd', 'logs', 'moult.log'), { recursive: true });
  const refused = (dataDir: string, message: RegExp) =>
    assert.throws(() => openLog({ dataDir, level: 'info', toStdout: false }), { code: 'SERVER_DATA_DIR', message });
  refused(file, /there is a file of this name|a part of its path is a file/);
  refused(join(file, 'below'), /a part of its path is a file/);
  refused(join(folder, 'odd'), /logs\/moult\.log is a folder/);
});
