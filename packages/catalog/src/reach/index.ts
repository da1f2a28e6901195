export { type CountedSystem, estimateReach, type Reach } from './estimate-reach.ts';
