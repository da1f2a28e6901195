export type { Difference } from './compare.ts';
export { type Shadow, type ShadowProfile, shadowWsus } from './shadow-wsus.ts';
