// Operations that explain or try rules ask the catalog that the server has in memory. One of their own would cost all of it
// again, for as long as the server runs.
import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { idOf } from '../../../../administration/src/test/administration.ts';
import { computerId, startApi } from './test/api-server.ts';

it('an explanation and a trial of rules open no catalog of their own', async () => {
  await using api = await startApi();
  const paths = [
    `/api/v1/computers/${computerId}/updates/${idOf(0)}`,
    `/api/v1/groups/All%20Computers/updates/${idOf(0)}`,
    '/api/v1/rule-runs/preview',
  ];
  const ask = async (path: string) => {
    const { status, text } = await api.ask(path, { token: api.tokens.reporter });
    assert.equal(status, 200, `${path}: ${text}`);
  };
  await ask(paths[0] ?? '');
  const subscribe = mock.method(api.administration.store, 'subscribe');
  for (const path of [...paths, ...paths]) await ask(path);
  assert.equal(subscribe.mock.callCount(), 0);
});
