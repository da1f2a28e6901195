import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { createLineWriter } from './line-writer.ts';
import { openLog } from './log.ts';
import { createRepeatedLines } from './repeated-lines.ts';
import { dayMs, type KeptLog, keptWhateverAge, outdatedLogs } from './retention.ts';
import { openRotatingFile } from './rotating-file.ts';

let dataDir: string;
let folder: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'moult-log-files-'));
  folder = join(dataDir, 'logs');
  mkdirSync(folder);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const today = Date.parse('2026-12-01T10:00:00Z');

describe('lines to where writing may fail', () => {
  /** A disk with room for so many bytes. */
  function disk(room: number) {
    const written: string[] = [];
    const parts = {
      room,
      write(bytes: Uint8Array) {
        const fits = Math.min(bytes.length, parts.room);
        if (fits === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        parts.room -= fits;
        written.push(Buffer.from(bytes.subarray(0, fits)).toString());
        return fits;
      },
      lostLine: (lost: number, why: string) => `lost ${lost} ${why}\n`,
      wait: () => undefined,
      text: () => written.join(''),
    };
    return parts;
  }

  it('a full disk loses lines, never throws, and the first line afterwards says how many', () => {
    const full = disk(10);
    const lines = createLineWriter(full);
    for (const line of ['first\n', 'second\n', 'third\n']) lines.write(line);
    assert.equal(lines.lost, 2);
    full.room = 1000;
    lines.write('fourth\n');
    assert.equal(full.text(), 'first\nseco\nlost 2 ENOSPC\nfourth\n');
    assert.equal(lines.lost, 0);
  });

  it('no line that is whole is lost, and none is written twice, wherever the disk is full', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.stringMatching(/^[a-z]{1,20}$/))), (steps) => {
        const full = disk(0);
        const lines = createLineWriter(full);
        for (const [room, text] of steps) {
          full.room = room;
          lines.write(`<${text}>\n`);
        }
        full.room = 1000;
        lines.write('<end>\n');
        const whole = full.text().match(/^<[a-z]+>$/gm) ?? [];
        const told = [...full.text().matchAll(/^lost (\d+) /gm)].reduce((sum, [, count]) => sum + Number(count), 0);
        // A number of lost lines that was itself cut is told again.
        assert.ok(whole.length + told >= steps.length + 1, full.text());
        assert.equal(whole.at(-1), '<end>');
      }),
    );
  });

  it('a pipe that takes nothing for a while is waited for, and one that is broken is given up', () => {
    let refusals = 3;
    const written: string[] = [];
    const lines = createLineWriter({
      write(bytes) {
        if (refusals-- > 0) throw Object.assign(new Error('again'), { code: 'EAGAIN' });
        written.push(Buffer.from(bytes).toString());
        return bytes.length;
      },
      lostLine: (lost) => `lost ${lost}\n`,
      wait: () => undefined,
    });
    lines.write('kept\n');
    assert.deepEqual(written, ['kept\n']);
    const broken = createLineWriter({
      write() {
        throw Object.assign(new Error('broken pipe'), { code: 'EPIPE' });
      },
      lostLine: () => '',
    });
    broken.write('lost\n');
    assert.equal(broken.lost, 1);
  });

  it('while it is held, lines are counted; afterwards they are told', () => {
    const empty = disk(1000);
    const lines = createLineWriter(empty);
    lines.hold(true);
    lines.write('not now\n');
    lines.hold(false);
    lines.write('now\n');
    assert.match(empty.text(), /^lost 1 little space .*\nnow\n$/);
  });
});

describe('which log files go', () => {
  const log = (daysAgo: number, sequence: number, sizeBytes: number): KeptLog => ({
    path: `${daysAgo}/${sequence}`,
    day: Math.floor(today / dayMs) - daysAgo,
    sequence,
    sizeBytes,
  });
  const bounds = { budgetBytes: 1000, days: 10, now: new Date(today), ageingNow: new Date(today) };

  it('the oldest go first when there are too many bytes', () => {
    const logs = [log(0, 2, 400), log(0, 1, 400), log(1, 1, 150), log(2, 1, 100)];
    assert.deepEqual(outdatedLogs(logs, bounds), ['2/1']);
    assert.deepEqual(outdatedLogs(logs.reverse(), { ...bounds, budgetBytes: 500 }), ['0/1', '1/1', '2/1']);
  });

  it('what is older than the days goes, but for the newest eighth of the bytes', () => {
    const logs = [log(0, 1, 200), log(10, 1, 100), log(11, 1, 100), log(400, 1, 100)];
    assert.deepEqual(outdatedLogs(logs, bounds), ['11/1', '400/1']);
    assert.deepEqual(outdatedLogs([log(11, 1, 100), log(12, 1, 100), log(13, 1, 100)], bounds), ['13/1']);
  });

  it('a clock that is ten years ahead does not empty the folder', () => {
    const logs = Array.from({ length: 9 }, (_, at) => log(at, 1, 100));
    const now = new Date(today + 3653 * dayMs);
    const kept = 900 - 100 * outdatedLogs(logs, { ...bounds, now, ageingNow: now }).length;
    assert.ok(kept >= keptWhateverAge(1000), `${kept} bytes are left`);
    assert.deepEqual(outdatedLogs(logs, { ...bounds, now, ageingNow: undefined }), []);
  });

  it('files of a clock that ran ahead, and was put back, are the first to go and not the last', () => {
    const logs = [log(-3653, 1, 400), log(0, 1, 400), log(1, 1, 400)];
    assert.deepEqual(outdatedLogs(logs, bounds), ['-3653/1']);
  });

  it('the files stay within their budget whatever there is', () => {
    const anyLog = fc.tuple(fc.integer({ min: -9000, max: 9000 }), fc.nat(9), fc.nat(500));
    fc.assert(
      fc.property(fc.array(anyLog), (given) => {
        const logs = given.map(([daysAgo, sequence, size], at) => ({ ...log(daysAgo, sequence, size), path: `${at}` }));
        const gone = new Set(outdatedLogs(logs, bounds));
        const left = logs.filter(({ path }) => !gone.has(path)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        assert.ok(left <= bounds.budgetBytes);
      }),
    );
  });
});

describe('moult.log', () => {
  const bounds = { days: 30, budgetBytes: 80_000, ageingNow: () => undefined };

  it('begins a new file when it is full, and all files together stay within the budget', () => {
    const file = openRotatingFile({ folder, now: () => new Date(today), retention: bounds });
    const line = Buffer.from(`${'x'.repeat(999)}\n`);
    for (let at = 0; at < 1000; at++) file.write(line);
    file.close();
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    assert.ok(sizes.length > 4 && Math.max(...sizes) <= 10_000);
    assert.ok(sizes.reduce((sum, size) => sum + size) <= 80_000);
    assert.ok(readdirSync(folder).includes('moult-20261201_0099.log'), readdirSync(folder).join());
  });

  it('begins a new file with each day, and the old one is called by its own', () => {
    let now = today;
    const file = openRotatingFile({ folder, now: () => new Date(now), retention: bounds });
    utimesSync(join(folder, 'moult.log'), today / 1000, today / 1000);
    file.write(Buffer.from('one\n'));
    now += dayMs;
    file.write(Buffer.from('two\n'));
    file.close();
    assert.equal(readFileSync(join(folder, 'moult.log'), 'utf8'), 'two\n');
    const [older = ''] = readdirSync(folder).filter((name) => name !== 'moult.log');
    assert.equal(readFileSync(join(folder, older), 'utf8'), 'one\n');
  });

  it('survives that somebody removes it', () => {
    const file = openRotatingFile({ folder, now: () => new Date(today), retention: bounds });
    file.write(Buffer.from('x'.repeat(9_999)));
    rmSync(join(folder, 'moult.log'));
    file.write(Buffer.from('\n'));
    file.write(Buffer.from('after\n'));
    file.close();
    assert.equal(readFileSync(join(folder, 'moult.log'), 'utf8'), 'after\n');
  });

  it('of a command is appended to and never renamed: it is the server’s', () => {
    writeFileSync(join(folder, 'moult.log'), `${'x'.repeat(100_000)}\n`);
    const { log, close } = openLog({ dataDir, level: 'info', toStdout: false });
    log.info('mine');
    close();
    assert.deepEqual(readdirSync(folder), ['moult.log']);
  });

  it('a burst of the same refusal is twenty lines and a number, whoever is refused', () => {
    const { log, close } = openLog({ dataDir, level: 'info', toStdout: false });
    for (let client = 0; client < 10_000; client++) {
      log.warn({ site: 'reporting', fault: 'InvalidCookie', client: `10.0.${client}` }, 'call answered with a fault');
      log.warn({ site: 'reporting', status: 413, client: `10.0.${client}`, why: `${client}` }, 'call refused');
    }
    log.error({ err: new Error('something else') }, 'call failed');
    close();
    const lines = readFileSync(join(folder, 'moult.log'), 'utf8').trim().split('\n');
    assert.equal(lines.length, 20 + 20 + 1 + 2);
    const more = lines.slice(-2).map((line) => JSON.parse(line));
    assert.deepEqual(
      more.map(({ more: count, fault, status, msg }) => [count, fault ?? status, msg]),
      [
        [9980, 'InvalidCookie', '9980 more of the same in the last minute: call answered with a fault'],
        [9980, 413, '9980 more of the same in the last minute: call refused'],
      ],
    );
  });

  it('lines of ever new kinds are bounded too', () => {
    const told: [number, string | undefined][] = [];
    const more = (count: number, kind: string | undefined) => void told.push([count, kind]);
    const repeated = createRepeatedLines({ burst: 2, mostKinds: 10, more });
    const written = Array.from({ length: 1000 }, (_, at) => repeated.admit(`${at}`)).filter(Boolean).length;
    assert.equal(written, 12);
    repeated.flush();
    assert.deepEqual(told, [[988, undefined]]);
    assert.equal(repeated.admit('500'), true, 'each minute begins anew');
  });
});
