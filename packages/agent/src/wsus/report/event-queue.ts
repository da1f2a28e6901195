// Events for the reporting web service: written to ReportingEvents.log at once, kept in SoftwareDistribution\EventCache
// (one file each) until a server has taken them.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isDiskFault, listIfThere, readIfThere, removeFileWhenFree } from '@moult/disk';
import { programBounds } from '../../bounds.ts';
import { appendReportingEvent } from '../../logs/reporting-events-log.ts';
import type { WsusLog } from '../../logs/wsus-log.ts';
import { writeFileAtomically } from '../../machine/atomic-file.ts';
import { inWordsOf } from '../../machine/brand.ts';
import type { MachineRoot } from '../../machine/machine-root.ts';

/** One event of MS-WUSP 2.2.2.3.1, as the agent knows it. */
export interface AgentEvent {
  eventId: number;
  /** HRESULT, unsigned. */
  result: number;
  updateId: string;
  revision: number;
  /** `AutomaticUpdates`, or `SelfUpdate` for events about the agent itself. */
  appName: string;
  replacements: string[];
  /** `tag=value`. */
  miscData: string[];
  outcome: 'Success' | 'Failure' | 'Pending';
  category: string;
  message: string;
}

export interface KeptEvent extends AgentEvent {
  instanceId: string;
  /** ISO 8601. */
  at: string;
}

export interface EventQueue {
  add(event: AgentEvent): void;
  /** Those not yet reported, oldest first. */
  waiting(): { file: string; event: KeptEvent }[];
  reported(files: string[]): void;
}

export const noUpdate = { updateId: '00000000-0000-0000-0000-000000000000', revision: 0 };

export function openEventQueue(root: MachineRoot, log: WsusLog, now: () => Date): EventQueue {
  const folder = root.eventCacheFolder;
  const names = () => listIfThere(folder).filter((name) => name.endsWith('.json'));
  let sequence = 0;
  return {
    add(event) {
      const time = now();
      const message = inWordsOf(root.brand, event.message);
      const miscData = event.miscData.map((item) => inWordsOf(root.brand, item));
      const kept: KeptEvent = { ...event, message, miscData, instanceId: randomUUID(), at: time.toISOString() };
      const line = appendReportingEvent(root.reportingEventsLog, {
        ...kept,
        time,
        caller: event.appName,
      });
      log.write('Report', `REPORT EVENT: ${line}`);
      sequence += 1;
      const order = `${String(time.getTime()).padStart(15, '0')}-${String(sequence).padStart(4, '0')}`;
      try {
        writeFileAtomically(join(folder, `${order}-${kept.instanceId}.json`), JSON.stringify(kept));
        for (const name of names().slice(0, -programBounds.maxKeptEvents)) removeFileWhenFree(join(folder, name));
      } catch (error) {
        log.write('Report', `WARNING: the event cannot be kept: ${error instanceof Error ? error.message : error}`);
      }
    },
    waiting: () =>
      names().flatMap((name) => {
        const event = readKept(join(folder, name));
        return event ? [{ file: name, event }] : [];
      }),
    reported: (files) => {
      for (const name of files) removeFileWhenFree(join(folder, name));
    },
  };
}

/** A damaged file is removed: it blocks the way for ever. One that the disk cannot read now stays for the next time. */
function readKept(file: string): KeptEvent | undefined {
  try {
    const bytes = readIfThere(file);
    if (!bytes) return undefined;
    const event: KeptEvent = JSON.parse(bytes.toString('utf8'));
    if (typeof event.eventId === 'number' && typeof event.instanceId === 'string' && Array.isArray(event.miscData))
      return event;
  } catch (error) {
    if (isDiskFault(error)) return undefined;
  }
  removeFileWhenFree(file);
  return undefined;
}
