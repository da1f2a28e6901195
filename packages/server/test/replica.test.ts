// Replicas: Moult below Moult below Moult has the groups and decisions of the server at the top, and nothing else.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { simulatedUpdate } from '@moult/simulator';
import { loadConfig } from '../../administration/src/config/index.ts';
import { shadowWsus } from '../../administration/src/shadow/index.ts';
import { withSession } from '../../administration/src/synchronisation/one-session.ts';
import { runSync } from '../../administration/src/synchronisation/run-sync.ts';
import {
  author,
  chooseProducts,
  type Lab,
  openLab,
  partsOf,
} from '../../administration/src/synchronisation/test/upstream.ts';
import type { RevisionId } from '../../catalog/src/index.ts';
import { openLiveCatalog } from '../../store/src/catalog/index.ts';
import { allComputers, openStore, type Store } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { startTestServer } from './test-server.ts';

const from = new Date('2026-10-01T00:00:00Z');
const now = () => new Date();
const seen = () => new Promise((resolve) => setTimeout(resolve, 150));
const idOf = (number: number) => simulatedUpdate(number, { products: 2, changedAt: from }).updateId;

async function openServer(database?: string) {
  const server = await startTestServer({ config: { firstCatalog: 'empty', ...(database && { database }) } });
  const store = await openStore(server.database, { now });
  const stop = async () => {
    await store.close();
    await server.stop();
  };
  return { server, store, url: server.url, stop, [Symbol.asyncDispose]: stop };
}

const computerOf = (number: number) => `33333333-3333-4333-8333-${String(number).padStart(12, '0')}`;

/** Hands everything on to a server, and keeps the names of the calls. A path without a call counts as itself. */
async function openRecorder(target: string) {
  const calls: string[] = [];
  const recorder = createServer((request, response) => {
    calls.push(/\/(\w+)"?$/.exec(String(request.headers.soapaction ?? ''))?.[1] ?? String(request.url));
    const { method, headers } = request;
    const onward = httpRequest(new URL(request.url ?? '/', target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
  const { port } = recorder.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => recorder.close(() => resolve()).closeAllConnections());
  return { url: `http://127.0.0.1:${port}`, calls, [Symbol.asyncDispose]: close };
}

/** Everything that a downstream server could change. */
async function stateOf({ store, server }: Awaited<ReturnType<typeof openServer>>) {
  const files = readdirSync(server.dataDir, { recursive: true })
    .map(String)
    .filter((name) => !/\.sqlite|\.log|lock/.test(name));
  return {
    ...{ files, decisions: await decisionsOf(store), generations: await store.loadGenerations() },
    audit: (await store.pageAudit({}, { limit: 1 })).items[0]?.auditId,
    downstream: await store.countDownstream(),
  };
}

/**
 * What 50 clients are sent until they know everything: update, revision, action, deadline. Each is in other groups, and has other
 * categories and detectoids installed. Servers give other numbers to the same revision, so none is in the lists.
 */
async function offersTo50(store: Store): Promise<string[][]> {
  const catalog = await openLiveCatalog(store, { unapproved: 'report' });
  const groups = catalog.groups.filter(({ name }) => name.startsWith('Canned')).sort(byName);
  return Array.from({ length: 50 }, (_, client) => {
    const groupIds = groups.filter((_, at) => ((client >> at) & 1) === 1).map(({ groupId }) => groupId);
    const offer = catalog.decide({ groupIds, facts: { computerId: computerOf(client) } }, now());
    const installedNonLeaf: RevisionId[] = [];
    const otherCached: RevisionId[] = [];
    const lines: string[] = [];
    for (;;) {
      const lists = { installedNonLeaf, otherCached, filterCategoryIds: [], needTwoGroupOutOfScope: false };
      const { newRevisions } = offer.sync({ ...lists, maxNew: 1000 });
      if (newRevisions.length === 0) return lines.sort();
      for (const { revisionId, isLeaf, deployment } of newRevisions) {
        const { updateId = '', revisionNumber } = catalog.index.get(revisionId)?.summary.identity ?? {};
        const hasIt = !isLeaf && (Number.parseInt(updateId.slice(-2), 16) + client) % 7 > 0;
        (hasIt ? installedNonLeaf : otherCached).push(revisionId);
        lines.push(`${updateId} ${revisionNumber} ${deployment.action} ${deployment.deadline ?? ''}`);
      }
    }
  });
}

function byName(one: { name: string }, other: { name: string }): number {
  return one.name < other.name ? -1 : 1;
}

function administrationOf({ store, server }: Awaited<ReturnType<typeof openServer>>) {
  const { config } = loadConfig({ flags: { dataDir: server.dataDir }, environment: {} });
  return { store, server: { config }, author: { ...author, at: now() } } as Parameters<typeof shadowWsus>[0];
}

/** What computers are offered by: groups by path, decisions by group path, declined updates, license terms. */
async function decisionsOf(store: Store) {
  const groups = await store.loadGroups();
  const byId = new Map(groups.map((group) => [group.groupId, group]));
  const pathOf = (id: string | undefined): string => {
    const group = id === undefined ? undefined : byId.get(id);
    return group ? `${pathOf(group.parentId)}/${group.name}` : '';
  };
  const deployments = await store.loadDeployments();
  return {
    groups: groups.map(({ groupId }) => pathOf(groupId)).sort(),
    decisions: deployments
      .map(
        ({ updateId, groupId, action, deadline }) =>
          `${updateId} ${pathOf(groupId)} ${action} ${deadline?.toISOString()}`,
      )
      .sort(),
    declined: [...(await store.loadDeclined())].sort(),
    terms: await store.listAcceptedTerms(),
  };
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`a replica below a replica (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let top: Awaited<ReturnType<typeof openServer>>;
    let middle: Awaited<ReturnType<typeof openServer>>;
    let leaf: Store;
    let lab: Lab;
    const sync = (store: Store, upstream: string) => runSync(partsOf(store, upstream, now));
    const syncAll = async () => {
      await seen();
      const first = await sync(middle.store, top.url);
      await seen();
      return [first, await sync(leaf, middle.url)] as const;
    };
    const decide = (
      store: Store,
      updateId: string,
      groupId: string,
      action: 'Install' | 'OptionalInstall' | 'Block' | 'Inherit',
    ) => store.deploy({ updateId, groupId, action, deadline: undefined, administrator: 'anna' }, new Date());

    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      top = await openServer(await postgres?.createDatabase());
      middle = await openServer(await postgres?.createDatabase());
      leaf = await openStore((await postgres?.createDatabase()) ?? ':memory:', { now });
      lab = await openLab({ updates: 30, products: 2 });
      await sync(top.store, lab.url);
      await chooseProducts(top.store, 2);
      await sync(top.store, lab.url);
    });
    after(async () => {
      await leaf?.close();
      await middle?.stop();
      await top?.stop();
      await lab?.[Symbol.asyncDispose]();
      await postgres?.stop();
    });

    it('has the groups, approvals, declined updates and license terms of the top, in place of its own', async () => {
      const pilots = await top.store.createGroup('Pilots', undefined, author);
      const inner = await top.store.createGroup('Inner', pilots.groupId, author);
      await decide(top.store, idOf(1), inner.groupId, 'OptionalInstall');
      await decide(top.store, idOf(2), pilots.groupId, 'Install');
      await decide(top.store, idOf(3), allComputers, 'Block');
      await top.store.setDeclined(idOf(4), true, author);
      await top.store.saveSetting('license-accepted:0fa1201d-4330-4fa8-8ae9-b877473b6441', 'anna');
      // The server below was autonomous until now.
      const own = await middle.store.createGroup('Own', undefined, author);
      const same = await middle.store.createGroup('pilots', undefined, author);
      await sync(middle.store, top.url);
      await chooseProducts(middle.store, 2);
      await seen();
      await sync(middle.store, top.url);
      await decide(middle.store, idOf(5), own.groupId, 'Install');
      await decide(middle.store, idOf(2), same.groupId, 'Block');
      await middle.store.setDeclined(idOf(6), true, author);
      for (const store of [middle.store, leaf]) assert.equal(await store.changeRole('replica', author), 'autonomous');
      const [first, second] = await syncAll();
      assert.deepEqual(await decisionsOf(middle.store), await decisionsOf(top.store));
      assert.deepEqual(await decisionsOf(leaf), await decisionsOf(top.store));
      assert.deepEqual([first.needsChoice, second.needsChoice], [false, false], 'a replica chooses nothing');
      assert.deepEqual([first.taken?.groupsRemoved, first.taken?.reinstated], [['Own'], 1]);
      const kept = (await middle.store.loadGroups()).find(({ name }) => name === 'Pilots');
      assert.equal(kept?.groupId, same.groupId, 'a group of the same name keeps its computers');
    });

    it('has an audit line for each change, under the name of the upstream server', async () => {
      const { items } = await middle.store.pageAudit({}, { limit: 200 });
      const above = items.filter(({ actor }) => actor === `upstream ${top.url}`);
      const actions = Map.groupBy(above, ({ action }) => action);
      assert.deepEqual(
        [
          'create group',
          'change group',
          'remove group',
          'approve update',
          'decline update',
          'accept license terms',
        ].map((action) => actions.get(action)?.length),
        [1, 1, 1, 3, 1, 1],
      );
    });

    it('asks for changes alone the second time, and writes nothing when there are none', async () => {
      const before = (await middle.store.pageAudit({}, { limit: 1 })).items[0]?.auditId;
      const [idle] = await syncAll();
      assert.equal(idle.calls, 7);
      assert.deepEqual([idle.taken?.decided, idle.taken?.takenBack, idle.taken?.waiting], [0, 0, 0]);
      assert.equal((await middle.store.pageAudit({}, { limit: 1 })).items[0]?.auditId, before);
    });

    it('shows where its offers differ from those above, by questions that change nothing there', async () => {
      const pilotsOf = async ({ store }: typeof top) =>
        (await store.loadGroups()).find(({ name }) => name === 'Pilots')?.groupId ?? '';
      const groupId = await pilotsOf(top);
      const computer = { address: '192.0.2.7', requestedGroups: [], at: new Date() };
      for (const number of [1, 2])
        await middle.store.noteAuthorization(
          { ...computer, computerId: computerOf(number), dnsName: `pc${number}.example.org` },
          { assign: false },
        );
      await middle.store.setMembership(computerOf(1), await pilotsOf(middle), true, author);
      await using recorder = await openRecorder(top.url);
      const shadow = async () => {
        const { onProgress: _, store: __, ...upstream } = partsOf(middle.store, recorder.url, now);
        return shadowWsus(administrationOf(middle), { upstream });
      };
      const alike = await shadow();
      assert.deepEqual([alike.computers, alike.same, alike.reasons], [2, 2, []]);
      await decide(top.store, idOf(8), groupId, 'Install');
      await seen();
      const before = await stateOf(top);
      const different = await shadow();
      assert.deepEqual(
        different.profiles.map(({ computers: [one], differences }) => [
          one?.name,
          differences.map(({ updateId, kind, because }) => [updateId, kind, because]),
        ]),
        [['pc1.example.org', [[idOf(8), 'only-wsus', 'not-approved']]]],
      );
      assert.deepEqual(await stateOf(top), before);
      assert.deepEqual([...new Set(recorder.calls)].sort(), [
        'GetAuthConfig',
        'GetAuthorizationCookie',
        'GetCookie',
        'GetDeployments',
        'GetRevisionIdList',
      ]);
      await decide(top.store, idOf(8), groupId, 'Inherit');
      for (const number of [1, 2]) await middle.store.removeComputer(computerOf(number), author);
    });

    it('sends no call that changes anything when it may only ask', async () => {
      await using recorder = await openRecorder(top.url);
      const { onProgress: _, ...parts } = partsOf(middle.store, recorder.url, now);
      await withSession({ ...parts, isReadOnly: true }, async ({ session }) => {
        await assert.rejects(session.requestFile(new Uint8Array(20)), { code: 'ADMINISTRATION_UPSTREAM_REFUSED' });
      });
      assert.ok(recorder.calls.length > 0 && !recorder.calls.includes('DownloadFiles'), recorder.calls.join());
    });

    it('loses what was removed above, on both levels', async () => {
      const groups = new Map((await top.store.loadGroups()).map(({ name, groupId }) => [name, groupId]));
      await decide(top.store, idOf(2), groups.get('Pilots') ?? '', 'Inherit');
      await top.store.setDeclined(idOf(4), false, author);
      await top.store.setDeclined(idOf(7), true, author);
      await top.store.renameGroup(groups.get('Pilots') ?? '', 'First', author);
      await top.store.removeGroup(groups.get('Inner') ?? '', author);
      await decide(top.store, idOf(8), groups.get('Pilots') ?? '', 'Install');
      await syncAll();
      const above = await decisionsOf(top.store);
      assert.equal(above.decisions.length, 2);
      assert.deepEqual(await decisionsOf(middle.store), above);
      assert.deepEqual(await decisionsOf(leaf), above);
    });

    it('follows groups that swap their names, and a new group with the name that another one had', async () => {
      const [one, two, three] = [
        await top.store.createGroup('Ring one', undefined, author),
        await top.store.createGroup('Ring two', undefined, author),
        await top.store.createGroup('Ring three', undefined, author),
      ];
      await decide(top.store, idOf(10), one.groupId, 'Install');
      await syncAll();
      for (const [group, name] of [
        [one, 'Aside'],
        [two, 'Ring one'],
        [three, 'Ring two'],
        [one, 'Ring three'],
      ] as const)
        await top.store.renameGroup(group.groupId, name, author);
      await top.store.renameGroup(two.groupId, 'Ring four', author);
      await top.store.createGroup('Ring one', undefined, author);
      await syncAll();
      const above = await decisionsOf(top.store);
      assert.deepEqual(await decisionsOf(middle.store), above);
      assert.deepEqual(await decisionsOf(leaf), above);
    });

    it('takes decisions on an update with the update, though they were made before it came', async () => {
      const late = simulatedUpdate(500, { products: 2, changedAt: lab.now() });
      lab.upstream.publish(late);
      await sync(top.store, lab.url);
      await decide(top.store, late.updateId, allComputers, 'Install');
      const [first] = await syncAll();
      assert.deepEqual([first.added, first.taken?.decided], [1, 1]);
      assert.deepEqual(await decisionsOf(leaf), await decisionsOf(top.store));
    });

    it('an update that expires above is declined below, once', async () => {
      lab.upstream.publish(simulatedUpdate(8, { products: 2, changedAt: lab.now(), revision: 2, isExpired: true }));
      await sync(top.store, lab.url);
      await syncAll();
      assert.deepEqual(await decisionsOf(leaf), await decisionsOf(top.store));
      const [idle] = await syncAll();
      assert.deepEqual([idle.taken?.declined, idle.taken?.reinstated], [0, 0]);
    });

    it('offers 50 canned clients the same on each level, and loses below what is removed above', async () => {
      const outer = await top.store.createGroup('Canned', undefined, author);
      const inner = await top.store.createGroup('Canned inner', outer.groupId, author);
      const made = (number: number, groupId: string, action: 'Install' | 'Uninstall' | 'Inherit', deadline?: Date) => {
        const decision = { updateId: idOf(number), groupId, action, deadline, administrator: 'anna' };
        return top.store.deploy(decision, new Date());
      };
      await made(11, outer.groupId, 'Install', new Date('2027-01-01T00:00:00Z'));
      await decide(top.store, idOf(12), inner.groupId, 'OptionalInstall');
      await made(13, inner.groupId, 'Uninstall');
      await made(14, allComputers, 'Install');
      await decide(top.store, idOf(14), inner.groupId, 'Block');
      await top.store.setDeclined(idOf(15), true, author);
      await syncAll();
      const above = await offersTo50(top.store);
      assert.ok(new Set(above.map(String)).size >= 10, 'the clients differ');
      for (const action of ['Install 2027', 'OptionalInstall', 'Uninstall'])
        assert.ok(
          above.flat().some((line) => line.includes(` ${action}`)),
          action,
        );
      assert.deepEqual(await offersTo50(middle.store), above);
      assert.deepEqual(await offersTo50(leaf), above);

      await made(11, outer.groupId, 'Inherit');
      await top.store.removeGroup(inner.groupId, author);
      await top.store.setDeclined(idOf(14), true, author);
      await syncAll();
      const after = await offersTo50(leaf);
      const lost = [11, 12, 13, 14].map(idOf);
      const isLost = (line: string) => lost.some((id) => line.startsWith(id)) && /nstall/.test(line);
      assert.deepEqual(after.flat().filter(isLost), []);
      assert.deepEqual(after, await offersTo50(top.store));
      assert.deepEqual(after, await offersTo50(middle.store));
    });

    it('keeps everything when it becomes autonomous, and asks for all of it when it is a replica again', async () => {
      const above = await decisionsOf(top.store);
      assert.equal(await leaf.changeRole('autonomous', author), 'replica');
      assert.deepEqual(await decisionsOf(leaf), above);
      const own = await leaf.createGroup('Own', undefined, author);
      await decide(leaf, idOf(9), own.groupId, 'Install');
      await sync(leaf, middle.url);
      assert.notDeepEqual(await decisionsOf(leaf), above);
      await leaf.changeRole('replica', author);
      await sync(leaf, middle.url);
      assert.deepEqual(await decisionsOf(leaf), above);
    });
  });
}
