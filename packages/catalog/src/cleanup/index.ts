// The choice of updates and revisions that a cleanup takes out of the catalog.
export { planRemoval, type RemovalFacts, type RemovalPlan } from './plan-removal.ts';
