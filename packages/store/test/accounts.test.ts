// Accounts, sessions and tokens: the same on both engines, and in a backup only as far as a restore may bring them back.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { openStore, type Store } from '../src/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const author = { name: 'tester', at: new Date('2026-12-01T12:00:00Z') };
const later = (ms: number) => new Date(author.at.getTime() + ms);
const hash = (letter: string) => letter.repeat(64);

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`accounts (${engine})`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-accounts-'));
    let postgres: TestPostgres | undefined;
    let store: Store;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await store.close();
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(async () => {
      await store?.close();
      store = await openStore((await postgres?.createDatabase()) ?? ':memory:', { now: () => author.at });
    });
    const make = (name: string, password: string | undefined = 'hash') =>
      store.createAccount({ name, role: 'approver', password }, author);

    it('names are unique letter case aside, also for two who make one at the same moment', async () => {
      const results = await Promise.allSettled(['Anna', 'anna', 'ANNA'].map((name) => make(name)));
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const one of results) if (one.status === 'rejected') assert.equal(one.reason.code, 'SERVER_REFUSED');
      assert.equal((await store.listAccounts()).length, 1);
      assert.equal((await store.findAccount(' ANNA '))?.role, 'approver');
    });

    it('a change is on record with before and after and never with the password, and ends the sessions', async () => {
      const { accountId } = await make('anna', 'secret-hash');
      await store.openSession(
        { secretHash: hash('a'), accountId, address: '192.0.2.1', userAgent: '' },
        { author, most: 5 },
      );
      const changed = await store.changeAccount(accountId, { role: 'auditor', password: 'other-hash' }, author);
      assert.deepEqual([changed.role, changed.hasPassword], ['auditor', true]);
      assert.equal(await store.loadPasswordHash(accountId), 'other-hash');
      assert.equal(await store.findSession(hash('a')), undefined);
      const records = await store.listAudit({ limit: 10, subject: accountId });
      assert.deepEqual(
        records.map(({ action }) => action),
        ['change password of account', 'log on', 'create account'],
      );
      assert.deepEqual(records[0]?.before, { name: 'anna', role: 'approver', isDisabled: false, hasPassword: true });
      assert.ok(!JSON.stringify(records).includes('-hash'));
      assert.ok((await store.checkAudit()).isIntact);
      const listed = await store.pageAudit({ actor: 'tester' }, { limit: 1 });
      assert.equal(listed.items[0]?.subjectName, 'anna');
    });

    it('a person of an issuer has one account, found by issuer and subject, and gone with it', async () => {
      const identity = { issuer: 'https://login.example.com', subject: 'Anna' };
      const person = { name: 'anna', role: 'approver' as const, password: undefined, identity };
      const { accountId } = await store.createAccount(person, author);
      await assert.rejects(store.createAccount({ ...person, name: 'another' }, author));
      assert.equal(await store.findAccount('another'), undefined, 'all or nothing');
      assert.equal(await store.findIdentity(identity.issuer, 'Anna'), accountId);
      assert.equal(await store.findIdentity(identity.issuer, 'anna'), undefined);
      assert.equal(await store.findIdentity('https://other.example.com', 'Anna'), undefined);
      assert.deepEqual([...(await store.listIdentities([accountId]))], [[accountId, identity.issuer]]);
      await store.removeAccount(accountId, author);
      assert.equal(await store.findIdentity(identity.issuer, 'Anna'), undefined);
    });

    it('an actor is found by name, and by the name before what it came with', async () => {
      const { accountId } = await make('anna');
      for (const name of ['anna (192.0.2.1)', 'Anna (token x, 192.0.2.1)', 'anna_b (192.0.2.1)', 'annab'])
        await store.changeAccount(accountId, { isDisabled: false }, { ...author, name });
      assert.equal((await store.pageAudit({ actor: 'anna' }, { limit: 9 })).total, 2);
      assert.equal((await store.pageAudit({ actor: 'anna (192.0.2.1)' }, { limit: 9 })).total, 1);
    });

    const ask = (ms: number, operation = 'approveUpdates') =>
      store.askForChange(
        { operation, input: { body: 1 }, target: '"x"', accountId: 'a', expiresAt: later(ms + 1000) },
        { author: { ...author, at: later(ms) }, most: 300 },
      );

    it('changes that wait are found by the beginning of their id, and in one order at one time', async () => {
      const asked = [];
      for (let number = 0; number < 9; number++) asked.push(await ask(number < 5 ? 0 : 7, `of${number % 2}`));
      const ids = asked.map(({ requestId }) => requestId);
      const expected = [...ids.slice(5).sort(), ...ids.slice(0, 5).sort()];
      const listed = async (filter = {}) =>
        (await store.listRequests({ limit: 100, ...filter })).map(({ requestId }) => requestId);
      assert.deepEqual(await listed(), expected);
      assert.deepEqual(await listed({ waitingAt: later(1001), limit: 2 }), expected.slice(0, 2));
      assert.equal((await listed({ operation: 'of1', accountId: 'a' })).length, 4);
      assert.deepEqual(await listed({ accountId: 'b' }), []);
      const [first = ''] = ids;
      assert.deepEqual(await store.findRequests(first), [asked[0]]);
      assert.deepEqual(await store.findRequests(first.slice(0, 18)), [asked[0]]);
      for (const text of ['%', '_', '', `${first}0`, "'", 'ä'])
        assert.deepEqual(await store.findRequests(text), [], text);
    });

    it('a change that waits is decided on once, and one that was cut off is told so until its real end', async () => {
      const { requestId } = await ask(0);
      const decide = (to: 'confirmed' | 'refused') => store.decideRequest(requestId, to, { ...author, at: later(9) });
      const decided = await Promise.all([decide('confirmed'), decide('confirmed'), decide('confirmed')]);
      assert.equal(decided.filter((one) => one !== undefined).length, 1);
      const state = async () => (await store.findRequests(requestId))[0]?.state;
      assert.equal(await store.noteCutOffRequests(later(9), author), 0, 'confirmed by this server');
      assert.equal(await store.noteCutOffRequests(later(10), author), 1);
      assert.deepEqual([await store.noteCutOffRequests(later(10), author), await state()], [0, 'cut-off']);
      assert.equal(await decide('refused'), undefined);
      const [found] = await store.listAudit({ limit: 1 });
      assert.deepEqual([found?.action, found?.subject], ['find change cut off', requestId]);
      await store.endRequest(requestId, { state: 'done' }, author);
      await store.endRequest(requestId, { state: 'failed', outcome: 'late' }, author);
      assert.equal(await state(), 'done');
      const { requestId: expired } = await ask(0);
      assert.equal(await store.decideRequest(expired, 'confirmed', { ...author, at: later(1000) }), undefined);
    });

    it('sessions: the newest of an account stay, ended ones go, and use is noted forward only', async () => {
      const { accountId } = await make('anna');
      const open = (letter: string, ms: number) =>
        store.openSession(
          { secretHash: hash(letter), accountId, address: '192.0.2.1', userAgent: 'x' },
          { author: { ...author, at: later(ms) }, most: 2 },
        );
      const first = await open('a', 0);
      await open('b', 1);
      await store.noteSessionUse(first.sessionId, later(5));
      await store.noteSessionUse(first.sessionId, later(3));
      assert.deepEqual((await store.findSession(hash('a')))?.session.usedAt, later(5));
      await open('c', 6);
      assert.equal(await store.findSession(hash('b')), undefined, 'used longest ago');
      assert.ok(await store.findSession(hash('a')));
      assert.equal((await store.listSessions()).length, 2);
      assert.deepEqual(
        await Promise.all([1, 2].map(() => store.endSession(first.sessionId, author))).then((all) => all.sort()),
        [false, true],
      );
      const [openedAt, usedAt] = [later(0), later(0)];
      await open('d', 9);
      assert.equal(await store.removeEndedSessions({ openedAt, usedAt, notAfter: later(9) }), 0);
      assert.equal(await store.removeEndedSessions({ openedAt, usedAt, notAfter: later(8) }), 1, 'of a clock ahead');
      assert.equal(await store.removeEndedSessions({ openedAt: later(6), usedAt: later(7), notAfter: later(9) }), 1);
      assert.deepEqual((await store.findAccount('anna'))?.loggedOnAt, later(9));
    });

    it('tokens: found by their digest, revoked once, gone with their account', async () => {
      const { accountId } = await make('anna', undefined);
      const wish = {
        secretHash: hash('t'),
        accountId,
        name: 'nightly',
        role: 'reporter',
        expiresAt: later(9),
      } as const;
      const { tokenId } = await store.createToken(wish, author);
      await assert.rejects(store.createToken({ ...wish, name: 'again' }, author));
      await store.noteTokenUse(tokenId, later(2));
      const found = await store.findToken(hash('t'));
      assert.deepEqual([found?.token.name, found?.token.usedAt, found?.account.name], ['nightly', later(2), 'anna']);
      assert.equal(await store.findToken(hash('u')), undefined);
      for (const at of [later(3), later(4)]) await store.revokeToken(tokenId, { ...author, at });
      assert.deepEqual((await store.findToken(hash('t')))?.token.revokedAt, later(3));
      const records = await store.listAudit({ limit: 10, subject: tokenId });
      assert.deepEqual(
        records.map(({ action }) => action),
        ['revoke token', 'create token'],
      );
      assert.ok(!JSON.stringify(records).includes(hash('t')));
      await assert.rejects(store.revokeToken('nothing', author), { code: 'SERVER_NOT_FOUND' });
      await store.removeAccount(accountId, author);
      assert.deepEqual([await store.findToken(hash('t')), await store.listTokens()], [undefined, []]);
      await assert.rejects(store.removeAccount(accountId, author), { code: 'SERVER_NOT_FOUND' });
    });

    it('the set-up link makes one account, whoever comes at the same moment', async () => {
      await store.saveSetUpLink(hash('s'), later(1000));
      assert.equal(await store.isSetUpLink(hash('x'), author.at), false);
      assert.equal(await store.isSetUpLink(hash('s'), later(1000)), false);
      assert.equal(await store.isSetUpLink(hash('s'), later(-10 * 365 * 86_400_000)), false, 'of a clock ahead');
      const first = (name: string) => store.createFirstAccount(hash('s'), { name, password: 'hash' }, author);
      const results = await Promise.allSettled([first('one'), first('two')]);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.deepEqual(
        (await store.listAccounts()).map(({ role }) => role),
        ['administrator'],
      );
      await store.saveSetUpLink(hash('s'), later(1000));
      await assert.rejects(first('three'), { code: 'SERVER_REFUSED' });
    });

    it('an answer is claimed once, kept, and gone with its time', async () => {
      const claims = await Promise.all(
        [1, 2].map(() => store.claimAnswer({ keyHash: 'key', requestHash: 'request' }, { at: author.at, most: 9 })),
      );
      assert.equal(claims.filter((claim) => claim === undefined).length, 1);
      assert.equal(claims.find((claim) => claim !== undefined)?.answer, undefined);
      await store.keepAnswer('key', { status: 201, body: '{}' });
      assert.deepEqual(
        (await store.claimAnswer({ keyHash: 'key', requestHash: 'other' }, { at: author.at, most: 9 }))?.answer,
        { status: 201, body: '{}' },
      );
      await store.claimAnswer({ keyHash: 'free', requestHash: 'request' }, { at: author.at, most: 9 });
      await store.keepAnswer('free', undefined);
      assert.equal(
        await store.claimAnswer({ keyHash: 'free', requestHash: 'request' }, { at: author.at, most: 9 }),
        undefined,
      );
      assert.equal(await store.removeOldAnswers(later(-1), later(0)), 0);
      assert.equal(await store.removeOldAnswers(later(1), later(9)), 2);
      for (let count = 1; count <= 20; count++)
        await store.claimAnswer({ keyHash: `k${count}`, requestHash: 'r' }, { at: later(count), most: 5 });
      const again = (keyHash: string) => store.claimAnswer({ keyHash, requestHash: 'r' }, { at: later(21), most: 99 });
      assert.ok((await again('k20')) && (await again('k16')), 'the newest five are there');
      assert.equal(await again('k15'), undefined);
      assert.equal(await store.removeOldAnswers(later(0), later(19)), 2, 'of a clock ahead');
    });
  });
}
