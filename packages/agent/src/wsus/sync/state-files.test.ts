// An older version of the agent is the agent again when a newer one fails: it reads what the newer one wrote.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { machineRoot } from '../../machine/machine-root.ts';
import { readSessionState, type SessionState } from './session-state.ts';
import { UpdateCache } from './update-cache.ts';

const scratch = mkdtempSync(join(tmpdir(), 'moult-state-files-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const root = machineRoot(scratch);
mkdirSync(root.dataStoreFolder, { recursive: true });

const anything = fc.jsonValue({ maxDepth: 3 });
const invented = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }).map((name) => `new-${name}`),
  anything,
  { maxKeys: 3, noNullPrototype: true },
);

const state: SessionState = {
  server: 'http://wsus.example.test',
  clientId: 'a1',
  targetGroup: 'Pilot',
  config: {
    lastChange: '2026-11-01T00:00:00Z',
    isRegistrationRequired: true,
    authPath: '/auth.asmx',
    maxExtendedUpdates: 50,
  },
  cookie: { expiration: '2026-12-01T00:00:00Z', encryptedData: 'AAEC' },
  registered: 'abc',
};

describe('session.json', () => {
  it('is read as it was written, with whatever a newer version has added', () => {
    fc.assert(
      fc.property(invented, invented, (top, inConfig) => {
        const written = { ...top, ...state, config: { ...inConfig, ...state.config } };
        assert.deepEqual(readSessionState(JSON.stringify(written)), state);
      }),
    );
  });

  it('never holds a part of another type, whatever a newer version has put there', () => {
    const parts = ['config', 'cookie', 'registered', 'targetGroup'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...parts), anything, (part, value) => {
        const read = readSessionState(JSON.stringify({ ...state, [part]: value }));
        assert.equal(typeof (read?.config?.authPath ?? ''), 'string');
        assert.equal(typeof (read?.cookie?.encryptedData ?? ''), 'string');
        assert.equal(typeof (read?.registered ?? ''), 'string');
        assert.ok(read?.cookie === undefined || !Number.isNaN(Date.parse(read.cookie.expiration)));
      }),
      { numRuns: 1000 },
    );
  });

  it('is forgotten, and no error, when it is no state at all', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          anything.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const read = readSessionState(text);
          assert.ok(read === undefined || typeof read.server === 'string');
        },
      ),
    );
  });
});

describe('updates.json', () => {
  const file = join(root.dataStoreFolder, 'updates.json');
  const xml =
    '<UpdateIdentity UpdateID="11111111-2222-4333-8444-555555555555" RevisionNumber="1" /><Properties UpdateType="Software" />';
  const good = { revisionId: 7, isLeaf: true, xml };

  it('keeps what it knows and leaves out what a newer version wrote in another way', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 3 }), invented, (others, more) => {
        const odd = others.filter((one) => !(typeof one === 'object' && one !== null && 'xml' in one));
        writeFileSync(file, JSON.stringify({ ...more, server: 's', revisions: [...odd, { ...more, ...good }] }));
        const cache = new UpdateCache(root, 's');
        assert.deepEqual(
          cache.all().map(({ revisionId }) => revisionId),
          [7],
        );
        cache.save();
        assert.equal(new UpdateCache(root, 's').get(7)?.xml, xml);
      }),
      { numRuns: 200 },
    );
  });

  it('leaves out a deployment whose action or deadline is of another type', () => {
    for (const deployment of [
      5,
      {},
      { action: 3 },
      { action: 'Install', deadline: {} },
      { action: 'Install', deadline: 'x' },
    ]) {
      writeFileSync(file, JSON.stringify({ server: 's', revisions: [{ ...good, deployment }] }));
      assert.deepEqual(new UpdateCache(root, 's').all(), [], JSON.stringify(deployment));
    }
  });
});
