import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSweep, type SweepStep } from './sweep.ts';

const noPause = { pauseMs: 0, everyMs: 0, failed: () => undefined };

describe('a sweep', () => {
  it('runs once, however often it is asked for meanwhile', async () => {
    let runs = 0;
    const { run, close } = createSweep({ ...noPause, work: async ({ rest }) => rest().then(() => ++runs) });
    assert.deepEqual(await Promise.all([run(), run(), run()]), [1, 1, 1]);
    assert.equal(await run(), 2);
    await close();
  });

  it('ends after the step that is running, and does not wait out its pause', async () => {
    let steps = 0;
    const work = async ({ rest, isEnding }: SweepStep) => {
      while (!isEnding()) {
        steps++;
        await rest();
      }
      return steps;
    };
    const { run, close } = createSweep({ ...noPause, pauseMs: 3_600_000, work });
    const running = run();
    await close();
    assert.equal(await running, 1);
  });

  it('that fails is told once to whom it concerns, and runs again', async () => {
    const told: unknown[] = [];
    const done: number[] = [];
    let runs = 0;
    await new Promise<void>((resolve) => {
      const { close } = createSweep({
        ...{ pauseMs: 0, everyMs: 1 },
        async work() {
          if (++runs === 1) throw new Error('the disk');
          return runs;
        },
        done: (removed) => done.push(removed) === 2 && close().then(resolve),
        failed: (error) => told.push(error),
      });
    });
    assert.equal(told.length, 1);
    assert.deepEqual(done, [2, 3]);
  });
});
