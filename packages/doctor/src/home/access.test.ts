// What the user may not read is "not readable as this user", never "missing": who believes that keys are missing makes new
// ones, and every agent is stranded.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { verifyTree } from '@moult/server/tree';
import { openStore } from '@moult/store';
import { renderText } from '../report/text.ts';
import { allCodes, failures, inFolder } from '../test/diagnose.ts';
import { examineContent, examineSelf } from './examine.ts';

const isRoot = process.geteuid?.() === 0;

/** Does `work` as a user without rights: root becomes nobody, anybody else is one already where the mode is 0. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (!isRoot) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

const closed = isRoot ? 0o700 : 0o000;

async function inDataDir(use: (dataDir: string) => Promise<void>): Promise<void> {
  await inFolder({}, async (folder) => {
    chmodSync(folder, 0o755);
    const dataDir = join(folder, 'data');
    for (const part of ['', 'keys', 'content', 'content/AA', 'self-update'])
      mkdirSync(join(dataDir, part), { mode: 0o755 });
    chmodSync(dataDir, 0o755);
    const database = join(dataDir, 'moult.sqlite');
    await (await openStore(database, { now: () => new Date() })).close();
    for (const name of ['operator-ca', 'operator-signing'])
      for (const end of ['cer.pem', 'key.pem']) writeFileSync(join(dataDir, 'keys', `${name}.${end}`), 'x');
    await use(dataDir);
    for (const part of ['', 'keys', 'content', 'self-update']) chmodSync(join(dataDir, part), 0o755);
  });
}

const places = (dataDir: string) => ({
  dataDir,
  database: join(dataDir, 'moult.sqlite'),
  contentDir: join(dataDir, 'content'),
});
const words = (report: Parameters<typeof renderText>[0]) => renderText(report, { colour: false, width: 110 });

describe('what this user may not read', () => {
  it('a whole data directory is one such finding, and nothing in it is called missing or stopped', () =>
    inDataDir(async (dataDir) => {
      chmodSync(dataDir, closed);
      const report = await asNobody(() => examineSelf(places(dataDir), { verifyTree }));
      assert.deepEqual(failures(report), []);
      assert.deepEqual(allCodes(report), ['DOCTOR_NOT_READABLE']);
      assert.match(words(report), /is not readable as this user/);
      assert.match(words(report), /sudo -u moult/);
      assert.doesNotMatch(words(report), /is missing|not running|delete the folder|new CA/i);
    }));

  it('keys that are closed are not called missing', () =>
    inDataDir(async (dataDir) => {
      chmodSync(join(dataDir, 'keys'), closed);
      const report = await asNobody(() => examineSelf(places(dataDir), { verifyTree }));
      assert.ok(allCodes(report).includes('DOCTOR_NOT_READABLE'));
      assert.ok(!allCodes(report).includes('DOCTOR_KEYS'));
      assert.doesNotMatch(words(report), /install the agents again/);
    }));

  it('a content folder, or a part of it, is not called missing', () =>
    inDataDir(async (dataDir) => {
      chmodSync(join(dataDir, 'content'), closed);
      const report = await asNobody(() => examineContent(places(dataDir), () => {}));
      assert.deepEqual([failures(report), allCodes(report).includes('DOCTOR_NOT_READABLE')], [[], true]);
      assert.doesNotMatch(words(report), /not there|no such folder|wsusutil|NETWORK SERVICE/);
    }));

  it('a database that is closed is not called broken', () =>
    inDataDir(async (dataDir) => {
      chmodSync(join(dataDir, 'moult.sqlite'), isRoot ? 0o600 : 0o000);
      const report = await asNobody(() => examineSelf(places(dataDir), { verifyTree }));
      assert.ok(!allCodes(report).includes('DOCTOR_DATABASE'));
      assert.ok(allCodes(report).includes('DOCTOR_NOT_READABLE'));
    }));
});

it('a database that is no database is the finding, with steps for Moult alone', () =>
  inDataDir(async (dataDir) => {
    writeFileSync(join(dataDir, 'moult.sqlite'), 'this is no database at all, whatever its name says'.repeat(100));
    const report = await examineSelf(places(dataDir), { verifyTree });
    assert.ok(allCodes(report).includes('DOCTOR_DATABASE'), JSON.stringify(allCodes(report)));
    assert.doesNotMatch(words(report), /cscript|wsusutil|MSSQL|NETWORK SERVICE|IIS Manager/);
  }));
