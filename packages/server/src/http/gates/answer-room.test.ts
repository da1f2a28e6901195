import assert from 'node:assert/strict';
import { beforeEach, it, mock } from 'node:test';
import { createAnswerRoom } from './answer-room.ts';

const limits = { budgetBytes: 1000, patienceMs: 10_000, graceMs: 60_000, bytesPerSecond: 10 };
let clock = 0;
beforeEach(() => {
  clock = 0;
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});

function openRoom() {
  const room = createAnswerRoom({ ...limits, now: () => clock });
  const evicted: string[] = [];
  const inside = new Map<string, () => void>();
  const enter = async (name: string, bytes: number) => {
    inside.set(name, await room.enter(bytes, () => evicted.push(name)));
  };
  return { room, evicted, inside, enter };
}

async function pass(milliseconds: number): Promise<void> {
  clock += milliseconds;
  mock.timers.tick(milliseconds);
  await new Promise(setImmediate);
}

it('an answer that does not fit waits until another was taken, in the order of coming', async () => {
  const { room, inside, enter } = openRoom();
  await enter('a', 600);
  void enter('b', 600);
  void enter('c', 100);
  await pass(0);
  assert.deepEqual([...inside.keys()], ['a'], 'the small one does not overtake');
  inside.get('a')?.();
  await pass(0);
  assert.deepEqual([[...inside.keys()], room.usedBytes], [['a', 'b', 'c'], 700]);
});

it('one that is not taken goes when another has waited for as long as patience allows, and not before', async () => {
  const { evicted, inside, enter } = openRoom();
  await enter('stalled', 900);
  await pass(4000);
  void enter('next', 900);
  await pass(5999);
  assert.deepEqual(evicted, []);
  await pass(1);
  assert.deepEqual([evicted, inside.has('next')], [['stalled'], true]);
});

it('with nobody waiting an answer may be taken slowly, but not more slowly than the slowest line', async () => {
  const { room, evicted, enter } = openRoom();
  await enter('slow', 500);
  await pass(60_000 + 49_999);
  assert.deepEqual(evicted, []);
  await pass(1);
  assert.deepEqual([evicted, room.usedBytes], [['slow'], 0]);
});

it('one larger than all the room comes alone, and what leaves twice is counted once', async () => {
  const { room, inside, enter } = openRoom();
  await enter('huge', 5000);
  void enter('small', 1);
  await pass(0);
  assert.equal(inside.has('small'), false);
  inside.get('huge')?.();
  inside.get('huge')?.();
  await pass(0);
  assert.equal(room.usedBytes, 1);
});
