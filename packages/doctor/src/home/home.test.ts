import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { machineAt } from '@moult/agent';
import { verifyTree } from '@moult/server/tree';
import { observeAgent } from '../client/agent-rungs.ts';
import { makeReport } from '../report/report.ts';
import { allCodes, failures, inFolder } from '../test/diagnose.ts';
import { collectContent, collectMissing, observeContent } from './content.ts';
import { collectSelf, observeSelf } from './self.ts';

const now = new Date(Date.UTC(2026, 5, 1));
const bytes = Buffer.from('an update');
const sha1 = createHash('sha1').update(bytes).digest('hex');
const path = `content/${sha1.slice(-2).toUpperCase()}/${sha1.toUpperCase()}.cab`;

describe('the content folder', () => {
  it('that is missing, altered or incomplete is one finding each', async () => {
    await inFolder({}, async (folder) => {
      assert.deepEqual(
        failures(makeReport('x', observeContent(await collectContent(join(folder, 'content'), () => {})))),
        ['DOCTOR_CONTENT_FOLDER'],
      );
    });
    await inFolder({ [path]: 'changed' }, async (folder) => {
      assert.deepEqual(
        failures(makeReport('x', observeContent(await collectContent(join(folder, 'content'), () => {})))),
        ['DOCTOR_CONTENT_ALTERED'],
      );
    });
    await inFolder({ [path]: bytes }, async (folder) => {
      const facts = await collectContent(join(folder, 'content'), () => {});
      assert.deepEqual(failures(makeReport('x', observeContent(facts))), []);
      const other = { sha1: 'ab'.repeat(20), fileName: 'other.cab' };
      await collectMissing(facts, {
        loadDeployments: async () => [{ updateId: 'u', action: 'Install' }] as never,
        findRevisions: async () => [{ revisionId: 1 }] as never,
        loadFilesOf: async () => [{ sha1, fileName: 'a.cab' }, other],
      });
      assert.deepEqual(facts.missing, [other]);
      assert.deepEqual(failures(makeReport('x', observeContent(facts))), ['DOCTOR_CONTENT_MISSING']);
    });
  });
});

describe('a data directory', () => {
  it('without a server says so, and that its lock is stale', () =>
    inFolder({ 'moult.lock': '{"pid":999999999,"startedAt":""}\n' }, async (folder) => {
      mkdirSync(join(folder, 'keys'));
      const report = makeReport('x', observeSelf(await collectSelf(folder, now, { verifyTree })));
      assert.equal(failures(report)[0], 'DOCTOR_SERVER_NOT_RUNNING');
      for (const code of ['DOCTOR_STALE_LOCK', 'DOCTOR_KEYS'] as const)
        assert.ok(allCodes(report).includes(code), code);
    }));

  it('names a database elsewhere that others can read', () =>
    inFolder({ 'elsewhere.sqlite': 'x' }, async (folder) => {
      chmodSync(join(folder, 'elsewhere.sqlite'), 0o644);
      const { open } = await collectSelf(folder, now, { verifyTree, database: join(folder, 'elsewhere.sqlite') });
      assert.ok(open.some(({ path }) => path === join(folder, 'elsewhere.sqlite')));
      assert.doesNotThrow(() => collectSelf(folder, now, { verifyTree, database: 'postgres://nobody@127.0.0.1/none' }));
    }));

  it('with a restore that was cut off says so', () =>
    inFolder({ 'restoring/journal.json': '{}' }, async (folder) => {
      const codes = allCodes(makeReport('x', observeSelf(await collectSelf(folder, now, { verifyTree }))));
      assert.ok(codes.includes('DOCTOR_RESTORE_UNFINISHED'));
    }));

  it('under a clock that went back or far ahead says so', () =>
    inFolder({ 'clock.json': JSON.stringify({ newest: now, ageing: now }) }, async (folder) => {
      const codesAt = async (at: Date) =>
        allCodes(makeReport('x', observeSelf(await collectSelf(folder, at, { verifyTree }))));
      for (const year of [1990, 2036, 2057])
        assert.ok((await codesAt(new Date(Date.UTC(year, 0)))).includes('DOCTOR_SERVER_CLOCK'), String(year));
      assert.ok(!(await codesAt(new Date(Date.UTC(2026, 11)))).includes('DOCTOR_SERVER_CLOCK'));
    }));

  it('with a key for everybody to read says so', () =>
    inFolder({ 'keys/operator-signing.key.pem': 'secret' }, async (folder) => {
      chmodSync(join(folder, 'keys/operator-signing.key.pem'), 0o644);
      assert.ok(
        allCodes(makeReport('x', observeSelf(await collectSelf(folder, now, { verifyTree })))).includes(
          'DOCTOR_KEY_PERMISSIONS',
        ),
      );
    }));
});

describe("an agent's folder", () => {
  it('whose version is damaged says so, and that nothing runs is unknown', () =>
    inFolder({}, (root) => {
      const { agentFolder, versionsFolder } = machineAt(root);
      mkdirSync(join(versionsFolder, '7.9.0.1'), { recursive: true });
      writeFileSync(
        join(agentFolder, 'current.json'),
        '{"version":"7.9.0.1","generation":"wsus","state":"committed","failed":[]}',
      );
      const report = makeReport('x', observeAgent(machineAt(root), 'pc'));
      assert.deepEqual(failures(report), ['DOCTOR_AGENT_VERSION_BROKEN']);
      assert.ok(allCodes(report).includes('DOCTOR_SERVICE_STOPPED'));
    }));
});
