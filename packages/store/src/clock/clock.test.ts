import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { noticeLine } from '../notice.ts';
import { acceptClock, clockNotice, inspectClock, judgeClock, openServerClock, type ServerClock } from './index.ts';

const programDate = new Date('2026-11-01T00:00:00Z');
const today = new Date('2026-12-01T12:00:00Z');
const day = 86_400_000;
const later = (days: number) => new Date(today.getTime() + days * day);

describe('a clock', () => {
  const kindOf = (now: Date, newest?: Date) => judgeClock(now, { programDate, newest }).kind;

  it('is judged by the program and by what the data directory knows', () => {
    assert.equal(kindOf(today), 'right');
    assert.equal(kindOf(new Date('1990-01-01')), 'behind-program');
    assert.equal(kindOf(later(4 * 365)), 'right', 'a program may be installed years after it was made');
    assert.equal(kindOf(later(3652)), 'ahead');
    assert.equal(kindOf(today, later(3652)), 'behind-data');
    assert.equal(kindOf(today, later(0.5)), 'right', 'a mistaken time zone is told by nobody');
    assert.equal(kindOf(later(100), today), 'right', 'a long pause');
    assert.equal(kindOf(later(200), today), 'ahead');
  });

  it('that is not believed has a sentence for each state, with cause and remedy', () => {
    for (const now of [new Date('1990-01-01'), later(20), later(11_323)]) {
      const newest = later(30);
      const notice = clockNotice(judgeClock(now, { programDate, newest }));
      assert.ok(notice);
      assert.match(noticeLine(notice), /^The clock of this server .*(\d{4}-\d\d-\d\d).* Remedy: Set the clock/);
    }
    assert.equal(clockNotice({ kind: 'right' }), undefined);
  });
});

describe("the server's clock", () => {
  let dataDir: string;
  let wall: number;
  let monotonic: number;
  let said: string[];
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'moult-clock-'));
    wall = today.getTime();
    monotonic = 0;
    said = [];
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const open = () =>
    openServerClock({
      ...{ dataDir, programDate, everyMs: 0, monotonicMs: () => monotonic, now: () => new Date(wall) },
      log: { warn: (...words: unknown[]) => said.push(String(words.at(-1))), info: () => undefined } as never,
    });
  const live = (clock: ServerClock, hours: number) => {
    for (let hour = 0; hour < hours; hour++) {
      wall += 3_600_000;
      monotonic += 3_600_000;
      clock.state();
    }
  };
  const running = (learned?: Date) => {
    const clock = open();
    clock.learn(learned);
    return clock;
  };

  it('ages with the time that the server runs', () => {
    const clock = running();
    live(clock, 48);
    assert.deepEqual(clock.ageingNow(), later(2));
    clock.close();
    assert.equal(statSync(join(dataDir, 'clock.json')).mode & 0o777, 0o600);
    wall += 30 * day;
    const next = running();
    assert.deepEqual(next.ageingNow(), later(2), 'what the server slept through does not age at once');
    live(next, 11 * 24);
    assert.deepEqual(next.ageingNow(), new Date(wall), 'and is caught up within a third of the time');
  });

  it('that jumps ten years ahead ages nothing, whether the server runs or starts', () => {
    const clock = running();
    wall += 3652 * day;
    assert.equal(clock.ageingNow().getTime(), today.getTime());
    assert.equal(clock.endingNow(new Date(wall)).getTime(), today.getTime(), 'no hold ends');
    assert.equal(clock.state().kind, 'ahead');
    live(clock, 24);
    assert.deepEqual(clock.ageingNow(), later(1));
    clock.close();
    const next = running();
    assert.equal(next.state().kind, 'ahead');
    assert.deepEqual(next.ageingNow(), later(1));
    wall -= 3652 * day;
    assert.equal(next.state().kind, 'right', 'back again, nothing remains');
    assert.ok(said.some((line) => /may be far ahead: it shows 2036-/.test(line)));
    assert.ok(said.some((line) => /moved by 3652 days/.test(line)));
  });

  it('that went back ages nothing, and nothing of before is taken for a wrong stamp', () => {
    const clock = running();
    live(clock, 24);
    wall = Date.parse('1990-01-01');
    assert.equal(clock.state().kind, 'behind-program');
    assert.deepEqual(clock.ageingNow(), new Date(wall));
    assert.ok(clock.newestBelievable() > later(1));
  });

  it('on a data directory without marks learns from the database', () => {
    wall = later(800).getTime();
    const clock = open();
    assert.deepEqual(clock.ageingNow(), programDate, 'nothing ages before that');
    clock.learn(today);
    assert.equal(clock.state().kind, 'ahead');
    assert.deepEqual(clock.ageingNow(), today);
    clock.close();
    assert.equal(inspectClock(dataDir, later(1)).kind, 'right');
    const behind = running(later(9000));
    assert.equal(behind.state().kind, 'ahead', 'marks that were kept count before it');
  });

  it('that was ahead at the very first start leaves nothing that contradicts the right one', () => {
    wall = later(3652).getTime();
    const first = running(undefined);
    assert.equal(first.state().kind, 'ahead');
    first.close();
    const stampedByIt = new Date(wall);
    wall = today.getTime();
    assert.equal(running(stampedByIt).state().kind, 'right');
  });

  it('is accepted by the administrator, in both directions, while the server runs', () => {
    const clock = running(later(900));
    assert.equal(clock.state().kind, 'behind-data');
    acceptClock(dataDir, new Date(wall));
    assert.equal(clock.state().kind, 'right');
    assert.deepEqual(clock.notices(), []);
    wall += 300 * day;
    assert.equal(clock.notices().length, 1);
    acceptClock(dataDir, new Date(wall));
    assert.deepEqual(clock.notices(), []);
    clock.close();
    assert.equal(inspectClock(dataDir, new Date(wall)).kind, 'right');
  });

  it('works without marks that can be read or written', () => {
    writeFileSync(join(dataDir, 'clock.json'), '{"newest":"soon"');
    const clock = running();
    assert.equal(clock.state().kind, 'right');
    clock.close();
    rmSync(dataDir, { recursive: true });
    writeFileSync(dataDir, 'a file');
    open().close();
    rmSync(dataDir);
  });
});
