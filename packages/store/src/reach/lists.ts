// Lists for an account that reaches some groups only.
import type { Store } from '../contract/index.ts';
import { ServerError } from '../errors.ts';
import { withoutOthers } from './computers.ts';
import type { Reach } from './reach.ts';

type Methods =
  | ('pageComputers' | 'pageUpdates' | 'pageReports' | 'pageStatusPings' | 'pageIdentityChanges')
  | ('countCompliance' | 'countFailures' | 'countAges' | 'countSystems' | 'countAgents' | 'countConnectedHours')
  | 'loadGroupDays';

export function listsWithin(whole: Store, reach: Reach): Pick<Store, Methods> {
  const within = reach.groupIds;
  return {
    async pageComputers(filter, request) {
      const page = await whole.pageComputers({ ...filter, within }, request);
      return { ...page, items: page.items.map((one) => withoutOthers(one, reach)) };
    },

    async pageUpdates(filter, request) {
      // The figures are of all computers, and to count those of some groups costs a look at each of them.
      if (filter.isNeeded || filter.isFailed || request.sort === 'needed' || request.sort === 'failed')
        throw new ServerError(
          'SERVER_REFUSED',
          'Your account reaches some groups only. It has no list of updates by the number of computers. Ask for the computers of an update.',
        );
      return whole.pageUpdates({ ...filter, within: reach.deciding }, request);
    },

    pageReports: (filter, request) => whole.pageReports({ ...filter, within }, request),
    pageStatusPings: (filter, request) => whole.pageStatusPings({ ...filter, within }, request),
    pageIdentityChanges: (filter, request) => whole.pageIdentityChanges({ ...filter, within }, request),

    countCompliance: (filter) => whole.countCompliance({ ...filter, within }),
    countFailures: (filter) => whole.countFailures({ ...filter, within }),
    countAges: (filter, now) => whole.countAges({ ...filter, within }, now),
    countSystems: (filter) => whole.countSystems({ ...filter, within }),
    countAgents: (filter) => whole.countAgents({ ...filter, within }),
    loadGroupDays: async ({ groupIds = [], ...span }) =>
      whole.loadGroupDays({ ...span, groupIds: groupIds.filter((one) => reach.isReached(one)) }),
    countConnectedHours: (filter) => whole.countConnectedHours({ ...filter, within }),
  };
}
