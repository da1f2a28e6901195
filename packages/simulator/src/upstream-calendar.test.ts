// A year of the calendar: twelve second Tuesdays, revisions and expiries among them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatedCalendar } from './upstream-calendar.ts';

test('a year has twelve days that publish, each the second Tuesday of its month', () => {
  const next = simulatedCalendar({ products: 2, firstUpdate: 100, from: new Date('2026-01-01T00:00:00Z') });
  const days = Array.from({ length: 365 }, () => next(new Date('2026-12-03T00:00:00Z')));
  const busy = days.filter(({ updates }) => updates.length > 0);
  assert.deepEqual(
    busy.map(({ day }) => day.toISOString().slice(5, 10)),
    ['01-13', '02-10', '03-10', '04-14', '05-12', '06-09', '07-14', '08-11', '09-08', '10-13', '11-10', '12-08'],
  );
  const all = busy.flatMap(({ updates }) => updates);
  const names = new Set(all.map(({ updateId, revisionNumber }) => `${updateId}@${revisionNumber}`));
  assert.equal(names.size, all.length, 'no revision comes twice');
  assert.equal(all.filter(({ revisionNumber }) => revisionNumber === 2).length, 11);
  const expired = all.filter(({ xml }) => xml.includes('PublicationState="Expired"'));
  assert.equal(expired.length, 9);
  const known = new Set(all.filter(({ revisionNumber }) => revisionNumber < 3).map(({ updateId }) => updateId));
  assert.ok(expired.every(({ updateId }) => known.has(updateId)));
});
