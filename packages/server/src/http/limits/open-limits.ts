// Makes the bounds for the growth of store and logs from the configuration.

import type { ServerConfig } from '@moult/administration/config';
import type { Store } from '@moult/store';
import type { ServerClock } from '@moult/store/clock';
import type { Closers } from '../../closers.ts';
import { createComputerAgeing } from '../../housekeeping/computer-ageing.ts';
import { noteEventBlocks } from '../../housekeeping/event-blocks.ts';
import { createEventBounds } from '../../housekeeping/event-bounds.ts';
import { createEventRetention } from '../../housekeeping/event-retention.ts';
import { createGroupDays } from '../../housekeeping/group-days.ts';
import { createStateBounds, type StateBounds } from '../../housekeeping/state-bounds.ts';
import type { Logger } from '../../log/log.ts';
import { type Admission, type Admitted, createAdmission, secondsOfDay } from './admission.ts';
import { createComputerCount } from './computer-count.ts';
import { type ComputerEvents, createComputerEvents } from './computer-events.ts';

export interface Limits {
  admission: Admission;
  computerEvents: Pick<ComputerEvents, 'note'>;
  /** Counts the computers again: a database that was away at the start holds some. */
  recount(): Promise<void>;
}

/** Begins to count, to bound and to take away. Ended by `closers`. */
export function openLimits(
  config: ServerConfig,
  { store, clock, log }: { store: Store; clock: ServerClock; log: Logger },
  closers: Closers,
): Limits {
  const { eventDays, routineEventDays, maxComputers, maxEvents, maxPings, maxEventsPerComputer } = config;
  const failed = (error: unknown) => log.error({ err: error }, 'computers could not be counted');
  const count = createComputerCount({ store, maxComputers, failed });
  const admission = createAdmission({ perSecond: admittedPerSecond(config), store, computers: count, log });
  const events = createComputerEvents({ store, maxEvents: maxEventsPerComputer, log });
  const { maxStates, maxStatesPerComputer } = config;
  const states = createStateBounds({ store, maxStates, maxStatesPerComputer, log });
  const { strangerDays, silentComputerDays } = config;
  const clientSideTargeting = config.targeting === 'client';
  const maxEventBytes = config.maxEventMib * mebibyte;
  for (const opened of [
    count,
    admission,
    events,
    states,
    createEventRetention({ store, eventDays, routineEventDays, clock, log }),
    noteEventBlocks({ store, log }),
    createGroupDays({ store, clock, log }),
    createEventBounds({ store, maxEvents, maxEventBytes, maxPings, log }),
    createComputerAgeing({ store, count, strangerDays, silentComputerDays, clientSideTargeting, clock, log }),
  ]) {
    closers.add(() => opened.close());
  }
  return { admission, computerEvents: noteBoth(events, states), recount: count.refresh };
}

/** A computer that reports much may have many events, and many states. */
function noteBoth(events: ComputerEvents, states: StateBounds): Pick<ComputerEvents, 'note'> {
  return {
    note(computerId, reported) {
      events.note(computerId, reported);
      states.note(reported.bytes);
    },
  };
}

function admittedPerSecond(config: ServerConfig): Record<Admitted, number> {
  return {
    'new-computer': config.newComputersPerSecond,
    'new-name': config.newNamesPerSecond,
    ping: config.pingsPerSecond,
    'report-bytes': config.reportKibPerSecond * kibibyte,
    'refusal-line': config.refusalLinesPerSecond,
    'access-log-bytes': config.accessLogKibPerSecond * kibibyte,
    'targeting-record': config.targetingRecordsPerDay / secondsOfDay,
  };
}

const kibibyte = 1024;
const mebibyte = 1_048_576;
