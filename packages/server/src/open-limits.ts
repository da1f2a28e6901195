// What bounds the growth of store and logs, put together from the configuration.
import type { ServerClock } from './clock/index.ts';
import type { Closers } from './closers.ts';
import { createComputerAgeing } from './computer-ageing.ts';
import type { ServerConfig } from './config/index.ts';
import { noteEventBlocks } from './event-blocks.ts';
import { createEventBounds } from './event-bounds.ts';
import { createEventRetention } from './event-retention.ts';
import { type Admission, type Admitted, createAdmission } from './limits/admission.ts';
import { createComputerCount } from './limits/computer-count.ts';
import { type ComputerEvents, createComputerEvents } from './limits/computer-events.ts';
import type { Logger } from './log.ts';
import type { Store } from './store/index.ts';

export interface Limits {
  admission: Admission;
  computerEvents: ComputerEvents;
  /** Counts the computers anew: a database that was away at the start holds some. */
  recount(): Promise<void>;
}

/** Begins to count, to bound and to take away; ended by `closers`. */
export function openLimits(
  config: ServerConfig,
  { store, clock, log }: { store: Store; clock: ServerClock; log: Logger },
  closers: Closers,
): Limits {
  const { eventDays, routineEventDays, maxComputers, maxEvents, maxPings, maxEventsPerComputer } = config;
  const failed = (error: unknown) => log.error({ err: error }, 'computers could not be counted');
  const count = createComputerCount({ store, maxComputers, failed });
  const admission = createAdmission({ perSecond: admittedPerSecond(config), store, computers: count, log });
  const computerEvents = createComputerEvents({ store, maxEvents: maxEventsPerComputer, log });
  const { strangerDays, silentComputerDays } = config;
  const clientSideTargeting = config.targeting === 'client';
  const maxEventBytes = config.maxEventMib * mebibyte;
  for (const opened of [
    count,
    admission,
    computerEvents,
    createEventRetention({ store, eventDays, routineEventDays, clock, log }),
    noteEventBlocks({ store, log }),
    createEventBounds({ store, maxEvents, maxEventBytes, maxPings, log }),
    createComputerAgeing({ store, count, strangerDays, silentComputerDays, clientSideTargeting, clock, log }),
  ]) {
    closers.add(() => opened.close());
  }
  return { admission, computerEvents, recount: count.refresh };
}

function admittedPerSecond(config: ServerConfig): Record<Admitted, number> {
  return {
    'new-computer': config.newComputersPerSecond,
    'new-name': config.newNamesPerSecond,
    ping: config.pingsPerSecond,
    'report-bytes': config.reportKibPerSecond * kibibyte,
    'refusal-line': config.refusalLinesPerSecond,
    'access-log-bytes': config.accessLogKibPerSecond * kibibyte,
  };
}

const kibibyte = 1024;
const mebibyte = 1_048_576;
