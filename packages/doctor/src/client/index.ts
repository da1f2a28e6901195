export type { AgentMachine, AgentState, MachineAt } from './agent-machine.ts';
export { type ClientOptions, type ClientProgress, examineClient } from './examine.ts';
