// ReportEventBatch: the event cache goes to the reporting web service, oldest first. An event is removed when the
// service says that it has it.

import { counted } from '@moult/formats/text';
import type { ComputerInfo } from '@moult/protocol/client-web-service';
import { hresult, toSigned } from '@moult/protocol/hresult';
import { type ReportingEvent, reporting } from '@moult/protocol/reporting';
import type { ProcessorArchitecture } from '@moult/protocol/self-update';
import { programBounds } from '../../bounds.ts';
import { AgentError } from '../../errors.ts';
import type { ServerSession } from '../sync/server-session.ts';
import type { WebServices } from '../web-services.ts';
import type { EventQueue, KeptEvent } from './event-queue.ts';

interface ReporterIdentity {
  clientId: string;
  version: string;
  architecture: ProcessorArchitecture;
  computer: ComputerInfo;
}

/**
 * Sends everything that waits. Answers how many events that were. Throws AgentError AGENT_REPORT_REFUSED, AGENT_SYNC_….
 */
export async function sendEvents(
  services: WebServices,
  session: ServerSession,
  queue: EventQueue,
  identity: ReporterIdentity,
  now: () => Date,
): Promise<number> {
  let sent = 0;
  for (let waiting = queue.waiting(); waiting.length > 0; waiting = queue.waiting()) {
    const batch = waiting.slice(0, programBounds.maxEventsPerReport);
    const { result } = await session.call((cookie) =>
      services.call(reporting, 'ReportEventBatch', {
        cookie,
        clientTime: now(),
        eventBatch: batch.map(({ event }) => toWire(event, identity)),
      }),
    );
    if (!result) {
      throw new AgentError(
        'AGENT_REPORT_REFUSED',
        `The server did not take ${counted(batch.length, 'event')}. The agent keeps them and tries again.`,
        {
          hresult: hresult.soapServerFault,
        },
      );
    }
    queue.reported(batch.map(({ file }) => file));
    sent += batch.length;
  }
  return sent;
}

function toWire(event: KeptEvent, { clientId, version, architecture, computer }: ReporterIdentity): ReportingEvent {
  return {
    basicData: {
      targetId: { sid: clientId },
      sequenceNumber: 0,
      timeAtTarget: new Date(event.at),
      eventInstanceId: event.instanceId,
      namespaceId: 1,
      eventId: event.eventId,
      sourceId: 101,
      updateId: { updateId: event.updateId, revisionNumber: event.revision },
      win32HResult: toSigned(event.result),
      appName: event.appName,
    },
    extendedData: {
      replacementStrings: event.replacements,
      miscData: [`G=${version}`, 'Q=1', ...event.miscData],
      computerBrand: computer.computerManufacturer,
      computerModel: computer.computerModel,
      biosRevision: computer.biosVersion,
      processorArchitecture: architectures[architecture],
      osVersion: {
        major: computer.osMajorVersion,
        minor: computer.osMinorVersion,
        build: computer.osBuildNumber,
        revision: 0,
        servicePackMajor: computer.osServicePackMajorNumber,
        servicePackMinor: computer.osServicePackMinorNumber,
      },
      osLocaleId: 1033,
    },
    privateData: {},
  };
}

const architectures = { x86: 'X86Compatible', x64: 'Amd64Compatible', arm64: 'Arm64Compatible' } as const;
