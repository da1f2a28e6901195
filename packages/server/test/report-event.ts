// One report of a client, and whether the server acknowledged it.
import { reporting } from '@moult/protocol/reporting';
import { writeCall } from '@moult/protocol/soap';
import { post } from './soap-client.ts';

/** Sends one event; `number` is what it says. Rejects when there is no answer. */
export async function report(
  url: string,
  cookie: { expiration: Date; encryptedData?: Uint8Array | undefined },
  eventInstanceId: string,
  number: number,
): Promise<{ status: number; isAcknowledged: boolean; bytes: Buffer }> {
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
          ...{ replacementStrings: [String(number)], miscData: [], processorArchitecture: 'Unknown', osVersion },
          osLocaleId: 1033,
        },
      },
    ],
  });
  const { status, bytes } = await post(`${url}${reporting.paths[0]}`, body);
  return { status, isAcknowledged: status === 200 && bytes.includes('<ReportEventBatchResult>true<'), bytes };
}
