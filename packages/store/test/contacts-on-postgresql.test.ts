// Contacts of computers on PostgreSQL: the most frequent write must not touch an index.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { openStore, type Store } from '../src/index.ts';
import { startPostgres } from './postgres.ts';

const start = Date.parse('2026-11-22T12:00:00Z');
const now = () => new Date(start);
const idOf = (number: number) => `${String(number).padStart(8, '0')}-5601-43c9-bac3-52d5db701494`;

describe('contacts on PostgreSQL', () => {
  it('write no index: new versions of rows stay beside the old', async () => {
    await using postgres = await startPostgres();
    const address = await postgres.createDatabase();
    await using store = await openStore(address, { now });
    const ids = Array.from({ length: 300 }, (_, number) => idOf(number));
    for (const id of ids) {
      await authorize(store, id);
      await store.registerComputer({
        ...{ computerId: id, dnsName: `pc-${id}`, address: '192.0.2.7', agentVersion: '7.9.0.1', osVersion: '10.0.1' },
        ...{ osDescription: '', architecture: 'AMD64', manufacturer: '', model: '', at: new Date(start) },
        registration: { text: 'x'.repeat(900) },
      });
    }
    const figuresOf = async () => {
      const client = new pg.Client({ connectionString: address });
      await client.connect();
      const { rows } = await client.query(
        `select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'computers'`,
      );
      await client.end();
      return rows[0] as { all: number; hot: number };
    };
    await store.close();
    const before = await figuresOf();
    await using again = await openStore(address, { now });
    for (let round = 1; round <= 10; round++) {
      const seen = { at: new Date(start + round * 1000), synced: true, reported: round > 1 };
      await again.noteContacts(new Map(ids.map((id) => [id, seen])));
      for (const id of ids.slice(0, 30)) await authorize(again, id);
    }
    await again.close();
    const afterwards = await figuresOf();
    const updates = afterwards.all - before.all;
    assert.equal(updates, 10 * (300 + 30));
    const hot = (afterwards.hot - before.hot) / updates;
    assert.ok(hot > 0.9, `${(hot * 100).toFixed(0)} % of the updates were HOT`);
  });
});

function authorize(store: Store, computerId: string): Promise<void> {
  const computer = { computerId, dnsName: `pc-${computerId}`, address: '192.0.2.7', requestedGroups: [] };
  return store.noteAuthorization({ ...computer, at: new Date(start) }, { assign: false });
}
