export { type FleetOptions, type FleetResult, runFleet } from './fleet.ts';
export { seededRandom } from './random.ts';
export { type Scenario, samplePlan, scenarios } from './scenarios.ts';
