// Bounds of the reports of downstream servers. Their callers do not prove who they are, so all of it is bounded.
import { declareBounds } from '@moult/bounds';

const refused = 'fault InvalidParameters';

export const rollUpBounds = declareBounds('roll-up', {
  maxServers: {
    what: 'Downstream servers that are known, those below others included',
    fallback: 1000,
    range: [1, 100_000],
    client: 'fault InternalServerError',
    administrator: 'one line in `moult.log`. `moult downstream remove` makes room',
  },
  maxComputers: {
    what: 'Computers of downstream servers that are known',
    fallback: 250_000,
    range: [0, 10_000_000],
    client: 'fault InternalServerError',
    administrator: 'one line in `moult.log`. `moult downstream remove` makes room',
  },
  maxStates: {
    what: 'States of updates that are kept of one computer of a downstream server',
    fallback: 5000,
    range: [10, 100_000],
    client: 'nothing',
    administrator: 'the first ones are kept',
  },
  /** As Windows. */
  maxSummaries: {
    what: 'Client summaries in one RollupDownstreamServers call. GetRollupConfiguration tells it',
    fallback: 5000,
    range: [1, 100_000],
    client: refused,
    administrator: 'one line in `moult.log`',
  },
  /** As Windows. */
  maxComputersPerCall: {
    what: 'Computers in one RollupComputers call. GetRollupConfiguration tells it',
    fallback: 1500,
    range: [1, 100_000],
    client: refused,
    administrator: 'one line in `moult.log`',
  },
  /** As Windows. */
  maxNumbers: {
    what: 'Computers in one GetOutOfSyncComputers call. GetRollupConfiguration tells it',
    fallback: 20_000,
    range: [1, 1_000_000],
    client: refused,
    administrator: 'one line in `moult.log`',
  },
  /** Windows takes 500: with 300 states each they are 30 MB, and our requests have 4 MiB. */
  maxStatuses: {
    what: 'Computers in one RollupComputerStatus call. GetRollupConfiguration tells it',
    fallback: 50,
    range: [1, 10_000],
    client: refused,
    administrator: 'one line in `moult.log`',
  },
  maxSystems: {
    what: 'Operating systems that are kept of one downstream server, with their number of computers',
    fallback: 1000,
    range: [1, 100_000],
    client: 'nothing',
    administrator: 'the first ones are kept',
  },
  maxActivities: {
    what: 'Counts of installations that are kept of one downstream server, by system and update',
    fallback: 100_000,
    range: [0, 10_000_000],
    client: 'nothing',
    administrator: 'the first ones are kept',
  },
  maxGroups: {
    what: 'Groups that are kept of one computer of a downstream server',
    fallback: 100,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the first ones are kept',
  },
});
