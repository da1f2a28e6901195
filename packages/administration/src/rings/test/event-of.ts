// What a computer of the tests reports about the first update of their catalog.
import type { ReportedEvent } from '@moult/store';
import { idOf } from '../../test/administration.ts';

/** The `number` tells apart events that one computer sends at one time. */
export function eventOf(computerId: string, outcome: 'installed' | 'failed', at: Date, number: number): ReportedEvent {
  const isReport = outcome === 'installed';
  return {
    instanceId: `${computerId.slice(-12)}${at.getTime()}${number}`,
    ...{ computerId, timeAtTarget: at, namespaceId: 1, sourceId: 1, appName: '', revisionNumber: 1 },
    eventNumber: isReport ? 156 : 182,
    updateId: isReport ? undefined : idOf(0),
    win32HResult: isReport ? 0 : -2_147_024_894,
    replacementStrings: [],
    miscData: isReport ? [`V=${idOf(0)}`] : [],
  };
}
