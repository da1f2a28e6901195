import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bytesPerSecondAt, createThrottle } from './bandwidth.ts';

const at = (time: string) => new Date(`2026-12-02T${time}:00`);

it('the limit is that of the span of the day, over midnight too', () => {
  const setting = '08:00-18:00=512,22:00-02:00=0';
  for (const [time, limit] of [
    ['07:59', undefined],
    ['08:00', 524_288],
    ['17:59', 524_288],
    ['18:00', undefined],
    ['23:00', 0],
    ['01:59', 0],
    ['02:00', undefined],
  ] as const)
    assert.equal(bytesPerSecondAt(setting, at(time)), limit, time);
  assert.equal(bytesPerSecondAt('off', at('12:00')), undefined);
  assert.equal(bytesPerSecondAt('100', at('12:00')), 102_400);
});

it('several downloads share one limit, and a clock that was set back holds nobody', async () => {
  let ms = 0;
  const waits: number[] = [];
  const wait = async (pause: number) => void waits.push(pause);
  const throttle = createThrottle({ setting: '1', now: () => new Date(ms), wait, isStopped: () => false });
  await throttle.take(1024);
  await throttle.take(1024);
  assert.deepEqual(waits, [1000, 2000]);
  ms = -86_400_000;
  await throttle.take(1024);
  assert.equal(waits.at(-1), 61_000);
});

it('while the limit is 0 nothing arrives, until the span ends or the work is stopped', async () => {
  let time = at('08:59').getTime();
  let isStopped = false;
  const setting = '08:00-09:00=0';
  const wait = async (pause: number) => {
    time += pause;
  };
  const throttle = createThrottle({ setting, now: () => new Date(time), wait, isStopped: () => isStopped });
  await throttle.take(1000);
  assert.equal(time, at('09:00').getTime());
  time = at('08:00').getTime();
  isStopped = true;
  await throttle.take(1000);
  assert.equal(time, at('08:00').getTime());
});
