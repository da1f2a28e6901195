// Writes that a server acknowledges, or refuses.
import { reporting } from '@moult/protocol/reporting';
import { writeCall } from '@moult/protocol/soap';
import { post, type RawAnswer } from './soap-client.ts';

export interface SentCookie {
  expiration: Date;
  encryptedData?: Uint8Array | undefined;
}

/** Reports one event, and answers what came back. `text` goes into it. */
export function sendReport(url: string, cookie: SentCookie, eventInstanceId: string, text: string): Promise<RawAnswer> {
  const osVersion = { major: 10, minor: 0, build: 26200, revision: 0, servicePackMajor: 0, servicePackMinor: 0 };
  const body = writeCall(reporting, 'ReportEventBatch', {
    cookie,
    clientTime: new Date(),
    eventBatch: [
      {
        basicData: {
          ...{ sequenceNumber: 0, timeAtTarget: new Date(), eventInstanceId, namespaceId: 1, eventId: 147 },
          ...{ sourceId: 101, win32HResult: 0 },
        },
        extendedData: {
          ...{ replacementStrings: [text], miscData: [], processorArchitecture: 'Unknown', osVersion },
          osLocaleId: 1033,
        },
      },
    ],
  });
  return post(`${url}${reporting.paths[0]}`, body);
}

export function isAcknowledged({ status, bytes }: RawAnswer): boolean {
  return status === 200 && bytes.includes('<ReportEventBatchResult>true<');
}
