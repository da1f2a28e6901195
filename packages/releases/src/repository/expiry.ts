// How long everything still lasts: alarms at 90, 30 and 7 days before the end.
import type { Published } from './folder.ts';

type ExpiryLevel = 'fine' | '90-days' | '30-days' | '7-days' | 'expired';

export interface ExpiryState {
  role: string;
  version: number;
  expires: string;
  /** Whole days left. Negative after the end. */
  daysLeft: number;
  level: ExpiryLevel;
}

const steps: [number, ExpiryLevel][] = [
  [0, 'expired'],
  [7, '7-days'],
  [30, '30-days'],
  [90, '90-days'],
];

/** The state of each published role, the most urgent first. An alarm counts from half of a role's time on. */
export function expiryStates({ root, timestamp, snapshot, targets }: Published, now: Date): ExpiryState[] {
  const top = Object.entries({ root, timestamp, snapshot });
  const states = [...top, ...targets].flatMap(([role, metadata]) => {
    if (!metadata) return [];
    const { version, expires } = metadata.signed;
    const left = Date.parse(expires) - now.getTime();
    const whole = Date.parse(expires) - Date.parse(metadata.signed['x-moult-signed'] ?? '');
    return [{ role, version, expires, daysLeft: Math.floor(left / 86_400_000), level: levelOf(left, whole) }];
  });
  return states.sort((a, b) => a.daysLeft - b.daysLeft);
}

function levelOf(leftMs: number, wholeMs: number): ExpiryLevel {
  for (const [days, level] of steps) {
    const limit = days * 86_400_000;
    // A timestamp of 14 days is not in danger because it has less than 90 left: the server renews it at half.
    if (leftMs <= limit && !(limit > wholeMs / 2)) return level;
  }
  return 'fine';
}
