// Agent releases on their way through rings: a real signed list and a real store, on both engines.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { addGroup } from '@moult/administration';
import {
  addPlan,
  changeReleaseWay,
  enterRelease,
  removePlan,
  showRelease,
  stepReleases,
} from '@moult/administration/rings';
import { chooseRelease, pinFor, type ReleaseTarget, readOurTarget, readPins } from '@moult/releases/metadata';
import { ensureRepository, Repository, releasePath, withPin } from '@moult/releases/repository';
import { openStore, type SelfUpdateEvent } from '@moult/store';
import { author, createAdministration } from '../../../administration/src/test/administration.ts';
import { startPostgres } from '../../../store/test/postgres.ts';
import { openReleaseDoor } from '../sites/self-update/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-release-rings-'));
after(() => rmSync(folder, { recursive: true }));
const hour = 3_600_000;
const computer = (at: number) => `aaaaaaaa-0000-4000-8000-${String(at).padStart(12, '0')}`;
const [older, newer] = ['7.9.0.2', '7.9.0.3'];
let serial = 0;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`an agent release in rings (${engine})`, () => {
    const postgres = engine === 'postgres' ? startPostgres() : undefined;
    after(async () => (await postgres)?.stop());

    /** A fleet of 60 agents that check in every hour, 20 of them in the group Pilot. The new release waits in the tree. */
    async function lab() {
      const clock = { at: author.at };
      const store = await openStore(postgres ? await (await postgres).createDatabase() : ':memory:', {
        now: () => clock.at,
      });
      const { server } = await createAdministration();
      const dataDir = join(folder, `data-${++serial}`);
      Object.assign(server, { dataDir });
      const directory = join(dataDir, 'trust');
      mkdirSync(join(dataDir, 'self-update/releases/wsus', newer), { recursive: true });
      ensureRepository(directory, clock.at);
      const repository = new Repository(directory);
      const list = (version: string) => {
        const numbers = { generation: 'wsus' as const, platform: 'any', epoch: 0, version, floors: [], deltas: [] };
        const release: ReleaseTarget = { kind: 'release', product: 'moult-agent', ...numbers };
        repository.add('agent', releasePath(release, '.cab'), Buffer.from(version), release, clock.at);
        repository.signWithOwnKeys();
        repository.publish(clock.at);
      };
      list(older);
      const as = () => ({ store, server, author: { name: 'anna', at: clock.at } });
      const door = openReleaseDoor(dataDir);
      const { groupId } = await addGroup(as(), 'Pilot');
      const has = new Map<string, string>();
      const all = Array.from({ length: 60 }, (_, at) => computer(at));
      for (const id of all) has.set(id, older);
      await store.recordSelfUpdateEvents(all.map((id) => ping(id, 's', older, older, clock.at)));
      for (const [at, id] of all.entries()) {
        if (at < 20) await store.setMembership(id, groupId, true, author);
      }
      /** What the signed list makes this computer install. */
      const read = () => repository.state().published.targets.get('agent')?.signed ?? assert.fail();
      const wanted = (id: string, signed = read()) => {
        const releases = Object.entries(signed.targets).flatMap(([path, file]) => {
          const release = readOurTarget(path, file);
          return release?.kind === 'release' ? [{ path, release }] : [];
        });
        const pin = pinFor(readPins(signed), { computer: id, groups: [] });
        const current = { epoch: 0, version: has.get(id) ?? '' };
        const machine = { product: 'moult-agent', generation: 'wsus', platform: 'linux-x64', current };
        return chooseRelease(releases, { ...machine, ...(pin && { pin }) }, true)?.release.version;
      };
      /** Hours in which these computers check in. `outcome`: how a computer ends that is led to another version. */
      const pass = async (
        hours: number,
        outcome: (id: string) => 'good' | 'fails' | 'dies' = () => 'good',
        who = all,
      ) => {
        const done: string[] = [];
        for (let count = 0; count < hours; count++) {
          clock.at = new Date(clock.at.getTime() + hour);
          const signed = read();
          const pings: SelfUpdateEvent[] = [];
          for (const id of who) {
            if (dead.has(id)) continue;
            const next = wanted(id, signed);
            const fate = next === undefined ? 'good' : next === older ? 'good' : outcome(id);
            if (next !== undefined && fate === 'good') has.set(id, next);
            const version = has.get(id) ?? '';
            pings.push(
              ping(id, fate === 'fails' ? 'f' : fate === 'dies' ? 'p' : 's', next ?? version, version, clock.at),
            );
            if (fate === 'dies') dead.add(id);
          }
          await store.recordSelfUpdateEvents(pings);
          await store.noteRhythms();
          const at = new Date(clock.at.getTime() + 60_000);
          done.push(
            ...(await stepReleases(store, door, at)).map(({ action, reason }) =>
              reason ? `${action}: ${reason}` : action,
            ),
          );
        }
        return done;
      };
      const dead = new Set<string>();
      await pass(8);
      await addPlan(as(), 'Standard', [
        { name: 'pilot', groups: ['Pilot'], policy: { hours: 8, installed: 10, failurePercent: 5 } },
        { name: 'all', groups: ['All Computers'], policy: { hours: 8, installed: 10 } },
      ]);
      const running = (version: string) => all.filter((id) => has.get(id) === version).length;
      const dispose = async () => store.close();
      return {
        store,
        as,
        door,
        clock,
        repository,
        list,
        pass,
        running,
        all,
        has,
        directory,
        wanted,
        [Symbol.asyncDispose]: dispose,
      };
    }

    it('reaches the first ring alone, goes on by evidence, and in the end no pin is left', async () => {
      await using fleet = await lab();
      const { as, door, list, pass, running, store, repository } = fleet;
      await enterRelease(as(), door, 'Standard', newer);
      list(newer);
      assert.deepEqual(await pass(2), []);
      assert.equal(running(newer), 20, 'the pilot alone');
      assert.deepEqual(await pass(8), ['promote']);
      assert.equal((await showRelease(as(), door, newer)).evidence.reached.proven, 20);
      assert.deepEqual(await pass(12), ['finish']);
      await pass(1);
      assert.equal(running(newer), 60);
      assert.deepEqual(readPins(repository.state().published.targets.get('agent')?.signed ?? {}), []);
      const records = await store.listAudit({ limit: 50, subject: `agent ${newer}` });
      assert.deepEqual(records.map(({ action }) => action).sort(), ['enter rings', 'rings: finish', 'rings: go on']);
      await assert.rejects(enterRelease(as(), door, 'Standard', newer), { code: 'SERVER_REFUSED' });
    });

    it('that fails halts, is offered to nobody more, and after the roll back all computers return', async () => {
      await using fleet = await lab();
      const { as, door, list, pass, running, all, has } = fleet;
      await enterRelease(as(), door, 'Standard', newer);
      list(newer);
      const bad = (id: string) => (all.indexOf(id) % 2 === 0 ? ('fails' as const) : ('good' as const));
      assert.deepEqual(await pass(4, bad), ['halt: failures']);
      assert.equal(running(newer), 10);
      has.set(all[0] ?? '', older);
      await pass(2);
      assert.equal(running(newer), 10, 'nobody more');
      await assert.rejects(removePlan(as(), 'Standard'), { code: 'SERVER_REFUSED' });
      const shown = await changeReleaseWay(as(), door, newer, { action: 'rollBack' });
      assert.equal(shown.status, 'rolledBack');
      await pass(2);
      assert.deepEqual([running(newer), running(older)], [0, 60]);
      await removePlan(as(), 'Standard');
    });

    it('that kills agents halts by silence', async () => {
      await using fleet = await lab();
      const { as, door, list, pass, running } = fleet;
      await enterRelease(as(), door, 'Standard', newer);
      list(newer);
      assert.deepEqual(await pass(14, () => 'dies'), ['halt: silence']);
      assert.equal(running(newer), 0, 'none told that it has it');
    });

    it('is not watched while the list waits for signatures, and pins of people come first', async () => {
      await using fleet = await lab();
      const { as, door, list, pass, repository, directory, clock, all, running, wanted } = fleet;
      const own = all[0] ?? '';
      repository.changeAgent((signed) => withPin(signed, { computer: own, epoch: 0, version: older }), clock.at);
      repository.signWithOwnKeys();
      repository.publish(clock.at);
      await enterRelease(as(), door, 'Standard', newer);
      list(newer);
      const { keyids } = repository.keysOf('agent')?.roleKeys ?? { keyids: [] };
      const key = join(directory, 'keys', `agent-${keyids[0]?.slice(0, 12)}.key`);
      renameSync(key, join(directory, 'away.key'));
      await pass(10);
      assert.equal(running(newer), 0);
      const waiting = await showRelease(as(), door, newer);
      assert.deepEqual([waiting.waitsFor, waiting.watchedHours], ['signedList', 0]);
      renameSync(join(directory, 'away.key'), key);
      await pass(2);
      assert.equal(running(newer), 19);
      assert.equal(wanted(own), undefined, 'the pin of a person stays');
    });

    it('a server that is killed before the pins makes them at its next step', async () => {
      await using fleet = await lab();
      const { as, door, list, pass, running } = fleet;
      const broken = { ...door, lead: () => assert.fail('killed') };
      await assert.rejects(enterRelease(as(), broken, 'Standard', newer), /killed/);
      await enterRelease(as(), door, 'Standard', newer);
      list(newer);
      await pass(2);
      await assert.rejects(changeReleaseWay(as(), broken, newer, { action: 'skip' }), /killed/);
      assert.equal(running(newer), 20);
      await pass(2);
      assert.equal(running(newer), 60);
    });
  });

function ping(computerId: string, status: string, item: string, version: string, at: Date): SelfUpdateEvent {
  return {
    ...{ receivedAt: at, occurredAt: at, computerId, address: '192.0.2.7', userAgent: '', component: 'au' },
    ...{ activity: 's', item: `moult-agent.${item}`, device: '', platform: '', language: '', status },
    ...{ resultCode: status === 'f' ? '80004005' : '00000000', message: '' },
    ...{ agentGeneration: 'wsus', agentVersion: version },
  };
}
