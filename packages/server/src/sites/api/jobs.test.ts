// Jobs: long work beside the requests of the API.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { author, idOf } from '../../../../administration/src/test/administration.ts';
import { jobBounds } from '../../bounds.ts';
import { createJobs, type Job } from './jobs.ts';
import { startApi, type TestApi } from './test/api-server.ts';

const anna = { accountId: 'anna', name: 'anna' };
const bert = { accountId: 'bert', name: 'bert' };

function make(limits = {}) {
  const clock = { at: author.at };
  const told: string[] = [];
  const jobs = createJobs({
    now: () => clock.at,
    problemOf: (error) => ({ code: String(error) }) as never,
    changed: (accountId, { state, done }) => told.push(`${accountId} ${state} ${done}`),
    limits: { ...jobBounds, toldMs: 0, endMs: 1000, ...limits },
  });
  return { jobs, clock, told };
}

async function until(isSo: () => boolean | undefined): Promise<void> {
  while (!isSo()) await wait(1);
}

it('a job tells its progress, keeps its result, and is shown to its own account', async () => {
  const { jobs, told } = make();
  const { jobId, state } = jobs.start(anna, 'approve', async ({ onProgress }) => {
    onProgress(1, 2);
    onProgress(2, 2);
    return { count: 2 };
  });
  assert.equal(state, 'waiting');
  await until(() => jobs.find(jobId, 'anna')?.state === 'done');
  const { done, of, result, endedAt } = jobs.find(jobId, undefined) ?? assert.fail();
  assert.deepEqual([done, of, result, endedAt], [2, 2, { count: 2 }, author.at]);
  assert.deepEqual(told, ['anna running 0', 'anna running 1', 'anna running 2', 'anna done 2']);
  assert.equal(jobs.find(jobId, 'bert'), undefined);
  assert.deepEqual([jobs.list('bert').length, jobs.list('anna').length, jobs.list(undefined).length], [0, 1, 1]);
  assert.ok(!('result' in (jobs.list('anna')[0] ?? {})), 'a list has no results');
});

it('a job that fails says why, and one that is cancelled ends at its next step; each lets the next begin', async () => {
  const { jobs } = make({ atOnce: 1 });
  const failed = jobs.start(anna, 'x', async () => {
    throw new Error('no');
  });
  const cut = jobs.start(anna, 'x', async ({ signal }) => {
    while (!signal.aborted) await wait(1);
    return { count: 7, isCut: true };
  });
  const thrown = jobs.start(anna, 'x', async ({ signal }) => {
    while (!signal.aborted) await wait(1);
    signal.throwIfAborted();
  });
  const never = jobs.start(bert, 'x', async () => assert.fail('it was cancelled before it began'));
  const late = jobs.start(bert, 'x', async ({ signal }) => {
    while (!signal.aborted) await wait(1);
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

it('the end of the server cancels jobs, and waits for them, but not for long', async () => {
  const { jobs } = make({ endMs: 20 });
  const good = jobs.start(anna, 'x', async ({ signal }) => {
    while (!signal.aborted) await wait(1);
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

async function ended({ ask }: TestApi, path: string, token: string) {
  for (;;) {
    const { json } = await ask(path, { token });
    if (json.endedAt !== undefined) return json;
    await wait(2);
  }
}
