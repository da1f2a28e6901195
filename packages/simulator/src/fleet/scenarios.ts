// The fleets of docs/rings.md: what must be halted before the third ring, and what must never be.
import { defaultRingPolicy, type RingPlan } from '@moult/catalog/rings';
import type { FleetOptions } from './fleet.ts';

/** As `moult rings add` makes it: 3, 10 and 30 of 100 computers, then all. */
const samplePlan: RingPlan = {
  name: 'Sample',
  rings: [3, 10, 30, 100].map((percent, at) => ({
    name: ['first', 'early', 'many', 'all'][at] ?? '',
    members: { kind: 'percent', percent },
    policy: defaultRingPolicy,
  })),
};

const good: Omit<FleetOptions, 'seed'> = {
  ...{ computers: 10_000, plan: samplePlan, fails: 0, crashes: 0, rarelyOn: 0.05, usualFailures: 0.003 },
  ...{ kind: 'update', days: 120 },
};

export interface Scenario {
  name: string;
  options: Omit<FleetOptions, 'seed'>;
  mustHalt: boolean;
}

export const scenarios: readonly Scenario[] = [0.05, 0.3].flatMap((rarelyOn) =>
  (['update', 'release'] as const).flatMap((kind) =>
    [
      { name: 'good', options: good, mustHalt: false },
      { name: 'breaks 3 %', options: { ...good, fails: 0.03 }, mustHalt: true },
      { name: 'crashes 3 %', options: { ...good, crashes: 0.03 }, mustHalt: true },
    ].map(({ name, options, mustHalt }) => ({
      name: `${kind}, ${name}, ${100 * rarelyOn} % rarely on`,
      options: { ...options, rarelyOn, kind },
      mustHalt,
    })),
  ),
);
