// The answers of reg.exe, remembered for a moment. Each answer costs the start of a program, and one detection asks some
// hundred times. Most of its questions repeat the ones before.
import type { RegProgram } from './windows-registry.ts';

interface RegMemory {
  /** Keys that no program changes while another waits for it. Their answers are good for `keptMs`. In lower case. */
  slowKeys: readonly string[];
  keptMs: number;
  /** Milliseconds that only ever grow. */
  clock(): number;
  /** Calls `forget` when this turn of the event loop is over. */
  afterTurn(forget: () => void): void;
}

/**
 * Asks `reg` and remembers. Answers about slow keys are good for a while. Others are good for this turn of the event loop, in
 * which this program learns nothing of any other. A change through it forgets what it may have changed.
 */
export function rememberingReg(reg: RegProgram, { slowKeys, keptMs, clock, afterTurn }: RegMemory): RegProgram {
  const slow = new Map<string, { answer: Uint8Array | undefined; until: number }>();
  const turn = new Map<string, Uint8Array | undefined>();
  const isSlow = (key: string) => slowKeys.some((root) => `${key.toLowerCase()}\\`.startsWith(`${root}\\`));
  const touchesSlow = (key: string) =>
    isSlow(key) || slowKeys.some((slowKey) => `${slowKey}\\`.startsWith(`${key.toLowerCase()}\\`));
  const asked = (how: 'query' | 'export', key: string): Uint8Array | undefined => {
    const question = `${how} ${key.toLowerCase()}`;
    if (isSlow(key)) {
      const found = slow.get(question);
      if (found !== undefined && clock() < found.until) return found.answer;
      const answer = reg[how](key);
      slow.set(question, { answer, until: clock() + keptMs });
      return answer;
    }
    if (turn.has(question)) return turn.get(question);
    if (turn.size === 0) afterTurn(() => turn.clear());
    const answer = reg[how](key);
    turn.set(question, answer);
    return answer;
  };
  return {
    query: (key) => asked('query', key),
    export: (key) => asked('export', key),
    import(text, changed) {
      try {
        return reg.import(text, changed);
      } finally {
        // Also when it failed: a part of it may be written.
        turn.clear();
        if (changed.some(touchesSlow)) slow.clear();
      }
    },
  };
}
