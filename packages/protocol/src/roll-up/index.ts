// Roll-up (MS-WSUSSS 3.1.4.13 to 3.1.4.17): the reports of a downstream server. They share their path with those of
// clients (reporting). Agents carry that service in their programs, so the two are apart.
import { reporting } from '../reporting/index.ts';
import type { Cookie } from '../soap/cookie.ts';
import { parseDateTime } from '../soap/scalars.ts';
import type { Service } from '../soap/service.ts';
import { getOutOfSyncComputers, rollupComputerStatus, rollupComputers } from './computers.ts';
import { getRollupConfiguration, rollupDownstreamServers } from './servers.ts';

export {
  type ComputerRollupDetails,
  type ComputerRollupInfo,
  type ComputerStatusRollup,
  never,
} from './computers.ts';
export type { ClientSummary, DownstreamServerRollup, RollupConfiguration, ServerSummary } from './servers.ts';

const rollUpOperations = {
  GetRollupConfiguration: getRollupConfiguration,
  RollupDownstreamServers: rollupDownstreamServers,
  RollupComputers: rollupComputers,
  GetOutOfSyncComputers: getOutOfSyncComputers,
  RollupComputerStatus: rollupComputerStatus,
};

const operations = { ...reporting.operations, ...rollUpOperations };

/** The reporting service as a server has it: for clients and for downstream servers. */
export const serverReporting: Service<typeof operations> = { ...reporting, operations };

/** The calls of a downstream server, at the path that real WSUS has. */
export const rollUp: Service<typeof rollUpOperations> = {
  ...reporting,
  callEnvelope: 'bare',
  operations: rollUpOperations,
};

/** The cookie of every call of a roll-up is this one. */
export const rollUpCookie: Cookie = {
  expiration: parseDateTime('9999-12-31T23:59:59.9999999') ?? new Date(253_402_300_799_999),
  encryptedData: new Uint8Array(),
};
