// Moult below Moult below Moult: documents, revisions, addresses, groups and decisions go down, on both engines.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { temporaryFolder } from '@moult/disk';
import { clientWebService } from '@moult/protocol/client-web-service';
import { serverSyncWebService } from '@moult/protocol/server-sync';
import { simulatedUpdate } from '@moult/simulator';
import { openFileKeys } from '../../administration/src/file-keys/index.ts';
import { runSync } from '../../administration/src/synchronisation/run-sync.ts';
import {
  author,
  catalogHash,
  chooseProducts,
  type Lab,
  openLab,
  partsOf,
} from '../../administration/src/synchronisation/test/upstream.ts';
import { allComputers, openStore, type Store } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { openSession } from './agent-session.ts';
import { cookieOf, type EmptyServer, from, noFilter, now, openServer, seen } from './empty-server.ts';
import { ask } from './soap-client.ts';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`Moult below Moult (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let top: EmptyServer;
    let middle: EmptyServer;
    let leaf: Store;
    let lab: Lab;
    const leafDir = temporaryFolder('moult-leaf');
    const dataDirOf = (store: Store) => [top, middle].find((one) => one.store === store)?.server.dataDir ?? leafDir;
    const sync = (store: Store, upstream: string) => runSync(partsOf(store, upstream, now, dataDirOf(store)));

    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      top = await openServer(await postgres?.createDatabase());
      middle = await openServer(await postgres?.createDatabase());
      leaf = await openStore(':memory:', { now });
      lab = await openLab({ updates: 40, products: 2, hugeCharacters: 300_000, encrypted: 3 });
      await sync(top.store, lab.url);
      await chooseProducts(top.store, 2);
      await sync(top.store, lab.url);
      await seen();
    });
    after(async () => {
      await leaf?.close();
      await middle?.stop();
      await top?.stop();
      await lab?.[Symbol.asyncDispose]();
      await postgres?.stop();
    });

    it('three levels hold the same documents, byte for byte', async () => {
      for (const [store, url] of [
        [middle.store, top.url],
        [leaf, middle.url],
      ] as const) {
        const first = await sync(store, url);
        assert.equal(first.needsChoice, true);
        await chooseProducts(store, 2);
        const { failed } = await sync(store, url);
        assert.equal(failed, 0);
        await seen();
      }
      assert.deepEqual(
        [await catalogHash(middle.store), await catalogHash(leaf)],
        Array(2).fill(await catalogHash(top.store)),
      );
    });

    it('a synchronisation with nothing new makes six calls, and a new revision goes all the way down', async () => {
      const idle = await sync(middle.store, top.url);
      assert.deepEqual([idle.calls, idle.added, idle.listed], [6, 0, 0]);
      lab.upstream.publish(simulatedUpdate(3, { products: 2, changedAt: lab.now(), revision: 2, isExpired: true }));
      for (const [store, url] of [
        [top.store, lab.url],
        [middle.store, top.url],
        [leaf, middle.url],
      ] as const) {
        assert.equal((await sync(store, url)).added, 1);
        await seen();
      }
      assert.equal(await catalogHash(leaf), await catalogHash(top.store));
    });

    it('addresses of the publisher go down with the documents', async () => {
      const [file] = simulatedUpdate(5, { products: 2, changedAt: from }).files;
      const sha1 = Buffer.from(file?.sha1 ?? '', 'base64').toString('hex');
      assert.deepEqual(await leaf.findContentSources([sha1]), new Map([[sha1, file?.url]]));
    });

    it('keys of encrypted files go down, and to clients', async () => {
      const { updateId, files } = simulatedUpdate(1, { products: 2, changedAt: from, encryption: 'key' });
      const [file] = files;
      const digest = Buffer.from(file?.sha1 ?? '', 'base64');
      const found = await openFileKeys(leaf, leafDir).load([digest.toString('hex')]);
      assert.deepEqual(Buffer.from(found.get(digest.toString('hex')) ?? []), file?.key);
      const decision = { groupId: allComputers, deadline: undefined, administrator: 'anna' };
      await middle.store.deploy({ ...decision, updateId, action: 'Install' }, new Date());
      await seen();
      const session = await openSession(middle.url);
      const answer = async (infoTypes: ('Extended' | 'FileDecryption')[], revisionNumber = 1) => {
        const asked = { cookie: session.cookie, updateIds: [{ updateId, revisionNumber }], infoTypes, locales: [] };
        return (await ask(middle.url, clientWebService, 'GetExtendedUpdateInfo2', asked)).result;
      };
      const told = await answer(['FileDecryption']);
      const key = new Uint8Array(file?.key ?? []);
      const expected = [{ fileDigest: new Uint8Array(digest), decryptionKey: key, securityData: [key] }];
      const plain = (list: NonNullable<typeof told>['fileDecryptionData'] | undefined) =>
        list?.map(({ fileDigest, decryptionKey, securityData }) => ({
          fileDigest: new Uint8Array(fileDigest ?? []),
          decryptionKey: new Uint8Array(decryptionKey ?? []),
          securityData: securityData.map((one) => new Uint8Array(one)),
        }));
      assert.deepEqual([plain(told?.fileDecryptionData), plain(told?.fileDecryptionData2)], [expected, expected]);
      assert.deepEqual(told?.updateEncryptionDetails, [
        { updateIdentity: { updateId, revisionNumber: 1 }, hasEncryptedFiles: true },
      ]);
      const [unasked, unknown] = [await answer(['Extended']), await answer(['FileDecryption'], 9)];
      assert.deepEqual([unasked?.fileDecryptionData, unknown?.fileDecryptionData], [[], []]);
    });

    it('groups, decisions, declined updates and license terms are told to a replica, changes alone the second time', async () => {
      const { store, url } = top;
      const pilots = await store.createGroup('Pilots', undefined, author);
      const inner = await store.createGroup('Inner', pilots.groupId, author);
      const [one, two, three] = [1, 2, 4].map(
        (number) => simulatedUpdate(number, { products: 2, changedAt: from }).updateId,
      );
      const decision = { groupId: inner.groupId, deadline: new Date('2027-01-01T00:00:00Z'), administrator: 'anna' };
      await store.deploy({ ...decision, updateId: one ?? '', action: 'OptionalInstall' }, new Date());
      await store.deploy({ ...decision, updateId: two ?? '', action: 'Install', deadline: undefined }, new Date());
      await store.setDeclined(three ?? '', true, author);
      await store.saveSetting('license-accepted:0fa1201d-4330-4fa8-8ae9-b877473b6441:x@1', 'anna');
      await seen();
      const cookie = await cookieOf(url);
      const list = await ask(url, serverSyncWebService, 'GetRevisionIdList', {
        cookie,
        filter: { ...noFilter, getConfig: false },
      });
      const deployments = async (deploymentAnchor?: string) => {
        const anchors = { syncAnchor: list.result?.anchor, deploymentAnchor };
        return (await ask(url, serverSyncWebService, 'GetDeployments', { cookie, ...anchors })).result;
      };
      const first = await deployments();
      const parents = new Map(first?.groups?.map(({ name, parentGroupId }) => [name, parentGroupId]));
      assert.deepEqual([parents.get('Pilots'), parents.get('Inner')], [allComputers, pilots.groupId]);
      assert.equal(first?.groups?.filter(({ isBuiltIn }) => isBuiltIn).length, 2);
      const told = first?.deployments?.map(({ updateId, action, isAssigned }) => [updateId, action, isAssigned]);
      assert.deepEqual(told, [
        [one, 0, false],
        [two, 0, true],
      ]);
      const [early, late] = first?.deployments?.map(({ deadline }) => deadline) ?? [];
      assert.equal(early?.toISOString(), '2027-01-01T00:00:00.000Z');
      assert.equal(late?.getUTCFullYear(), 9999);
      assert.ok(first?.hiddenUpdates?.includes(three ?? ''));
      assert.deepEqual(first?.acceptedEulas, ['0fa1201d-4330-4fa8-8ae9-b877473b6441']);
      const idle = await deployments(first?.anchor);
      assert.deepEqual([idle?.deployments, idle?.deadDeployments, idle?.anchor], [[], [], first?.anchor]);
      await store.deploy({ ...decision, updateId: one ?? '', action: 'Inherit', deadline: undefined }, new Date());
      await seen();
      const changed = await deployments(first?.anchor);
      assert.deepEqual(changed?.deadDeployments, [first?.deployments?.[0]?.deploymentGuid]);
      assert.deepEqual(changed?.deployments, []);
    });
  });
}
