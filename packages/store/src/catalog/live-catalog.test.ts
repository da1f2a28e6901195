// A store that fails for a moment hides no change from the catalog.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerError } from '../errors.ts';
import { openStore, type Store } from '../index.ts';
import { openLiveCatalog } from './live-catalog.ts';

const at = new Date('2026-11-22T12:00:00Z');
const author = { name: 'tester', at };

/** The store, whose calls of these names fail as long as `state.isAway`. */
async function failing(names: readonly (keyof Store)[]) {
  const store = await openStore(':memory:', { now: () => at });
  const state = { isAway: false };
  const calls = names.map((name) => [
    name,
    async (...given: never[]) => {
      if (state.isAway) throw new ServerError('SERVER_DATABASE_AWAY', 'away');
      return (store[name] as (...given: never[]) => Promise<unknown>)(...given);
    },
  ]);
  return { store: { ...store, ...(Object.fromEntries(calls) as object) } as Store, state };
}

test('a change that could not be read is read with the next call, at once', async () => {
  const { store, state } = await failing(['loadGenerations', 'loadGroups']);
  const catalog = await openLiveCatalog(store, { unapproved: 'hide', freshMs: 60_000 });
  const { groupId } = await store.createGroup('Servers', undefined, author);
  state.isAway = true;
  await assert.rejects(catalog.refresh(), { code: 'SERVER_DATABASE_AWAY' });
  await assert.rejects(catalog.refresh(), { code: 'SERVER_DATABASE_AWAY' }, 'nobody is served what was before');
  state.isAway = false;
  await catalog.refresh();
  assert.doesNotThrow(() => catalog.decide({ groupIds: [groupId], facts: {} }, author.at));
  await store.close();
});

test('a restore is told until it was heard', async () => {
  const { store } = await failing([]);
  let heard = 0;
  let isAway = true;
  const catalog = await openLiveCatalog(store, {
    unapproved: 'hide',
    freshMs: 1,
    async onRestored() {
      heard++;
      if (isAway) throw new ServerError('SERVER_DATABASE_AWAY', 'away');
    },
  });
  await store.createGroup('Servers', undefined, author);
  await catalog.refresh();
  await store.addToCounters({ 'change:restored': 1 });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await assert.rejects(catalog.refresh(), { code: 'SERVER_DATABASE_AWAY' });
  isAway = false;
  await catalog.refresh();
  assert.equal(heard, 2);
  await store.close();
});
