// The other side of the wire, with faults to switch on. It imports neither server nor agent, because it must not share
// their mistakes.
export {
  type DownstreamReport,
  type DownstreamStep,
  playDownstream,
} from './downstream.ts';
export { type DownstreamShape, DownstreamTrouble, openLine } from './downstream-line.ts';
export type { Fault } from './faults.ts';
export { type Listening, listen } from './listen.ts';
export {
  createSusServer,
  type JournalEntry,
  type SimulatedAnswer,
  type SimulatedRelease,
  type SimulatedRequest,
  type SusServer,
  type SusServerOptions,
} from './sus-server.ts';
export { simulatedCalendar } from './upstream-calendar.ts';
export {
  type CatalogNumbers,
  type SimulatedUpdate,
  simulatedBundle,
  simulatedCatalog,
  simulatedClassifications,
  simulatedProduct,
  simulatedProductDocument,
  simulatedUpdate,
} from './upstream-catalog.ts';
export {
  createUpstreamServer,
  type UpstreamFault,
  type UpstreamOptions,
  type UpstreamServer,
} from './upstream-server.ts';
