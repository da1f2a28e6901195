// Jobs: long work beside the requests of the API.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { changeAccount } from '@moult/administration/accounts';
import { waitUntil } from '../../../../../scripts/wait-until.ts';
import { author, idOf } from '../../../../administration/src/test/administration.ts';
import { jobBounds } from '../../bounds.ts';
import { createJobs, type Job } from './jobs.ts';
import { password, startApi, type TestApi } from './test/api-server.ts';

const mayGoOn = async () => true;
const viewer = (accountId: string) => ({ accountId, groupIds: [] });
const anna = { ...viewer('anna'), name: 'anna', mayGoOn };
const bert = { ...viewer('bert'), name: 'bert', mayGoOn };

function make(limits = {}) {
  const clock = { at: author.at };
  const told: string[] = [];
  const jobs = createJobs({
    now: () => clock.at,
    problemOf: (error) => ({ code: String(error) }) as never,
    changed: (accountId, { state, done }) => told.push(`${accountId} ${state} ${done}`),
    notAsked: (error) => told.push(String(error)),
    limits: { ...jobBounds, toldMs: 0, endMs: 1000, ...limits },
  });
  return { jobs, clock, told };
}

const until = (isSo: () => boolean | undefined) => waitUntil(String(isSo), isSo, { everyMs: 1 });

/** Keeps no process alive, unlike a loop: a test that failed may never cancel it. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

it('a job is not shown to its account while it reaches other groups than when the job began', async () => {
  const { jobs } = make();
  const { jobId } = jobs.start(anna, 'approve', async () => ({ count: 2 }));
  const narrowed = { accountId: 'anna', groupIds: ['berlin'] };
  assert.deepEqual([jobs.find(jobId, narrowed), jobs.list(narrowed)], [undefined, []]);
  assert.equal(jobs.find(jobId, viewer('anna'))?.jobId, jobId);
  await jobs.close();
});

it('a job tells its progress, keeps its result, and is shown to its own account', async () => {
  const { jobs, told } = make();
  const { jobId, state } = jobs.start(anna, 'approve', async ({ onProgress }) => {
    onProgress(1, 2);
    onProgress(2, 2);
    return { count: 2 };
  });
  assert.equal(state, 'waiting');
  await until(() => jobs.find(jobId, viewer('anna'))?.state === 'done');
  const { done, of, result, endedAt } = jobs.find(jobId, undefined) ?? assert.fail();
  assert.deepEqual([done, of, result, endedAt], [2, 2, { count: 2 }, author.at]);
  assert.deepEqual(told, ['anna running 0', 'anna running 1', 'anna running 2', 'anna done 2']);
  assert.equal(jobs.find(jobId, viewer('bert')), undefined);
  assert.deepEqual(
    [jobs.list(viewer('bert')).length, jobs.list(viewer('anna')).length, jobs.list(undefined).length],
    [0, 1, 1],
  );
  assert.ok(!('result' in (jobs.list(viewer('anna'))[0] ?? {})), 'a list has no results');
});

it('a job that fails says why, and one that is cancelled ends at its next step; each lets the next begin', async () => {
  const { jobs } = make({ atOnce: 1 });
  const failed = jobs.start(anna, 'x', async () => {
    throw new Error('no');
  });
  const cut = jobs.start(anna, 'x', async ({ signal }) => {
    await aborted(signal);
    return { count: 7, isCut: true };
  });
  const thrown = jobs.start(anna, 'x', async ({ signal }) => {
    await aborted(signal);
    signal.throwIfAborted();
  });
  const never = jobs.start(bert, 'x', async () => assert.fail('it was cancelled before it began'));
  const late = jobs.start(bert, 'x', async ({ signal }) => {
    await aborted(signal);
    return 'all done before it noticed';
  });
  const state = ({ jobId }: Job) => jobs.find(jobId, undefined)?.state;
  await until(() => state(cut) === 'running');
  assert.deepEqual(jobs.find(failed.jobId, undefined)?.problem, { code: 'Error: no' });
  jobs.cancel(never.jobId);
  jobs.cancel(cut.jobId);
  await until(() => state(thrown) === 'running');
  jobs.cancel(thrown.jobId);
  await until(() => state(late) === 'running');
  jobs.cancel(late.jobId);
  await until(() => state(late) === 'done');
  assert.deepEqual([cut, thrown, never].map(state), ['cancelled', 'cancelled', 'cancelled']);
  assert.deepEqual(jobs.find(cut.jobId, undefined)?.result, { count: 7, isCut: true });
  jobs.cancel(late.jobId);
  jobs.cancel('nothing');
  assert.equal(state(late), 'done');
});

it('jobs are bounded: at once, waiting, kept, and in the bytes of a result', async () => {
  const { jobs, clock } = make({ atOnce: 1, maxOpen: 3, maxKept: 2, maxResultBytes: 50 });
  let atWork = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++atWork);
    await wait(1);
    atWork--;
    return 'x'.repeat(100);
  };
  const started = [1, 2, 3].map(() => jobs.start(anna, 'x', work));
  assert.throws(() => jobs.start(bert, 'x', work), { code: 'API_BUSY' });
  await until(() => jobs.list(undefined).every(({ endedAt }) => endedAt));
  assert.equal(most, 1);
  assert.deepEqual(
    jobs.list(undefined).map(({ jobId }) => jobId),
    [started[2]?.jobId, started[1]?.jobId],
  );
  assert.equal(jobs.find(started[2]?.jobId ?? '', undefined)?.result, undefined);
  clock.at = new Date(clock.at.getTime() + jobBounds.keptMs + 1);
  const next = jobs.start(anna, 'x', work);
  assert.deepEqual(
    jobs.list(undefined).map(({ jobId }) => jobId),
    [next.jobId],
  );
});

it('results of all jobs together are bounded: the oldest lose theirs', async () => {
  const { jobs } = make({ atOnce: 1, maxResultsBytes: 250 });
  const ids = [1, 2, 3].map(() => jobs.start(anna, 'x', async () => 'x'.repeat(100)).jobId);
  await until(() => jobs.list(undefined).every(({ endedAt }) => endedAt));
  assert.deepEqual(
    ids.map((id) => jobs.find(id, undefined)?.result !== undefined),
    [false, true, true],
  );
});

it('a job ends when its account may not do it any more, and one that waited does not begin; a database that is away ends none', async () => {
  const { jobs, told } = make({ atOnce: 1, askedMs: 10 });
  const owner = { is: 'good' };
  const asked = {
    ...anna,
    async mayGoOn() {
      if (owner.is === 'away') throw new Error('away');
      return owner.is === 'good';
    },
  };
  const atWork = jobs.start(asked, 'x', async ({ signal }) => {
    await aborted(signal);
    return { isCut: true };
  });
  const waits = jobs.start(asked, 'x', async () => assert.fail('it began'));
  await until(() => jobs.find(atWork.jobId, undefined)?.state === 'running');
  owner.is = 'away';
  await until(() => told.includes('Error: away'));
  assert.equal(jobs.find(atWork.jobId, undefined)?.state, 'running');
  owner.is = 'disabled';
  await until(() => jobs.find(waits.jobId, undefined)?.endedAt !== undefined);
  assert.deepEqual(
    jobs.list(undefined).map(({ state }) => state),
    ['cancelled', 'cancelled'],
  );
});

it('the end of the server cancels jobs, and waits for them, but not for long', async () => {
  const { jobs } = make({ endMs: 20 });
  const good = jobs.start(anna, 'x', async ({ signal }) => {
    await aborted(signal);
    return { isCut: true };
  });
  let goOn: () => void = () => undefined;
  jobs.start(anna, 'x', () => new Promise<void>((resolve) => (goOn = resolve)));
  await until(() => jobs.list(undefined).every(({ state }) => state === 'running'));
  await jobs.close();
  assert.equal(jobs.find(good.jobId, undefined)?.state, 'cancelled');
  goOn();
});

it('an operation over HTTP becomes a job, whose author, result and problems are those of the operation', async () => {
  await using api = await startApi();
  const { ask, tokens, administration } = api;
  const later = { prefer: 'wait=1, respond-async' };
  const asked = { method: 'POST', token: tokens.approver, headers: later };
  const body = { filter: {}, expected: 2 };
  const started = await ask('/api/v1/bulk/approvals', { ...asked, body });
  assert.deepEqual([started.status, started.headers['preference-applied']], [202, 'respond-async']);
  assert.equal(started.headers.location, `/api/v1/jobs/${started.json.jobId}`);
  const done = await ended(api, started.headers.location ?? '', tokens.approver);
  assert.deepEqual([done.state, done.done, done.of], ['done', 2, 2]);
  assert.deepEqual((done.result as { count: number }).count, 2);
  assert.match((await administration.store.listAudit({ limit: 1 }))[0]?.actor ?? '', /^approver \(token of approver/);
  const moved = await ask('/api/v1/bulk/approvals', { ...asked, body: { ...body, expected: 3 } });
  const failed = await ended(api, moved.headers.location ?? '', tokens.approver);
  assert.equal(failed.state, 'failed');
  assert.deepEqual(
    [(failed.problem as { code: string }).code, (failed.problem as { count: number }).count],
    ['ADMINISTRATION_COUNT_MOVED', 2],
  );
  const wrong = await ask('/api/v1/bulk/approvals', { ...asked, body: { ...body, expected: -1 } });
  assert.equal(wrong.status, 400, 'what cannot be read becomes no job');
  // Another account: a job that it may not see is one that is not there.
  assert.equal((await ask(started.headers.location ?? '', { token: tokens.reporter })).status, 404);
  assert.equal((await ask(started.headers.location ?? '', { token: tokens.auditor })).status, 200);
  const cancel = { method: 'DELETE', token: tokens.auditor };
  assert.equal((await ask(started.headers.location ?? '', cancel)).status, 403);
  const repeated = { ...asked, headers: { ...later, 'idempotency-key': 'k1' }, body: { updates: [idOf(0)] } };
  const [one, other] = [await ask('/api/v1/approvals', repeated), await ask('/api/v1/approvals', repeated)];
  assert.deepEqual([one.status, other.status, other.json.jobId], [202, 202, one.json.jobId]);
  assert.deepEqual(api.failures, []);
});

it('a job does nothing for an account that is disabled, or a role that is lower, when its turn comes; the end of its session does not matter', async () => {
  await using api = await startApi();
  const { ask, tokens, administration } = api;
  const { store } = administration;
  const [findToken, findAccount] = [store.findToken.bind(store), store.findAccount.bind(store)];
  const body = { filter: {}, expected: 2 };
  const start = async (asked: { token?: string; headers?: Record<string, string> }) => {
    const headers = { prefer: 'respond-async', ...asked.headers };
    const { headers: told } = await ask('/api/v1/bulk/approvals', { method: 'POST', ...asked, headers, body });
    return (await ended(api, told.location ?? '', tokens.auditor)).state;
  };
  const decisions = async () =>
    (await store.listAudit({ limit: 200 })).filter(({ actor }) => /^approver \(token/.test(actor));
  const before = (await decisions()).length;
  // The first look is that of the call, the second that of the job.
  let looks = 0;
  store.findToken = async (hash) => {
    if (++looks === 2) await changeAccount(administration, 'approver', { isDisabled: true });
    return findToken(hash);
  };
  assert.equal(await start({ token: tokens.approver }), 'cancelled');
  store.findToken = findToken;
  assert.equal((await decisions()).length, before);

  const bySession = async (meanwhile: () => Promise<unknown>) => {
    await changeAccount(administration, 'approver', { isDisabled: false, role: 'approver' });
    const opened = await ask('/api/v1/session', { method: 'POST', body: { name: 'approver', password } });
    const cookie = opened.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    store.findAccount = async (name) => {
      store.findAccount = findAccount;
      await meanwhile();
      return findAccount(name);
    };
    return start({ headers: { cookie, 'sec-fetch-site': 'same-origin' } });
  };
  assert.equal(await bySession(() => changeAccount(administration, 'approver', { role: 'reporter' })), 'cancelled');
  const endAll = async () => {
    for (const { sessionId } of await store.listSessions()) await store.endSession(sessionId, author);
  };
  assert.equal(await bySession(endAll), 'done');
  assert.deepEqual(api.failures, []);
});

async function ended({ ask }: TestApi, path: string, token: string) {
  const shown = async () => (await ask(path, { token })).json;
  await waitUntil(`${path} has ended`, async () => (await shown()).endedAt !== undefined, { everyMs: 2 });
  return shown();
}
