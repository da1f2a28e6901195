// What must not compile: tsc fails when one of the lines below is accepted.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { backedUpTables, derivedTables, identityColumns, type TableRoles } from './tables.ts';
import { together } from './together.ts';

it('a table that is forgotten, or whose numbered column is, does not compile', () => {
  type Roles = Pick<TableRoles, 'audit' | 'updates'>;
  const whole: Roles = { audit: { role: 'backed-up', identity: 'audit_id' }, updates: { role: 'backed-up' } };
  // @ts-expect-error audit is not there.
  const forgotten: Roles = { updates: { role: 'backed-up' } };
  // @ts-expect-error the numbers of audit would begin again.
  const unnumbered: Roles = { ...whole, audit: { role: 'backed-up' } };
  // @ts-expect-error updates have no number.
  const numbered: Roles = { ...whole, updates: { role: 'backed-up', identity: 'update_id' } };
  assert.equal([forgotten, unnumbered, numbered].length, 3);
});

it('every table is backed up or derived, and numbered columns are known', () => {
  assert.equal(backedUpTables.length + derivedTables.length, 20);
  assert.deepEqual(
    identityColumns.map(({ table, column }) => `${table}.${column}`),
    [
      'revisions.revision_id',
      'deployments.deployment_id',
      'reporting_events.event_id',
      'self_update_events.event_id',
      'audit.audit_id',
    ],
  );
});

it('two parts of the store that define the same name do not compile', () => {
  const first = { list: () => 1, add: () => 2 };
  assert.equal(together(first, { remove: () => 3 }).remove(), 3);
  // @ts-expect-error both define list.
  together(first, { list: () => 3 });
  // @ts-expect-error so do the first and the last.
  together(first, { remove: () => 3 }, { add: () => 4 });
});
