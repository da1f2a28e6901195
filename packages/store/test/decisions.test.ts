// What the rules of administration ask about an update, and what an expired update loses, on both engines.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { allComputers } from '@moult/catalog';
import type { Rule } from '@moult/catalog/rules';
import { documentOf, idOf } from '../../administration/src/test/administration.ts';
import { importDocuments } from '../src/catalog/import.ts';
import { openStore } from '../src/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const author = { name: 'tester', at: new Date('2026-11-22T12:00:00Z') };
const expired = { attributes: 'ExplicitlyDeployable="true" PublicationState="Expired"' };
const file = `<upd:Files><upd:File Digest="${Buffer.alloc(20, 1).toString('base64')}" DigestAlgorithm="SHA1" FileName="a.cab" Size="7" /></upd:Files>`;

const supersedes = (id: string) =>
  `<upd:Relationships><upd:SupersededUpdates><upd:UpdateIdentity UpdateID="${id}" /></upd:SupersededUpdates></upd:Relationships>`;

function ruleCalled(name: string): Rule {
  return {
    ...{ ruleId: name, name, isEnabled: true },
    when: {
      ...{ classifications: [], products: [], severities: [], articles: [], cves: [], types: [], title: undefined },
      ...{ minAgeDays: undefined, maxAgeDays: undefined, neededBy: undefined, superseded: undefined },
    },
    effect: { action: 'hold', groupIds: [], delayDays: 0, deadline: undefined, acceptLicenses: [] },
  };
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`decisions on updates (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(() => postgres?.stop());

    it('an expired update loses them with its import, or at the start, and the facts about updates are the same', async () => {
      await using store = await openStore(postgres ? await postgres.createDatabase() : ':memory:', {
        now: () => author.at,
      });
      const deploy = (at: number) =>
        store.deploy(
          {
            ...{ updateId: idOf(at), groupId: allComputers, action: 'Install', deadline: undefined },
            administrator: 'anna',
          },
          author.at,
        );
      await importDocuments(
        store,
        [
          documentOf(idOf(0), 'Part', { attributes: '', rest: file }),
          documentOf(idOf(1), 'Bundle', { bundles: [idOf(0)] }),
          documentOf(idOf(2), 'Withdrawn'),
          documentOf(idOf(3), 'Left by a version of before', expired),
        ],
        author.at,
      );
      for (const at of [1, 2, 3]) await deploy(at);
      const [result] = await importDocuments(
        store,
        [documentOf(idOf(2), 'Withdrawn', { ...expired, revision: 2 })],
        author.at,
      );
      assert.deepEqual(result?.expired, { updateId: idOf(2), title: 'Withdrawn', decisions: 1 });
      const left = { updateId: idOf(3), title: 'Left by a version of before', decisions: 1 };
      assert.deepEqual(await store.takeOffExpired(author), [left]);
      assert.deepEqual(await store.takeOffExpired(author), []);
      assert.deepEqual((await store.loadDeclined()).sort(), [idOf(2), idOf(3)]);
      assert.deepEqual(
        (await store.loadDeployments()).map(({ updateId }) => updateId),
        [idOf(1)],
      );
      assert.deepEqual(await store.findBundlesOf(idOf(0)), [{ updateId: idOf(1), title: 'Bundle' }]);
      const ids = await store.findRevisionIds([{ updateId: idOf(0) as never, revisionNumber: 1 }]);
      assert.equal((await store.loadSummaries([...ids.values()])).size, 1);
      assert.deepEqual(await store.findMissingFiles([...ids.values()]), [
        { sha1: '01'.repeat(20), fileName: 'a.cab', sizeBytes: 7 },
      ]);
    });

    it('rules are kept in order, what they decide is told from what people decide, and evidence is counted', async () => {
      await using store = await openStore(postgres ? await postgres.createDatabase() : ':memory:', {
        now: () => author.at,
      });
      const later = { rest: supersedes(idOf(0)) };
      await importDocuments(
        store,
        [documentOf(idOf(0), 'Old KB5000001', { rest: file }), documentOf(idOf(1), 'New', later)],
        author.at,
      );
      for (const name of ['a', 'b', 'c']) await store.saveRule(ruleCalled(name), author);
      await store.moveRule('c', 1, author);
      await store.saveRule({ ...ruleCalled('a'), isEnabled: false }, author);
      await store.removeRule('b', author);
      const kept = (await store.listRules()).map(({ ruleId, isEnabled }) => [ruleId, isEnabled]);
      assert.deepEqual(kept, [
        ['c', true],
        ['a', false],
      ]);
      await assert.rejects(store.saveRule({ ...ruleCalled('x'), name: 'C' }, author), { code: 'SERVER_REFUSED' });
      await assert.rejects(store.removeRule('b', author), { code: 'SERVER_NOT_FOUND' });

      const [old, fresh] = await store.readRuleFacts(0, 10);
      assert.deepEqual([old?.isSuperseded, old?.articles, fresh?.isSuperseded], [true, ['5000001'], false]);
      assert.deepEqual(await store.readRuleFacts(fresh?.titleId ?? 0, 10), []);
      assert.equal(await store.countBytesOf([old?.revisionId ?? 0, old?.revisionId ?? 0]), 7);

      const rule = { ruleId: 'c', name: 'c' };
      const approval = {
        kind: 'approve',
        groupId: allComputers,
        action: 'Install',
        deadline: undefined,
        rule,
      } as const;
      const changes = [0, 1].map((at) => ({ ...approval, updateId: idOf(at) }));
      assert.deepEqual(await store.applyRuleChanges(changes, author), changes);
      assert.deepEqual(await store.applyRuleChanges(changes, author), []);
      const decision = { updateId: idOf(1), groupId: allComputers, action: 'Block', deadline: undefined } as const;
      await store.deploy({ ...decision, administrator: 'anna' }, author.at);
      assert.deepEqual(await store.applyRuleChanges(changes, author), [], 'a person decided');
      const decided = await store.loadDecided([idOf(0), idOf(1)]);
      assert.deepEqual(decided.get(idOf(0))?.deployments[0]?.by, 'rule:c');
      assert.deepEqual(decided.get(idOf(1))?.deployments[0]?.by, undefined);

      const computerId = '11111111-0000-4000-8000-000000000001';
      await store.registerComputer({
        ...{ computerId, dnsName: 'pc1', address: '192.0.2.7', agentVersion: '7.9.0.1', osVersion: '10.0.19045' },
        ...{ osDescription: '', architecture: 'x64', manufacturer: 'A', model: 'B', registration: {}, at: author.at },
      });
      const [evidence] = await store.loadEvidence(idOf(0), [idOf(1)]);
      assert.deepEqual([evidence?.state, evidence?.successors, evidence?.model], ['unknown', ['unknown'], 'B']);
      const gone = { kind: 'decline', updateId: idOf(0), rule, evidence: [computerId] } as const;
      assert.equal((await store.applyRuleChanges([gone], author)).length, 1);
      const [declined] = await store.listSupersededDeclines(new Date(0));
      assert.deepEqual([declined?.updateId, declined?.ruleId, declined?.evidence], [idOf(0), 'c', [computerId]]);
      const known = { at: author.at, known: [computerId] };
      assert.equal((await store.loadEvidence(idOf(0), [], known))[0]?.state, 'needed');
      assert.deepEqual(await store.loadEvidence(idOf(0), [], { at: new Date('2027-01-01'), known: [] }), []);
      const many = Array.from({ length: 70_000 }, (_, at) => `computer-${at}`);
      const among = (known: readonly string[]) =>
        store.loadEvidence(idOf(0), [], { at: new Date('2027-01-01'), known }).then((found) => found.length);
      assert.deepEqual([await among(many), await among([...many, `?${computerId}`])], [0, 1]);
      await store.setDeclined(idOf(0), false, author);
      assert.deepEqual(await store.applyRuleChanges([gone], author), [], 'a person ended the decline');

      await store.setTimeZone('All Computers', 'Europe/Berlin', author);
      const lab = await store.createGroup('Lab', undefined, author);
      await store.setTimeZone('Lab', 'Asia/Kolkata', author);
      await store.removeGroup(lab.groupId, author);
      assert.deepEqual([...(await store.loadTimeZones())], [[allComputers, 'Europe/Berlin']], 'gone with its group');
      assert.equal((await store.checkAudit()).isIntact, true);
    });

    it('many decisions at once: all or none, on record one by one, and as one by one would be', async () => {
      const databases = postgres
        ? [await postgres.createDatabase(), await postgres.createDatabase()]
        : [':memory:', ':memory:'];
      await using bulk = await openStore(databases[0] ?? '', { now: () => author.at });
      await using single = await openStore(databases[1] ?? '', { now: () => author.at });
      // More than one statement takes; PostgreSQL is slow with the single ones.
      const count = engine === 'sqlite' ? 205 : 20;
      const ids = Array.from({ length: count }, (_, at) => idOf(at));
      const wanted = ids.flatMap((updateId, at) => {
        const action = at % 3 === 0 ? ('Inherit' as const) : ('Install' as const);
        const deadline = at % 2 === 0 && action === 'Install' ? new Date('2027-01-01T00:00:00Z') : undefined;
        return [{ updateId, groupId: allComputers, action, deadline }];
      });
      for (const store of [bulk, single]) {
        await importDocuments(
          store,
          ids.map((id, at) => documentOf(id, `Update ${at}`)),
          author.at,
        );
        await store.deploy({ ...(wanted[0] ?? assert.fail()), action: 'Block', administrator: 'anna' }, author.at);
        await store.setDeclined(idOf(1), true, author);
        await store.setDeclined(idOf(3), true, author);
      }
      const heard: string[] = [];
      bulk.subscribe((topic) => heard.push(topic));
      await bulk.deployAll(wanted, author);
      for (const one of wanted) await single.deploy({ ...one, administrator: author.name }, author.at);
      assert.deepEqual(heard, ['deployments']);
      await bulk.setDeclinedAll(ids.slice(0, count - 3), true, author);
      for (const id of ids.slice(0, count - 3)) await single.setDeclined(id, true, author);
      const plain = async (store: typeof bulk) => ({
        deployments: (await store.loadDeploymentHistory())
          .map(({ deploymentId: _, changedAt: __, ...one }) => JSON.stringify(one))
          .sort(),
        declined: (await store.loadDeclined()).sort(),
        audit: (await store.listAudit({ limit: 10_000 }))
          .map(({ auditId: _, ...record }) => JSON.stringify(record))
          .sort(),
      });
      assert.deepEqual(await plain(bulk), await plain(single));
      assert.deepEqual((await bulk.checkAudit()).isIntact, true);
      const before = await plain(bulk);
      const wrong = { ...(wanted[0] ?? assert.fail()), updateId: idOf(99_999) };
      await assert.rejects(bulk.deployAll([...wanted, wrong], author));
      assert.deepEqual(await plain(bulk), before, 'none');
      // Clients are told by a number above the one that they know.
      const stamps = new Map((await bulk.loadDeploymentHistory()).map((one) => [one.deploymentId, one.changedAt]));
      await bulk.deployAll(wanted, author);
      for (const { deploymentId, changedAt } of await bulk.loadDeploymentHistory())
        assert.ok(changedAt > (stamps.get(deploymentId) ?? 0));
    });
  });
}
