// The web services over SOAP, for clients and for downstream servers: their handlers, and how many calls they answer at once.

import type { ServerConfig } from '@moult/administration/config';
import { clientWebService } from '@moult/protocol/client-web-service';
import { serverReporting } from '@moult/protocol/roll-up';
import { dssAuthWebService, serverSyncWebService } from '@moult/protocol/server-sync';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { callBounds } from './bounds.ts';
import { createAnswerRoom } from './http/gates/answer-room.ts';
import { createBodyRoom } from './http/gates/body-room.ts';
import { createCallGate } from './http/gates/call-gate.ts';
import type { Admission } from './http/limits/admission.ts';
import type { Site } from './http/site.ts';
import type { Logger } from './log/log.ts';
import { laterHandlers } from './open-when-there.ts';
import { clientWebServiceHandlers } from './sites/client-web-service/index.ts';
import { reportingHandlers } from './sites/reporting/index.ts';
import { dssAuthHandlers, serverSyncHandlers } from './sites/server-sync/index.ts';
import { simpleAuthHandlers } from './sites/simple-auth/index.ts';
import { createSoapSite } from './update-service/soap-site.ts';
import { refreshedFirst, type UpdateService } from './update-service/update-service.ts';

interface ServiceHandlers {
  client: ReturnType<typeof clientWebServiceHandlers>;
  simpleAuth: ReturnType<typeof simpleAuthHandlers>;
  reporting: ReturnType<typeof reportingHandlers>;
  dssAuth: ReturnType<typeof dssAuthHandlers>;
  serverSync: ReturnType<typeof serverSyncHandlers>;
}

export function handlersOf(service: UpdateService): ServiceHandlers {
  return {
    client: refreshedFirst(service, clientWebServiceHandlers(service)),
    simpleAuth: refreshedFirst(service, simpleAuthHandlers(service)),
    reporting: refreshedFirst(service, reportingHandlers(service)),
    dssAuth: refreshedFirst(service, dssAuthHandlers(service)),
    serverSync: refreshedFirst(service, serverSyncHandlers(service)),
  };
}

/** Handlers of services that may be opened later: clients are told ServerBusy until then. */
export function laterServices(current: () => ServiceHandlers | undefined): ServiceHandlers {
  return {
    client: laterHandlers(Object.keys(clientWebService.operations), () => current()?.client),
    simpleAuth: laterHandlers(Object.keys(simpleAuth.operations), () => current()?.simpleAuth),
    reporting: laterHandlers(Object.keys(serverReporting.operations), () => current()?.reporting),
    dssAuth: laterHandlers(Object.keys(dssAuthWebService.operations), () => current()?.dssAuth),
    serverSync: laterHandlers(Object.keys(serverSyncWebService.operations), () => current()?.serverSync),
  };
}

const mebibyte = 1_048_576;

/** So much of the memory for request bodies is there for large ones. */
const largeShare = 0.75;

/** The services on their paths, behind one gate. */
export function soapSites(
  config: ServerConfig,
  handlers: ServiceHandlers,
  { admission, log }: { admission: Admission; log: Logger },
): Site[] {
  // The listener cuts a connection that is idle for so long: who waits is told ServerBusy well before.
  const maxWaitMs = (config.idleTimeoutSeconds * 1000 * 3) / 4;
  const gate = createCallGate({ maxInFlight: config.maxCallsInFlight, maxWaiting: config.maxCallsWaiting, maxWaitMs });
  const writing = createCallGate({
    maxInFlight: callBounds.maxAnswersWritten,
    maxWaiting: config.maxCallsInFlight,
    maxWaitMs,
  });
  const maxRequestBytes = config.maxRequestMib * mebibyte;
  const large = createCallGate({ maxInFlight: 1, maxWaiting: callBounds.maxLargeWaiting, maxWaitMs, rests: true });
  // The largest body fits in any case, and small ones beside it.
  const budgetBytes = Math.max(config.requestMemoryMib * mebibyte, maxRequestBytes + mebibyte);
  const largeBudgetBytes = Math.max(budgetBytes * largeShare, maxRequestBytes);
  const bodies = createBodyRoom({ budgetBytes, largeBudgetBytes, smallBytes: callBounds.smallBytes });
  const answers = createAnswerRoom({
    patienceMs: callBounds.answerPatienceMs,
    graceMs: callBounds.answerGraceMs,
    bytesPerSecond: callBounds.leastAnswerBytesPerSecond,
    budgetBytes: config.answerMemoryMib * mebibyte,
  });
  const shared = { gate, large, writing, bodies, answers, log, maxRequestBytes, admission };
  return [
    createSoapSite({
      ...shared,
      ...{
        name: 'client-web-service',
        service: clientWebService,
        contract: 'client' as const,
        cacheControl: 'private',
      },
      handlers: handlers.client,
    }),
    createSoapSite({
      ...shared,
      ...{
        name: 'simple-auth',
        service: simpleAuth,
        contract: 'simpleauth' as const,
        cacheControl: 'private, max-age=0',
      },
      handlers: handlers.simpleAuth,
    }),
    createSoapSite({
      ...shared,
      countsAsReports: true,
      ...{ name: 'reporting', service: serverReporting, contract: 'reporting' as const },
      cacheControl: 'private, max-age=0',
      handlers: handlers.reporting,
    }),
    createSoapSite({
      ...shared,
      ...{ name: 'dss-auth', service: dssAuthWebService, contract: 'dssauth' as const },
      ...{ cacheControl: 'private, max-age=0', handlers: handlers.dssAuth },
    }),
    createSoapSite({
      ...shared,
      ...{ name: 'server-sync', service: serverSyncWebService, contract: 'serversync' as const },
      ...{ cacheControl: 'private, max-age=0', handlers: handlers.serverSync },
    }),
  ];
}
