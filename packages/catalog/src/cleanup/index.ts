// The choice of updates and revisions that a cleanup takes out of the catalog.
export { planRemoval, type RemovalPlan } from './plan-removal.ts';
