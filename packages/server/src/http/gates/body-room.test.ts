import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createBodyRoom } from './body-room.ts';

it('when there is no room, the body that has stood still for longest goes', () => {
  const room = createBodyRoom({ budgetBytes: 100 });
  const evicted: string[] = [];
  const enter = (name: string) => room.enter(() => evicted.push(name));
  const [first, second, third] = [enter('first'), enter('second'), enter('third')];
  for (const place of [first, second, third]) assert.ok(place.grow(30));
  assert.ok(first.grow(5), 'it moved: now the second has stood still for longest');
  assert.ok(enter('fourth').grow(10));
  assert.deepEqual([evicted, room.usedBytes], [['second'], 75]);
  assert.ok(first.grow(60));
  assert.deepEqual([evicted, room.usedBytes], [['second', 'third', 'fourth'], 95]);
});

it('complete bodies make room for nobody, and what does not fit beside them is told so', () => {
  const room = createBodyRoom({ budgetBytes: 100 });
  const waiting = room.enter(() => assert.fail('it is complete'));
  assert.ok(waiting.grow(80));
  waiting.complete();
  const late = room.enter(() => undefined);
  assert.equal(late.grow(30), false);
  late.leave();
  waiting.leave();
  waiting.leave();
  assert.equal(room.usedBytes, 0);
  assert.ok(room.enter(() => undefined).grow(100));
});

it('large bodies leave room for small ones, and do not push them out', () => {
  const room = createBodyRoom({ budgetBytes: 100, largeBudgetBytes: 70, smallBytes: 10 });
  const evicted: string[] = [];
  const enter = (name: string) => room.enter(() => evicted.push(name));
  const small = enter('small');
  assert.ok(small.grow(10));
  const large = enter('large');
  assert.ok(large.grow(5) && large.grow(55));
  large.complete();
  const second = enter('second');
  assert.ok(second.grow(10), 'as long as it is small');
  assert.equal(second.grow(1), false);
  second.leave();
  assert.deepEqual(evicted, []);
  assert.ok(enter('other').grow(10));
  large.leave();
  assert.equal(room.usedBytes, 20);
  const third = enter('third');
  assert.ok(third.grow(70));
  assert.ok(enter('fourth').grow(11), 'a large one that stands still gives way to another large one');
  assert.deepEqual(evicted, ['third']);
});
