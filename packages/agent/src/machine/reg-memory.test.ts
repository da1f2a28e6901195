import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rememberingReg } from './reg-memory.ts';

const slowKey = 'hkey_local_machine\\software\\policies\\slow';
const own = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Own';

function lab() {
  const asked: string[] = [];
  const state = { now: 0, written: 'first', importsFail: false };
  const turns: (() => void)[] = [];
  const answer = (how: string) => (key: string) => {
    asked.push(`${how} ${key.toLowerCase()}`);
    return Buffer.from(state.written);
  };
  const reg = rememberingReg(
    { query: answer('query'), export: answer('export'), import: () => (state.importsFail ? undefined : true) },
    { slowKeys: [slowKey], keptMs: 5000, clock: () => state.now, afterTurn: (forget) => turns.push(forget) },
  );
  const read = (key: string) => Buffer.from(reg.export(key) ?? []).toString();
  const endTurn = () => {
    for (const forget of turns.splice(0)) forget();
  };
  return { reg, asked, state, read, endTurn };
}

describe('the answers of reg.exe', () => {
  it('about policy are good for five seconds, in any letter case and below the key', () => {
    const { read, state, asked, endTurn } = lab();
    read(`${slowKey}\\AU`);
    state.written = 'second';
    endTurn();
    state.now = 4999;
    assert.equal(read(`${slowKey.toUpperCase()}\\au`), 'first');
    state.now = 5000;
    assert.equal(read(`${slowKey}\\AU`), 'second');
    assert.equal(asked.length, 2);
  });

  it('about anything else are good for one turn of the event loop', () => {
    const { read, state, endTurn, asked } = lab();
    assert.equal(read(own), 'first');
    state.written = 'second';
    assert.equal(read(own), 'first');
    endTurn();
    assert.equal(read(own), 'second');
    // A key whose name only begins like a slow one is none.
    read(`${slowKey}er`);
    endTurn();
    read(`${slowKey}er`);
    assert.equal(asked.length, 4);
  });

  it('are forgotten by a change, also by one that fails', () => {
    const { reg, read, state } = lab();
    for (const importsFail of [false, true]) {
      state.importsFail = importsFail;
      state.written = 'before';
      reg.import(Buffer.of(), [slowKey, own]);
      assert.deepEqual([read(slowKey), read(own)], ['before', 'before']);
      state.written = 'after';
      assert.equal(reg.import(Buffer.of(), [own, 'HKEY_LOCAL_MACHINE\\SOFTWARE']), importsFail ? undefined : true);
      assert.deepEqual([read(slowKey), read(own)], ['after', 'after']);
    }
  });

  it('about policy stay when only the agent’s own state changes', () => {
    const { reg, read, state } = lab();
    read(slowKey);
    state.written = 'second';
    reg.import(Buffer.of(), [own]);
    assert.deepEqual([read(slowKey), read(own)], ['first', 'second']);
  });

  it('that are a refusal are remembered too: a key that is missing is not asked for again', () => {
    let asked = 0;
    const none = () => {
      asked++;
      return undefined;
    };
    const reg = rememberingReg(
      { query: none, export: none, import: () => true },
      { slowKeys: [slowKey], keptMs: 5000, clock: () => 0, afterTurn: () => undefined },
    );
    for (const _ of [1, 2])
      assert.deepEqual([reg.export(slowKey), reg.query(slowKey), reg.query(own)], Array(3).fill(undefined));
    assert.equal(asked, 3);
  });
});
