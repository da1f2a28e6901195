// A client's day, over a real socket: from configuration to report.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { sampleIds } from '@moult/catalog';
import { clientWebService } from '@moult/protocol/client-web-service';
import { type ReportingEvent, reporting } from '@moult/protocol/reporting';
import { allComputers, openStore } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { firstComputerId, openSession } from './agent-session.ts';
import { ask, call } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`a client's day (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let server: TestServer;
    let database: string | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      database = await postgres?.createDatabase();
      server = await startTestServer({ config: database ? { database } : {} });
    });
    after(async () => {
      await server.stop();
      await postgres?.stop();
    });

    it('ends with the approved sample update, its metadata and its file', async () => {
      const session = await openSession(server.url);
      await session.syncToTheEnd();
      const approved = [...session.updates.values()].filter(({ deployment }) => deployment?.action === 'Install');
      assert.equal(approved.length, 1);
      const [sample] = approved;
      assert.ok(sample);
      assert.ok(sample.xml?.text.includes(sampleIds.update));
      assert.ok([...session.updates.values()].every(({ deployment }) => deployment !== undefined));

      const { result } = await ask(server.url, clientWebService, 'GetExtendedUpdateInfo', {
        cookie: session.cookie,
        revisionIds: [sample.id],
        infoTypes: ['Extended', 'LocalizedProperties'],
        locales: ['de-DE', 'en'],
      });
      assert.deepEqual(
        result?.updates.map(({ id }) => id),
        [sample.id, sample.id],
      );
      const [location] = result?.fileLocations ?? [];
      assert.match(location?.url ?? '', /^http:\/\/127\.0\.0\.1:\d+\/Content\/[\dA-F]{2}\/[\dA-F]{40}\.cab$/);
      const file = Buffer.from(await (await fetch(location?.url?.toLowerCase() ?? '')).arrayBuffer());
      assert.deepEqual(createHash('sha1').update(file).digest(), Buffer.from(location?.fileDigest ?? []));
      const sha256 = createHash('sha256').update(file).digest('base64');
      assert.ok(result?.updates[0]?.xml?.text.includes(sha256), 'the Extended fragment names the SHA-256 of the file');

      const again = await ask(server.url, clientWebService, 'GetFileLocations', {
        cookie: session.cookie,
        fileDigests: [location?.fileDigest ?? new Uint8Array(20), new Uint8Array(20)],
      });
      assert.deepEqual(again.result?.fileLocations, [location]);
    });

    it('the emergency stop does not end by a clock that jumps ten years ahead', async () => {
      await using store = await openStore(database ?? `${server.dataDir}/moult.sqlite`, { now: () => new Date() });
      const since = new Date();
      const after = { says: 'All', until: new Date(since.getTime() + 14_400_000), by: 'anna', since, needsTwo: false };
      await store.changeStop({ name: 'anna', at: since }, () => ({ after, action: 'stop everything' }));
      const installations = async () => {
        // What another process changed is seen within 100 ms.
        await new Promise((resolve) => setTimeout(resolve, 150));
        const session = await openSession(server.url, { computerId: crypto.randomUUID() });
        await session.syncToTheEnd();
        return [...session.updates.values()].filter(({ deployment }) => deployment?.action === 'Install').length;
      };
      assert.equal(await installations(), 0);
      const tenYears = 3652 * 86_400_000;
      server.advance(tenYears);
      assert.equal(await installations(), 0, 'by a clock that nobody believes');
      server.advance(-tenYears);
      await store.changeStop({ name: 'anna', at: since }, () => ({ after: undefined, action: 'lift stop' }));
      assert.ok((await installations()) > 0);
    });

    it('a second sync brings nothing new, and a revision nobody knows is out of scope', async () => {
      const session = await openSession(server.url);
      await session.syncToTheEnd();
      const count = session.updates.size;
      const calm = await session.sync();
      assert.deepEqual([calm.newUpdates, calm.changedUpdates, calm.outOfScopeRevisionIds], [[], [], []]);
      session.updates.set(999_999, { id: 999_999, isLeaf: true });
      assert.deepEqual((await session.sync()).outOfScopeRevisionIds, [999_999]);
      assert.equal(session.updates.size, count);
    });

    it('a decision of the administrator reaches a client that has everything, as a change', async () => {
      const session = await openSession(server.url);
      await session.syncToTheEnd();
      await using store = await openStore(database ?? `${server.dataDir}/moult.sqlite`, { now: () => new Date() });
      const decision = {
        updateId: sampleIds.update,
        groupId: allComputers,
        deadline: undefined,
        administrator: 'test',
      };
      await store.deploy({ ...decision, action: 'PreDeploymentCheck' }, new Date());
      await new Promise((resolve) => setTimeout(resolve, 150));
      const told = await session.sync();
      assert.deepEqual(
        told.changedUpdates.map(({ deployment, xml }) => [deployment?.action, xml]),
        [['PreDeploymentCheck', undefined]],
      );
      assert.deepEqual((await session.sync()).changedUpdates, [], 'told once');
      await store.deploy({ ...decision, action: 'Install', deadline: new Date('2030-01-01T00:00:00Z') }, new Date());
      await new Promise((resolve) => setTimeout(resolve, 150));
      const [change] = (await session.sync()).changedUpdates;
      assert.equal(change?.deployment?.action, 'Install');
      assert.equal(change?.deployment?.deadline, '2030-01-01T00:00:00.000Z');
    });

    it('RefreshCache gives the ids of what a client holds, and leaves out what is not here', async () => {
      const session = await openSession(server.url);
      await session.syncToTheEnd();
      const { results } = await ask(server.url, clientWebService, 'RefreshCache', {
        cookie: session.cookie,
        globalIds: [
          { updateId: sampleIds.update, revisionNumber: 1 },
          { updateId: sampleIds.update, revisionNumber: 2 },
          { updateId: '11111111-2222-3333-4444-555555555555', revisionNumber: 1 },
        ],
      });
      assert.equal(results.length, 1);
      const held = [...session.updates.values()].find(({ deployment }) => deployment?.action === 'Install');
      assert.deepEqual([results[0]?.revisionId, results[0]?.isLeaf], [held?.id, true]);
    });

    it('GetExtendedUpdateInfo2 goes by global names', async () => {
      const session = await openSession(server.url);
      const { result } = await ask(server.url, clientWebService, 'GetExtendedUpdateInfo2', {
        cookie: session.cookie,
        updateIds: [{ updateId: sampleIds.update, revisionNumber: 1 }],
        infoTypes: ['Extended', 'FileUrl'],
        locales: [],
      });
      assert.equal(result?.updates.length, 1);
      assert.deepEqual(
        result?.fileLocations.map(({ fileDigestAlgorithm }) => fileDigestAlgorithm),
        ['SHA1'],
      );
    });

    it('events are kept once, whatever the path and however often they are sent', async () => {
      const session = await openSession(server.url);
      const events = [
        event(147, 'a0000000-0000-0000-0000-000000000001'),
        event(183, 'a0000000-0000-0000-0000-000000000002'),
      ];
      for (const path of [
        '/ReportingWebService/ReportingWebService.asmx',
        '/reportingwebservice/webservice.asmx',
        undefined,
      ]) {
        const request = { cookie: session.cookie, clientTime: new Date(), eventBatch: events };
        const answer = await ask(server.url, reporting, 'ReportEventBatch', request, path ? { path } : {});
        assert.deepEqual(answer, { result: true });
      }
      await using store = await openStore(database ?? `${server.dataDir}/moult.sqlite`, { now: () => new Date() });
      const home = await store.loadHomeFacts();
      await store.close();
      assert.equal(home.events.filter(({ kind }) => kind === 'report').length, 2);
      const request = { computerId: firstComputerId.toUpperCase(), clientTime: new Date(), eventBatch: events };
      assert.deepEqual(await ask(server.url, reporting, 'ReportEventBatch2', request), { result: true });
      const stranger = { ...request, computerId: '99999999-5601-43c9-bac3-52d5db701494' };
      const refused = await call(server.url, reporting, 'ReportEventBatch2', stranger);
      assert.equal(refused.kind === 'fault' && refused.fault.code, 'InvalidParameters');
    });

    it('SOAP 1.2 is answered in SOAP 1.2, in any letter case of the path', async () => {
      const options = { version: '1.2', path: '/CLIENTWEBSERVICE/client.ASMX' } as const;
      const { result } = await ask(server.url, clientWebService, 'GetConfig', { protocolVersion: '1.8' }, options);
      assert.equal(result?.isRegistrationRequired, true);
      const fault = await call(server.url, clientWebService, 'GetConfig', { protocolVersion: 'x' }, options);
      assert.equal(fault.kind === 'fault' && fault.fault.code, 'InvalidParameters');
    });

    it('clients that speak less than 1.8 get no members that came later', async () => {
      const session = await openSession(server.url, { protocolVersion: '1.6' });
      const { newUpdates } = await session.sync();
      assert.ok(newUpdates.length > 0 && newUpdates.every(({ deployment }) => deployment?.autoSelect === undefined));
    });
  });
}

function event(eventId: number, eventInstanceId: string): ReportingEvent {
  return {
    basicData: {
      targetId: { sid: firstComputerId },
      sequenceNumber: 0,
      timeAtTarget: new Date(),
      eventInstanceId,
      namespaceId: 1,
      eventId,
      sourceId: 101,
      updateId: { updateId: sampleIds.update, revisionNumber: 1 },
      win32HResult: eventId === 183 ? 0 : -2145107945,
      appName: 'AutomaticUpdates',
    },
    extendedData: {
      replacementStrings: ['Sample <&> \u0007 update'],
      miscData: ['G=7.9.0.1'],
      processorArchitecture: 'Amd64Compatible',
      osVersion: { major: 10, minor: 0, build: 26200, revision: 0, servicePackMajor: 0, servicePackMinor: 0 },
      osLocaleId: 1033,
    },
    privateData: {},
  };
}
