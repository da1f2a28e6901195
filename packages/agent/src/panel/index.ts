// The Automatic Updates panel, for the command line: the page, and what its twin in the terminal needs.
export type { UpdateChoice, UpdateMode } from './choice.ts';
export { type OpenPanel, openPanel } from './open-panel.ts';
export { type PanelState, readPanel, requireCheckAllowed, saveChoice } from './state.ts';
export {
  checkWords,
  dayNames,
  historyWords,
  hourNames,
  keepWords,
  modesOf,
  modeWords,
  panelFacts,
  policyNotes,
} from './words.ts';
