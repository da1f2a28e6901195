// Simulated fleets of 10,000 computers, 100 seeds each: bad updates and bad agent releases must be halted before the third
// ring, good ones never. MOULT_BENCH_SEEDS=10 takes fewer.
import { runFleet, type Scenario, scenarios } from '@moult/simulator/fleet';
import type { BenchRow } from '../scripts/bench.ts';

const seeds = Number(process.env.MOULT_BENCH_SEEDS ?? 100);

export async function bench(): Promise<BenchRow[]> {
  return scenarios.map((scenario) => rowOf(scenario));
}

function rowOf({ name, options, mustHalt }: Scenario): BenchRow {
  let right = 0;
  let harmed = 0;
  let hours = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const result = runFleet({ ...options, seed });
    const isHalted = result.transitions.some(({ action }) => action === 'halt');
    const isReturned = options.kind === 'update' || result.notReturned === 0;
    const isRight = mustHalt ? isHalted && result.reached[2] === 0 && isReturned : result.state.status === 'finished';
    if (isRight) right++;
    harmed += result.harmed / seeds;
    hours += result.hours / seeds;
  }
  return {
    what: `10,000 computers: ${name}`,
    ours: `${right} of ${seeds} ${mustHalt ? 'halted before ring 3' : 'through all rings'}, after ${(hours / 24).toFixed(1)} days, ${harmed.toFixed(0)} computers harmed`,
    ...{ peer: '', ratio: Number.NaN, wanted: 'all', met: right === seeds },
  };
}
