export type { PoolLimits } from './pool.ts';
