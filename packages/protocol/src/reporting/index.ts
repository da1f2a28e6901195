// Reporting (MS-WUSP 2.2.2.3, 3.1.5.11): the events of a client.
import type { Service } from '../soap/service.ts';
import { getRequiredInventoryType, reportInventory } from './inventory.ts';
import { reportEventBatch, reportEventBatch2 } from './report-event-batch.ts';
import { rollUp } from './roll-up.ts';

export { describeReport, eventNumbers, readMiscData, routineReports } from './event-numbers.ts';
export type { ReportingEvent } from './report-event-batch.ts';

const operations = {
  ReportEventBatch: reportEventBatch,
  ReportEventBatch2: reportEventBatch2,
  GetRequiredInventoryType: getRequiredInventoryType,
  ReportInventory: reportInventory,
  GetRollupConfiguration: rollUp,
  GetOutOfSyncComputers: rollUp,
  RollupDownstreamServers: rollUp,
  RollupComputers: rollUp,
  RollupComputerStatus: rollUp,
};

export const reporting: Service<typeof operations> = {
  namespace: 'http://www.microsoft.com/SoftwareDistribution',
  // Agents post to the first. The WSDL and the examples of the specification name the second.
  paths: ['/ReportingWebService/ReportingWebService.asmx', '/ReportingWebService/WebService.asmx'],
  envelope: 'soap',
  operations,
};
