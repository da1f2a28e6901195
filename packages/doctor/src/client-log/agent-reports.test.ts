// However much agents report: failures and what takes them back are kept, and the rest goes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentReports, ReportedEvents } from './agent-reports.ts';
import type { ReportedEvent } from './reporting-events.ts';

function event(eventId: number, line: number, more: Partial<ReportedEvent> = {}): ReportedEvent {
  const empty = { source: 'ReportingEvents.log', raw: '', updateId: 'a', result: 0, caller: '', outcome: '' };
  return { ...empty, category: '', message: '', eventId, line, at: line * 1000, ...more };
}

const reportsOf = (...events: ReportedEvent[]) => AgentReports.of(events);

const isOver = (reports: AgentReports) => reports.failures.map((failure) => failure.isOver);

describe('what an agent reported', () => {
  it('is taken back by a later success of the same kind about the same update alone', () => {
    assert.deepEqual(isOver(reportsOf(event(182, 1), event(183, 2))), [true]);
    assert.deepEqual(isOver(reportsOf(event(182, 1), event(183, 2, { updateId: 'b' }))), [false]);
    assert.deepEqual(isOver(reportsOf(event(182, 1), event(162, 2))), [false]);
    assert.deepEqual(isOver(reportsOf(event(183, 1), event(182, 2))), [false]);
  });

  it('counts by time where both have one, else by line', () => {
    assert.deepEqual(isOver(reportsOf(event(183, 1, { at: 9000 }), event(182, 2))), [true]);
    assert.deepEqual(isOver(reportsOf(event(183, 1), event(182, 2, { at: undefined }))), [false]);
    assert.deepEqual(isOver(reportsOf(event(182, 1), event(183, 2, { at: undefined }))), [true]);
  });

  it('keeps the last events in their order', () => {
    const reports = reportsOf(...Array.from({ length: 100 }, (_, line) => event(147, line)));
    assert.deepEqual(
      reports.recent.map(({ line }) => line),
      Array.from({ length: 60 }, (_, index) => index + 40),
    );
  });

  it('is bounded over all clients, and counts the failures that go', () => {
    const reported = new ReportedEvents();
    for (let line = 0; line < 100_000; line++) reported.add(`PC${line % 40}`, event(182, line));
    const kept = [...reported.clients].reduce((sum, client) => sum + (reported.of(client)?.failures.length ?? 0), 0);
    assert.ok(kept < 40_000, String(kept));
    assert.equal(reported.dropped, 100_000 - kept);
    assert.equal(reported.of('PC39')?.failures.at(-1)?.event.line, 99_999);
  });
});
