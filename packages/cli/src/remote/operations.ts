// Which operation of the API each command is. `isHere`: the command takes --server. A command that is not in the table has no
// operation yet. A test compares the table with the commands and with the operations.

interface CommandOperation {
  operation: string;
  /** The command takes --server. */
  isHere?: true;
}

/** By the words of the command. */
export const commandOperations: Readonly<Record<string, CommandOperation>> = {
  approve: { operation: 'approveUpdates', isHere: true },
  'computers add-to-group': { operation: 'addToGroup' },
  'computers clones': { operation: 'listClones' },
  'computers list': { operation: 'listComputers', isHere: true },
  'computers remove': { operation: 'removeComputer' },
  'computers remove-from-group': { operation: 'removeFromGroup' },
  'computers show': { operation: 'showComputer' },
  'content status': { operation: 'listContent' },
  decline: { operation: 'declineUpdates', isHere: true },
  events: { operation: 'listReports' },
  'groups add': { operation: 'addGroup', isHere: true },
  'groups list': { operation: 'listGroups', isHere: true },
  'groups remove': { operation: 'removeGroup' },
  'groups rename': { operation: 'renameGroup' },
  'holds add': { operation: 'addHold', isHere: true },
  'holds lift': { operation: 'liftHold', isHere: true },
  'holds list': { operation: 'listHolds', isHere: true },
  'rings add': { operation: 'addRings', isHere: true },
  'rings enter': { operation: 'enterRings', isHere: true },
  'rings list': { operation: 'listRollouts', isHere: true },
  'rings pause': { operation: 'pauseRollout', isHere: true },
  'rings remove': { operation: 'removeRings', isHere: true },
  'rings resume': { operation: 'resumeRollout', isHere: true },
  'rings rollback': { operation: 'rollBackRollout', isHere: true },
  'rings show': { operation: 'showRollout', isHere: true },
  'rings skip': { operation: 'skipRing', isHere: true },
  'rules add': { operation: 'saveRule', isHere: true },
  'rules list': { operation: 'listRules', isHere: true },
  'rules move': { operation: 'moveRule', isHere: true },
  'rules remove': { operation: 'removeRule', isHere: true },
  'rules run': { operation: 'runRules', isHere: true },
  'rules test': { operation: 'testRules', isHere: true },
  status: { operation: 'readStatus', isHere: true },
  'stop lift': { operation: 'liftStop', isHere: true },
  'stop set': { operation: 'setStop', isHere: true },
  'stop show': { operation: 'showStop', isHere: true },
  'tokens add': { operation: 'addToken' },
  'tokens list': { operation: 'listTokens' },
  'tokens revoke': { operation: 'revokeToken' },
  'updates list': { operation: 'listUpdates', isHere: true },
  'updates show': { operation: 'showUpdate' },
  'users add': { operation: 'addAccount' },
  'users change': { operation: 'changeAccount' },
  'users disable': { operation: 'changeAccount' },
  'users enable': { operation: 'changeAccount' },
  'users list': { operation: 'listAccounts' },
  'users password': { operation: 'changeAccount' },
  'users remove': { operation: 'removeAccount' },
};
