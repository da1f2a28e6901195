// Decisions and states of updates for an account that reaches some groups only.
import type { Store } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { ServerError } from '../errors.ts';
import { countStatesWithin } from '../lists/states.ts';
import type { Reach } from './reach.ts';

type Methods =
  | ('listDeploymentsOf' | 'loadDeployments' | 'deployAll')
  | ('countStates' | 'countStatesByGroup' | 'countDownstreamOf');

export function decisionsWithin({ tables }: Database, whole: Store, reach: Reach): Pick<Store, Methods> {
  return {
    async listDeploymentsOf(updates) {
      return (await whole.listDeploymentsOf(updates)).filter(({ groupId }) => reach.isShown(groupId));
    },

    async loadDeployments() {
      return (await whole.loadDeployments()).filter(({ groupId }) => reach.isShown(groupId));
    },

    async deployAll(decisions, author) {
      if (!decisions.every(({ groupId }) => reach.isReached(groupId)))
        throw new ServerError('SERVER_NOT_FOUND', 'There is no such group.');
      // The end of a decline offers the update to computers of others too.
      return whole.deployAll(decisions, author, { keepsDeclines: true });
    },

    countStates: (updateId) => countStatesWithin(tables, updateId, reach.groupIds),

    // Computers of servers below are in no group of this server.
    countDownstreamOf: async () => ({ needed: 0, failed: 0 }),

    async countStatesByGroup(updateId) {
      return (await whole.countStatesByGroup(updateId)).filter(({ groupId }) => reach.isReached(groupId));
    },
  };
}
