export { runFleet } from './fleet.ts';
export { type Scenario, scenarios } from './scenarios.ts';
