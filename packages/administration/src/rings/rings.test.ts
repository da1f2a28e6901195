// Updates on their way through rings, over a real store on both engines, with computers that check in and report.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseUpdateId } from '@moult/catalog';
import { afterGap, noRhythm, placeOf, type Rhythm } from '@moult/catalog/rings';
import { allComputers, openStore, type Store, unassignedComputers } from '@moult/store';
import { importDocuments, openLiveCatalog } from '@moult/store/catalog';
import { startPostgres } from '../../../store/test/postgres.ts';
import { approve, declineAll } from '../approvals.ts';
import { addGroup } from '../groups.ts';
import { stopAll } from '../holds/index.ts';
import type { Administration } from '../open-server.ts';
import { author, createAdministration, documentOf, idOf } from '../test/administration.ts';
import { addPlan, changeWay, enterRings, removePlan, showRollout, stepRollouts } from './index.ts';
import { eventOf } from './test/event-of.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-rings-'));
after(() => rmSync(folder, { recursive: true }));
const hour = 3_600_000;
const computer = (at: number) => `aaaaaaaa-0000-4000-8000-${String(at).padStart(12, '0')}`;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`rings (${engine})`, () => {
    const postgres = engine === 'postgres' ? startPostgres() : undefined;
    after(async () => (await postgres)?.stop());

    /** Two servers of one database, a group of 30 computers, and 60 others. Everybody checked in in each of eight hours. */
    async function lab(t: { after(work: () => unknown): void }, { most = 90, shared = false } = {}) {
      const clock = { at: author.at };
      const now = () => clock.at;
      const address = postgres
        ? await (await postgres).createDatabase()
        : shared
          ? join(folder, 'shared.sqlite')
          : ':memory:';
      const store = await openStore(address, { now });
      const second = shared ? await openStore(address, { now }) : store;
      t.after(() => Promise.all([store.close(), second.close()]));
      await importDocuments(store, [documentOf(idOf(0), 'Tool'), documentOf(idOf(1), 'Other')], author.at);
      const { server } = await createAdministration();
      const as = (): Administration => ({ store, server, author: { name: 'anna', at: clock.at } });
      const { groupId } = await addGroup(as(), 'Pilot');
      const all = Array.from({ length: most }, (_, at) => computer(at));
      for (const [at, computerId] of all.entries()) {
        const told = { computerId, dnsName: `pc${at}`, address: '192.0.2.7', requestedGroups: [], at: clock.at };
        await store.noteAuthorization(told, { assign: false });
        if (at < 30) await store.setMembership(computerId, groupId, true, author);
      }
      /** Hours in which these check in and the rings step. */
      const pass = async (hours: number, who: readonly string[] = all) => {
        const done = [];
        for (let count = 0; count < hours; count++) {
          clock.at = new Date(clock.at.getTime() + hour);
          const seen = { at: clock.at, synced: true, reported: false };
          await store.noteContacts(new Map(who.map((id) => [id, seen])));
          done.push(...(await stepRollouts(store, clock.at)));
        }
        return done.map(({ action, reason }) => (reason ? `${action}: ${reason}` : action));
      };
      /** A status report, or a failure, of each. */
      const report = (who: readonly string[], outcome: 'installed' | 'failed', times = 1) => {
        const events = who.flatMap((id) =>
          Array.from({ length: times }, (_, at) => eventOf(id, outcome, clock.at, at)),
        );
        return store.recordReportingEvents(events, clock.at);
      };
      await pass(8);
      const rings = [
        { name: 'pilot', groups: ['Pilot'], policy: { hours: 8, installed: 10 } },
        { name: 'all', groups: ['All Computers'], policy: { hours: 8 } },
      ];
      const decided = async (of: Store = store) =>
        (await of.listDeploymentsOf(idOf(0))).map((one) => [
          one.groupId === allComputers ? 'all' : 'pilot',
          one.action,
        ]);
      return { store, second, clock, as, all, pilot: all.slice(0, 30), pass, report, rings, decided, groupId };
    }

    it('an update goes on when its computers have it and came back, and each transition is on record with its numbers', async (t) => {
      const { store, as, pass, report, rings, decided, pilot, all } = await lab(t);
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'standard', 'Tool');
      assert.deepEqual(await decided(), [['pilot', 'Install']]);
      await pass(2);
      await report(pilot, 'installed');
      assert.deepEqual(await pass(5), []);
      assert.equal((await showRollout(as(), 'Tool')).evidence.ring.proven, 30);
      assert.deepEqual(await pass(2), ['promote']);
      assert.deepEqual(await decided(), [
        ['pilot', 'Install'],
        ['all', 'Install'],
      ]);
      await pass(2);
      await report(all, 'installed');
      assert.deepEqual(await pass(8), ['finish']);
      const records = (await store.listAudit({ limit: 50, subject: idOf(0) })).filter(
        (one) => one.action === 'rings: go on',
      );
      const [{ after: told } = { after: undefined }] = records;
      assert.equal((told as { evidence: { ring: { proven: number } } }).evidence.ring.proven, 30);
      assert.equal(records.length, 1);
      await assert.rejects(enterRings(as(), 'Standard', 'Tool'), { code: 'SERVER_REFUSED' });
      await removePlan(as(), 'Standard');
      await assert.rejects(showRollout(as(), 'Tool'), { code: 'SERVER_NOT_FOUND' });
    });

    it('computers that lie count once, and invented ones do not count', async (t) => {
      const { store, clock, as, pass, report, rings, decided, pilot, groupId } = await lab(t);
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'Standard', 'Tool');
      await pass(2);
      await report(pilot.slice(1), 'installed');
      await report(pilot.slice(0, 1), 'failed', 1000);
      const invented = Array.from({ length: 20 }, (_, at) => computer(1000 + at));
      for (const computerId of invented) {
        const told = { computerId, dnsName: 'x', address: '192.0.2.9', requestedGroups: [], at: clock.at };
        await store.noteAuthorization(told, { assign: false });
        await store.setMembership(computerId, groupId, true, author);
      }
      await pass(2, [...pilot, ...invented]);
      await report(invented, 'failed', 10);
      await report([computer(5000)], 'failed', 10);
      await pass(1);
      const { status, evidence } = await showRollout(as(), 'Tool');
      assert.deepEqual([status, evidence.ring.failed, evidence.ring.offered], ['running', 1, 30]);
      assert.deepEqual(await decided(), [['pilot', 'Install']]);
    });

    it('failures halt it, and it is offered no more; a person resumes it, or takes it back', async (t) => {
      const { as, pass, report, rings, decided, pilot } = await lab(t);
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'Standard', 'Tool');
      await pass(2);
      await report(pilot.slice(0, 8), 'failed');
      await report(pilot.slice(8), 'installed');
      assert.deepEqual(await pass(1), ['halt: failures']);
      assert.deepEqual(await decided(), []);
      await changeWay(as(), 'Tool', { action: 'resume' });
      assert.deepEqual(await decided(), [['pilot', 'Install']]);
      assert.deepEqual(await pass(1), []);
      const { status } = await changeWay(as(), 'Tool', { action: 'rollBack' });
      assert.deepEqual([status, await decided()], ['rolledBack', []], 'this update cannot be removed');
    });

    it('percentages follow the groups: each computer is offered it when its ring is reached, and never before', async (t) => {
      const { store, clock, as, pass, report, all, pilot, groupId } = await lab(t);
      const policy = { hours: 2, installed: 1 };
      await addPlan(as(), 'Parts', [
        { name: 'pilot', groups: ['Pilot'], policy },
        { name: 'some', percent: 30, policy },
        { name: 'all', percent: 70, policy },
      ]);
      const catalog = await openLiveCatalog(store, { unapproved: 'report' });
      const toolId = parseUpdateId(idOf(0));
      const on = (computerId: string) => {
        const groupIds = pilot.includes(computerId) ? [groupId] : [unassignedComputers];
        return catalog.decide({ groupIds, facts: { computerId } }, clock.at).on(toolId);
      };
      const offered = async () => {
        await catalog.refresh();
        return all.filter((computerId) => on(computerId).action === 'Install');
      };
      const some = all.filter((id) => pilot.includes(id) || placeOf(id) < 30);
      await enterRings(as(), 'Parts', 'Tool');
      assert.deepEqual(await offered(), pilot);
      await pass(1);
      await report(pilot, 'installed');
      assert.deepEqual(await pass(2), ['promote']);
      assert.deepEqual(await offered(), some);
      const [beyond] = all.filter((id) => !some.includes(id));
      assert.deepEqual(on(beyond ?? '').reasons[0], {
        ...{ code: 'ring', rings: 'Parts', reachedPercent: 30 },
        rolloutId: (await store.listRollouts())[0]?.rolloutId,
      });
      // A person's approval is for whom it says.
      await approve(as(), { update: 'Tool', groups: ['Unassigned Computers'], action: 'Install' });
      assert.deepEqual(await offered(), all);
      await approve(as(), { update: 'Tool', groups: ['Unassigned Computers'], action: 'Inherit' });
      assert.deepEqual(await offered(), some);
      await pass(1);
      assert.equal((await showRollout(as(), 'Tool')).evidence.members, some.length - pilot.length);
      await report(some, 'installed');
      const changedAt = async () => (await store.listDeploymentsOf(idOf(0))).map((one) => one.changedAt).at(-1) ?? 0;
      const before = await changedAt();
      assert.deepEqual(await pass(2), ['promote']);
      assert.deepEqual(await offered(), all);
      assert.ok((await changedAt()) > before, 'servers below are told now');
      await changeWay(as(), 'Tool', { action: 'pause', until: undefined });
      assert.deepEqual(await offered(), all, 'a pause takes nothing away');
    });

    it('a halt takes percentages back from everybody, and percent stands in the audit', async (t) => {
      const { store, as, pass, report, decided, all } = await lab(t);
      const policy = { hours: 2, installed: 1 };
      const rings = [
        { name: 'some', percent: 50, policy },
        { name: 'rest', percent: 100, policy },
      ];
      await addPlan(as(), 'Parts', rings);
      await enterRings(as(), 'Parts', 'Tool');
      await pass(1);
      assert.equal((await store.loadShares()).length, 1);
      await report(all.filter((id) => placeOf(id) < 50).slice(0, 20), 'failed');
      assert.deepEqual(await pass(1), ['halt: failures']);
      assert.deepEqual(await decided(), []);
      await changeWay(as(), 'Tool', { action: 'rollBack' });
      assert.deepEqual(await store.loadShares(), []);
      await assert.rejects(addPlan(as(), 'Less', rings.slice(0, 1)), {
        code: 'SERVER_REFUSED',
        message: /less than 100/,
      });
      await assert.rejects(addPlan(as(), 'Both', [{ name: 'x', percent: 100, groups: ['Pilot'] }]), /Give one of them/);
    });

    it('computers that fall silent halt it', async (t) => {
      const { as, pass, rings, pilot, all } = await lab(t);
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'Standard', 'Tool');
      await pass(1);
      assert.deepEqual(
        await pass(
          6,
          all.filter((id) => !pilot.slice(0, 10).includes(id)),
        ),
        ['halt: silence'],
      );
    });

    it('what a person decided stays, also when rings go on', async (t) => {
      const { as, pass, report, rings, decided, pilot } = await lab(t);
      await approve(as(), { update: 'Tool', groups: ['Pilot'], action: 'Block' });
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'Standard', 'Tool');
      assert.deepEqual(await decided(), [['pilot', 'Block']]);
      await pass(1);
      await report(pilot, 'installed');
      await changeWay(as(), 'Tool', { action: 'skip' });
      assert.deepEqual(await decided(), [
        ['pilot', 'Block'],
        ['all', 'Install'],
      ]);
      await approve(as(), { update: 'Tool', action: 'Inherit' });
      await pass(10);
      assert.deepEqual(await decided(), [['pilot', 'Block']]);
    });

    it('an update that was declined does not go on, and its decline stays', async (t) => {
      const { store, as, pass, report, rings, decided, pilot } = await lab(t);
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'Standard', 'Tool');
      await pass(2);
      await report(pilot, 'installed');
      await declineAll(as(), ['Tool'], true);
      assert.deepEqual(await pass(20), []);
      assert.deepEqual([await store.loadDeclined(), await decided()], [[idOf(0)], [['pilot', 'Install']]]);
      assert.equal((await showRollout(as(), 'Tool')).waitsFor, 'held');
      await assert.rejects(changeWay(as(), 'Tool', { action: 'skip' }), {
        code: 'SERVER_REFUSED',
        message: /declined/,
      });
      await declineAll(as(), ['Tool'], false);
      assert.deepEqual(await pass(8), ['promote']);
    });

    it('two servers that step at the same moment step once, and a step that breaks off leaves nothing behind', async (t) => {
      const { store, second, clock, as, pass, report, rings, decided, pilot } = await lab(t, { shared: true });
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'Standard', 'Tool');
      await pass(2);
      await report(pilot, 'installed');
      await pass(5);
      const [before] = await store.listRollouts();
      assert.ok(before);
      const broken = { updateId: idOf(0), groupId: 'no such group', action: 'Install', deadline: undefined } as const;
      const next = { ...before.state, ring: 1 };
      const change = { after: { ...before, state: next }, computers: [], decisions: [broken], records: [] };
      await assert.rejects(store.changeRollout(before, change, author));
      assert.deepEqual(await store.listRollouts(), [before]);
      clock.at = new Date(clock.at.getTime() + hour);
      const both = await Promise.all([stepRollouts(store, clock.at), stepRollouts(second, clock.at)]);
      assert.deepEqual(
        both.flat().map(({ action }) => action),
        ['promote'],
      );
      assert.deepEqual(await decided(second), [
        ['pilot', 'Install'],
        ['all', 'Install'],
      ]);
      const records = await store.listAudit({ limit: 50, subject: idOf(0) });
      assert.equal(records.filter(({ action }) => action === 'rings: go on').length, 1);
    });

    it('a removed group, a pause and the emergency stop let nothing through', async (t) => {
      const { store, clock, as, pass, report, rings, pilot, groupId } = await lab(t);
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'Standard', 'Tool');
      await pass(2);
      await report(pilot, 'installed');
      const until = new Date(clock.at.getTime() + 6 * hour);
      await changeWay(as(), 'Tool', { action: 'pause', until });
      assert.deepEqual(await pass(5), []);
      assert.equal((await pass(2)).includes('resume: pauseEnded'), true);
      await enterRings(as(), 'Standard', 'Other');
      await stopAll(as(), { says: 'All', until: new Date(clock.at.getTime() + 90 * 60_000) });
      await pass(1);
      assert.equal((await showRollout(as(), 'Other')).waitsFor, 'held');
      await store.removeGroup(groupId, author);
      await pass(10);
      assert.equal((await showRollout(as(), 'Other')).waitsFor, 'emptyRing');
    });

    it('a removed computer leaves nothing behind, and counts no more when it comes back', async (t) => {
      const { store, clock, as, pass, rings, all, pilot } = await lab(t, { most: 33 });
      await addPlan(as(), 'Standard', rings);
      await enterRings(as(), 'Standard', 'Tool');
      await pass(2);
      const [rollout] = await store.listRollouts();
      assert.ok(rollout);
      const look = async () =>
        (await store.loadRingComputers(rollout, '', 100)).map((one) => [
          one.rhythm.gaps > 0,
          one.exposure !== undefined,
        ]);
      assert.equal((await look()).filter(([, isExposed]) => isExposed).length, 30);
      await store.removeComputer(pilot[0] ?? '', author);
      const bounds = {
        strangersBefore: new Date(0),
        onceBefore: undefined,
        silentBefore: new Date(clock.at.getTime() + 1),
      };
      await store.ageComputers({ ...bounds, groupsKeep: true, after: '', count: 100, believed: undefined });
      assert.deepEqual(await look(), []);
      for (const computerId of all) {
        const told = { computerId, dnsName: 'back', address: '192.0.2.7', requestedGroups: [], at: clock.at };
        await store.noteAuthorization(told, { assign: false });
      }
      assert.deepEqual(
        await look(),
        all.map(() => [false, false]),
      );
    });

    it('a step looks up once what all updates on their way share', async (t) => {
      const { store, clock, as, rings } = await lab(t, { most: 2 });
      await addPlan(as(), 'Standard', rings);
      for (const title of ['Tool', 'Other']) await enterRings(as(), 'Standard', title);
      const calls: string[] = [];
      const counting = new Proxy(store, {
        get(target, name) {
          calls.push(String(name));
          return Reflect.get(target, name);
        },
      });
      clock.at = new Date(clock.at.getTime() + hour);
      await stepRollouts(counting, clock.at);
      for (const name of ['loadStop', 'resolveHolds', 'loadGroups', 'listPlans', 'noteRhythms'])
        assert.equal(calls.filter((one) => one === name).length, 1, name);
      assert.equal(calls.filter((one) => one === 'loadRingComputers').length, 2);
    });

    it('the rhythm that the database learns is the one of the rule', async (t) => {
      const { store, clock } = await lab(t, { most: 8 });
      const [id] = [computer(7)];
      const plan = { rolloutId: 'x', planId: 'x', updateId: idOf(0), version: 0, reachedAt: [], waitsFor: undefined };
      const look = async () => {
        const rollout = { ...plan, startedAt: 0, state: {} as never };
        const page = await store.loadRingComputers(rollout, computer(6), 1);
        return page[0]?.rhythm ?? noRhythm;
      };
      let wanted: Rhythm = await look();
      for (const gap of [300_000, 600_000, hour, 22 * hour, 70 * hour, 40 * 24 * hour, 2 * hour, hour]) {
        clock.at = new Date(clock.at.getTime() + gap);
        await store.noteContacts(new Map([[id, { at: clock.at, synced: false, reported: false }]]));
        await store.noteRhythms();
        // A request soon after a check-in belongs to it: the next gap is measured from its beginning.
        if (gap === 300_000) continue;
        wanted = afterGap(wanted, gap === 600_000 ? 900_000 : gap);
        const found = await look();
        for (const name of ['gaps', 'connectedMs'] as const) assert.equal(found[name], wanted[name], name);
        // Whole numbers are cut in the database, and rounded in the rule.
        for (const name of ['gapMs', 'deviationMs'] as const)
          assert.ok(Math.abs(found[name] - wanted[name]) < 20, `${name}: ${found[name]}, not ${wanted[name]}`);
      }
    });
  });
