// A call that works for each operation of the API, and what provokes the problems that only some operations have.
import { digestOfSecret } from '@moult/administration/accounts';
import { addPlan } from '@moult/administration/rings';
import { author, idOf } from '../../../../../administration/src/test/administration.ts';
import { type Asked, computerId, password, type TestApi } from './api-server.ts';
import { type Example, serverExamples, serverProvocations } from './server-examples.ts';

let made = 0;
const newGroup = async ({ ask, tokens }: TestApi) => {
  const { json } = await ask('/api/v1/groups', {
    method: 'POST',
    token: tokens.administrator,
    body: { name: `G${++made}` },
  });
  return `/groups/${(json as { groupId: string }).groupId}`;
};
/** A downstream server that reported itself. */
const downstreamServer = async ({ administration: { store } }: TestApi) => {
  const serverId = `4e5f0000-0000-4000-8000-${String(++made).padStart(12, '0')}`;
  const said = { version: '10.0', isReplica: false, lastSync: undefined, summary: undefined, systems: [] };
  const limits = { servers: 100, computers: 100, statesPerComputer: 100, systems: 100, activities: 100 };
  await store.recordDownstreamServers(
    [{ serverId, parentId: undefined, name: `D${made}`, rolledUpAt: author.at, ...said }],
    { now: author.at, clockAheadMs: 0, ownIds: [], limits },
  );
  return `/downstream/servers/${serverId}`;
};
const newRule = async ({ ask, tokens }: TestApi) => {
  const body = { name: `R${++made}`, when: { title: 'Nothing*' }, action: 'hold' };
  const { json } = await ask('/api/v1/rules', { method: 'POST', token: tokens.administrator, body });
  return `/rules/${(json as { ruleId: string }).ruleId}`;
};
const newRings = async ({ ask, tokens }: TestApi) => {
  const body = {
    name: `Rings ${++made}`,
    rings: [
      { name: 'all', groups: ['All Computers'] },
      { name: 'rest', groups: ['Unassigned Computers'] },
    ],
  };
  const { json } = await ask('/api/v1/rings', { method: 'POST', token: tokens.administrator, body });
  return `/rings/${(json as { planId: string }).planId}`;
};
const noRings = async ({ administration: { store } }: TestApi) => {
  for (const { planId } of await store.listPlans()) await store.removePlan(planId, author);
  return undefined;
};
/** Rings "Entered" of two, without an update in them. */
const emptyRings = async (api: TestApi) => {
  const { administration } = api;
  await noRings(api);
  const all = ['All Computers'];
  const rings = [
    { name: 'one', groups: all },
    { name: 'two', groups: all },
  ];
  await addPlan({ ...administration, author }, 'Entered', rings);
  return undefined;
};
/** An update in the first of two rings, after these acts. */
const onItsWay =
  (verb: string, ...before: string[]) =>
  async (api: TestApi) => {
    await emptyRings(api);
    const asked = { method: 'POST', token: api.tokens.administrator };
    await api.ask('/api/v1/rollouts', { ...asked, body: { rings: 'Entered', update: idOf(0) } });
    for (const one of before) await api.ask(`/api/v1/rollouts/${idOf(0)}/${one}`, { ...asked, body: {} });
    return `/rollouts/${idOf(0)}${verb}`;
  };
const newUser = async ({ ask, tokens }: TestApi) => {
  const body = { name: `user${++made}`, role: 'reporter' };
  await ask('/api/v1/users', { method: 'POST', token: tokens.administrator, body });
  return `/users/user${made}`;
};

const soon = () => new Date(Date.UTC(2026, 10, 23)).toISOString();
const newHold = async ({ ask, tokens }: TestApi) => {
  const body = { updates: ['KB5000001'], says: 'Screens stay black' };
  const { json } = await ask('/api/v1/holds', { method: 'POST', token: tokens.administrator, body });
  return `/holds/${(json as { holdId: string }).holdId}`;
};
const newStop = async ({ ask, tokens }: TestApi) => {
  const body = { says: 'Screens stay black', until: soon() };
  await ask('/api/v1/stop', { method: 'POST', token: tokens.administrator, body });
  return undefined;
};

/** Of somebody else, who stays the same. */
const newRequest =
  (verb = '', target?: string) =>
  async (api: TestApi) => {
    const { administration, clock } = api;
    const { store } = administration;
    const asker =
      (await store.findAccount('asker')) ??
      (await store.createAccount({ name: 'asker', role: 'approver', password: undefined }, author));
    const { requestId } = await store.askForChange(
      {
        ...{ operation: 'runRules', accountId: asker.accountId, input: {}, target },
        expiresAt: new Date(clock.at.getTime() + 3_600_000),
      },
      { author: { name: 'asker (192.0.2.1)', at: clock.at }, most: 1_000 },
    );
    return `/requests/${requestId}${verb}`;
  };

/** Of the administrator. */
const newJob = async ({ ask, tokens }: TestApi) => {
  const body = { filter: { search: 'nothing of it' }, expected: 0 };
  const asked = { method: 'POST', headers: { prefer: 'respond-async' }, body };
  const { headers } = await ask('/api/v1/bulk/declines', { ...asked, token: tokens.administrator });
  return String(headers.location).replace('/api/v1', '');
};

export const examples: Record<string, Example> = {
  ...serverExamples,
  readStatus: {},
  followChanges: {},
  readHome: {},
  listReports: {},
  listPings: {},
  listIdentityChanges: {},
  listAudit: {},
  listContent: {},
  listComputers: {},
  reportAges: {},
  reportAgents: {},
  reportCompliance: {},
  reportFailures: {},
  reportHistory: {},
  reportHours: {},
  reportNeeded: {},
  reportSilent: {},
  reportSystems: {},
  showComputer: { path: `/computers/${computerId}` },
  removeComputer: { path: '/computers/pc7' },
  addToGroup: { prepare: async (api) => `${await newGroup(api)}/computers/${computerId}` },
  removeFromGroup: { prepare: async (api) => `${await newGroup(api)}/computers/${computerId}` },
  listClones: {},
  listGroups: {},
  showGroup: { prepare: newGroup },
  addGroup: { body: { name: 'Pilot' } },
  renameGroup: { prepare: newGroup, body: { name: 'Renamed' } },
  removeGroup: { prepare: newGroup },
  listUpdates: {},
  showUpdateRelations: { path: `/updates/${idOf(0)}/relations` },
  showUpdate: { path: `/updates/${idOf(0)}` },
  countUpdateByGroup: { path: `/updates/${idOf(0)}/groups` },
  listUpdateFiles: { path: `/updates/${idOf(0)}/files` },
  previewApproval: { path: `/approvals/preview?update=${idOf(0)}&group=All+Computers` },
  approveUpdates: { body: { updates: [idOf(0)], groups: ['All Computers'] } },
  declineUpdates: { body: { updates: [idOf(1)] } },
  listDownstreamComputers: {},
  listDownstreamServers: {},
  removeDownstreamServer: { prepare: downstreamServer },
  listHolds: {},
  addHold: { body: { updates: ['KB5000001'], says: 'Screens stay black' } },
  liftHold: { prepare: newHold },
  showStop: {},
  setStop: { body: { says: 'Screens stay black', until: soon() } },
  liftStop: { path: '/stop', prepare: newStop },
  showLogOnWays: {},
  beginLogOn: { body: {} },
  finishLogOn: { body: { search: '?code=x&state=y' } },
  listRequests: {},
  showRequest: { prepare: newRequest() },
  confirmRequest: { prepare: newRequest('/confirm') },
  refuseRequest: { prepare: newRequest('/refuse') },
  listRules: {},
  showRule: { prepare: newRule },
  saveRule: { body: { name: 'Pilot', when: { title: 'Nothing*' }, action: 'install', groups: ['All Computers'] } },
  moveRule: { prepare: async (api) => `${await newRule(api)}/place`, body: { place: 1 } },
  removeRule: { prepare: newRule },
  testRules: {},
  runRules: {},
  listRings: {},
  showRings: { prepare: newRings },
  addRings: {
    path: '/rings',
    prepare: noRings,
    body: { name: 'Standard', rings: [{ name: 'all', groups: ['All Computers'] }] },
  },
  removeRings: { prepare: newRings },
  listRollouts: {},
  enterRings: { path: '/rollouts', prepare: emptyRings, body: { rings: 'Entered', update: idOf(0) } },
  showRollout: { prepare: onItsWay('') },
  pauseRollout: { prepare: onItsWay('/pause'), body: { until: soon() } },
  resumeRollout: { prepare: onItsWay('/resume', 'pause') },
  skipRing: { prepare: onItsWay('/skip') },
  rollBackRollout: { prepare: onItsWay('/roll-back') },
  explainGroup: { path: `/groups/All%20Computers/updates/${idOf(0)}` },
  approveMatchingUpdates: { body: { filter: { search: 'other' }, expected: 1 } },
  declineMatchingUpdates: { body: { filter: { search: 'other' }, expected: 1 } },
  listJobs: {},
  showJob: { prepare: newJob },
  cancelJob: { prepare: newJob },
  whoAmI: {},
  listAccounts: {},
  showAccount: { prepare: newUser },
  addAccount: { body: { name: 'carla', role: 'approver', password } },
  changeAccount: { prepare: newUser, body: { isDisabled: true } },
  removeAccount: { prepare: newUser },
  listTokens: {},
  addToken: { body: { name: 'nightly', user: 'reporter' } },
  revokeToken: {
    async prepare({ ask, tokens }) {
      const body = { name: 'short', user: 'reporter' };
      const { json } = await ask('/api/v1/tokens', { method: 'POST', token: tokens.administrator, body });
      return `/tokens/${(json as { tokenId: string }).tokenId}`;
    },
  },
  logOn: { body: { name: 'reporter', password } },
  logOff: {},
  listSessions: {},
  endSession: {
    async prepare({ ask, administration: { store } }) {
      await ask('/api/v1/session', { method: 'POST', body: { name: 'auditor', password } });
      return `/sessions/${(await store.listSessions())[0]?.sessionId}`;
    },
  },
  setUp: { body: { secret: 'wrong', name: 'first', password } },
  showOwnAccount: {},
  changeOwnPassword: { body: { password, newPassword: 'another good password' } },
  endOwnSession: { path: '/account/sessions/00000000-1111-4000-8000-000000000000' },
  revokeOwnToken: { path: '/account/tokens/00000000-1111-4000-8000-000000000000' },
};

/** The headers of a browser with a session of this account. */
export async function sessionOf(
  { administration: { store }, clock }: TestApi,
  name: string,
): Promise<Record<string, string>> {
  const secret = `session-${++made}`;
  const accountId = (await store.findAccount(name))?.accountId ?? '';
  const opened = { secretHash: digestOfSecret(secret), accountId, address: '192.0.2.9', userAgent: 'test' };
  await store.openSession(opened, { author: { ...author, at: clock.at }, most: 10 });
  return { cookie: `moult-session=${secret}`, 'sec-fetch-site': 'same-origin' };
}

const inAllComputers = async () => ({ path: `/api/v1/groups/All%20Computers/computers/${computerId}` });

/** By operation and status: what the generic ones cannot provoke. */
export const provocations: Record<string, (api: TestApi, asked: Asked) => Promise<Asked & { path?: string }>> = {
  ...serverProvocations,
  'reportNeeded 404': async (_, asked) => ({ ...asked, path: '/api/v1/reports/needed?classification=Nowhere' }),
  'logOn 401': async () => ({ body: { name: 'reporter', password: 'not the password' } }),
  'logOn 429': async ({ ask }) => {
    const wrong = { method: 'POST', body: { name: 'somebody', password: 'not the password' } };
    for (let count = 0; count < 8; count++) await ask('/api/v1/session', wrong);
    return wrong;
  },
  'changeOwnPassword 409': async () => ({}),
  'changeOwnPassword 422': async (api) => ({
    ...{ token: undefined, headers: await sessionOf(api, 'reporter') },
    body: { password, newPassword: 'short' },
  }),
  'changeOwnPassword 429': async (api) => {
    const headers = await sessionOf(api, 'reporter');
    const wrong = { token: undefined, headers, body: { password: 'not the password', newPassword: 'a good password' } };
    for (let count = 0; count < 20; count++) await api.ask('/api/v1/account/password', { method: 'POST', ...wrong });
    return wrong;
  },
  'setUp 409': async () => ({}),
  'setUp 422': async ({ administration: { store } }) => {
    for (const { accountId } of await store.listAccounts()) await store.removeAccount(accountId, author);
    const secret = 'the secret of the link';
    await store.saveSetUpLink(digestOfSecret(secret), new Date(author.at.getTime() + 1000));
    return { body: { secret, name: 'first', password: 'short' } };
  },
  'setUp 429': async ({ ask }) => {
    const wrong = { method: 'POST', body: { secret: 'wrong', name: 'first', password } };
    for (let count = 0; count < 20; count++) await ask('/api/v1/set-up', wrong);
    return wrong;
  },
  'addToGroup 409': inAllComputers,
  'removeFromGroup 409': inAllComputers,
  'addHold 404': async () => ({ body: { updates: ['Nowhere'], says: 'Screens stay black' } }),
  'addHold 409': async () => ({ body: { updates: ['KB1'], says: 'Screens stay black', link: 'nowhere' } }),
  'setStop 409': async () => ({ body: { says: 'Screens stay black', until: '2026-01-01T00:00:00Z' } }),
  'liftStop 409': async ({ ask }, asked) => {
    await ask('/api/v1/stop', asked);
    return {};
  },
  'confirmRequest 412': async (api) => ({ path: `/api/v1${await newRequest('/confirm', '"another"')(api)}` }),
  'addGroup 404': async () => ({ body: { name: 'Inside', parent: 'Nowhere' } }),
  'addGroup 409': async () => ({ body: { name: 'All Computers' } }),
  'renameGroup 409': async () => ({ body: { name: 'All Computers' } }),
  'removeGroup 409': async ({ ask, tokens }) => {
    const path = '/api/v1/groups/All%20Computers';
    const { headers } = await ask(path, { token: tokens.administrator });
    return { path, headers: { 'if-match': String(headers.etag) } };
  },
  'listDownstreamComputers 404': async () => ({ path: '/api/v1/downstream/computers?server=Nowhere' }),
  'countUpdateByGroup 404': async () => ({ path: '/api/v1/updates/Nowhere/groups' }),
  'showUpdateRelations 404': async () => ({ path: '/api/v1/updates/Nowhere/relations' }),
  'listUpdateFiles 404': async () => ({ path: '/api/v1/updates/Nowhere/files' }),
  'previewApproval 400': async () => ({ path: '/api/v1/approvals/preview' }),
  'previewApproval 404': async () => ({ path: `/api/v1/approvals/preview?update=${idOf(0)}&group=Nowhere` }),
  'saveRule 409': async () => ({ body: { name: 'x', action: 'install', groups: ['Nowhere'] } }),
  'addRings 404': async () => ({ body: { name: 'x', rings: [{ name: 'x', groups: ['Nowhere'] }] } }),
  'addRings 409': async () => ({ body: { name: ' ', rings: [{ name: 'x', groups: ['All Computers'] }] } }),
  'removeRings 409': async (api) => {
    await onItsWay('')(api);
    const { headers } = await api.ask('/api/v1/rings/Entered', { token: api.tokens.administrator });
    return { path: '/api/v1/rings/Entered', headers: { 'if-match': String(headers.etag) } };
  },
  'enterRings 404': async () => ({ body: { rings: 'Nowhere', update: idOf(0) } }),
  'enterRings 409': async () => ({ body: { rings: 'Entered', update: idOf(2) } }),
  'pauseRollout 409': async () => ({ body: { until: '2026-01-01T00:00:00Z' } }),
  'resumeRollout 409': async ({ ask }, asked) => {
    await ask(`/api/v1/rollouts/${idOf(0)}/resume`, asked);
    return {};
  },
  'skipRing 409': async ({ ask }, asked) => {
    await ask(`/api/v1/rollouts/${idOf(0)}/skip`, asked);
    return {};
  },
  'rollBackRollout 409': async ({ ask }, asked) => {
    await ask(`/api/v1/rollouts/${idOf(0)}/roll-back`, asked);
    return {};
  },
  'explainGroup 404': async () => ({ path: '/api/v1/groups/Nowhere/updates/x' }),
  'approveUpdates 404': async () => ({ body: { updates: ['Nothing of it'] } }),
  'approveUpdates 409': async () => ({ body: { updates: [idOf(2)] } }),
  'approveMatchingUpdates 404': async () => ({ body: { filter: {}, expected: 2, groups: ['Nowhere'] } }),
  'approveMatchingUpdates 409': async () => ({ body: { filter: {}, expected: 7 } }),
  'declineMatchingUpdates 404': async () => ({ body: { filter: { product: 'Nowhere' }, expected: 2 } }),
  'declineMatchingUpdates 409': async () => ({ body: { filter: {}, expected: 7 } }),
  'declineUpdates 404': async () => ({ body: { updates: ['Nothing of it'] } }),
  'declineUpdates 409': async () => ({ body: { updates: [idOf(2)] } }),
  'beginLogOn 409': async () => ({}),
  'finishLogOn 409': async () => ({}),
  'finishLogOn 429': async ({ ask }, asked) => {
    for (let count = 0; count < 20; count++) await ask('/api/v1/session/issuer/return', { ...asked, method: 'POST' });
    return {};
  },
  'addAccount 404': async () => ({ body: { name: 'new', role: 'reporter', groups: ['Nowhere'] } }),
  'addAccount 409': async () => ({ body: { name: 'Reporter', role: 'reporter' } }),
  'addAccount 422': async () => ({ body: { name: 'short', role: 'reporter', password: 'short' } }),
  'changeAccount 422': async () => ({ body: { password: 'short' } }),
  'addToken 404': async () => ({ body: { name: 'x', user: 'nowhere' } }),
  'addToken 422': async () => ({ body: { name: '=cmd', user: 'reporter' } }),
  'logOff 409': async () => ({}),
};
