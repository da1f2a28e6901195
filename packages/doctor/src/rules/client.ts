// Rules about clients that need more than a stage and a code. The first that holds decides.
import type { Rule } from './rule.ts';

export const clientRules: readonly Rule[] = [
  // With a proxy in use the client resolves and connects to the proxy alone.
  {
    id: 'proxy-unreachable',
    when: {
      codes: [0x80072ee7, 0x8024402c, 0x80072efd, 0x80072ee2, 0x80072efe, 0x80072eff, 0x80240438],
      parameters: { proxy: /./ },
    },
    is: 'DOCTOR_PROXY_UNREACHABLE',
  },
  // IIS knows no MIME type for the files of feature updates and of the Unified Update Platform.
  ...[{ codes: [0x80190194, 0x80244019] }, { statuses: [404] }].map(
    (numbers): Rule => ({
      id: 'mime-of-upgrades',
      when: { stages: ['download'], object: /\.(?:esd|msu|wim|appx\w*|msix\w*)(?:[?#]|$)/i, ...numbers },
      is: 'DOCTOR_MIME_MISSING',
      values: { extension: '.esd, .msu and .wim' },
    }),
  ),
  { id: 'upgrade-encrypted', when: { codes: [0xc1800118] }, is: 'DOCTOR_UPGRADE_ENCRYPTED' },
  { id: 'double-slash', when: { lines: ['double-slash'] }, is: 'DOCTOR_WUSERVER_TRAILING_SLASH', verdict: 'unknown' },
  // The token for Microsoft's services comes from the account service; without it feature updates are not offered.
  {
    id: 'device-ticket',
    when: { stages: ['auth-ticket'], codes: [0x80070426, 0x80070422, 0x80070424, 0x8007042c, 0x8007041d] },
    is: 'DOCTOR_ACCOUNT_SERVICE',
  },
  // Nobody is logged on, or nobody with a Microsoft account: usual on every server.
  {
    id: 'no-user-ticket',
    when: { stages: ['auth-ticket'], codes: [0x80240018, 0x8004804e, 0x80048823] },
    is: 'harmless',
  },
  // The server cannot store what clients report: its events are more than its own deletion can handle.
  {
    id: 'reports-refused',
    when: { stages: ['reporting'], codes: [0x80244008, 0x8024400a, 0x8024400e, 0x80244006, 0x8024401c, 0x8024f004] },
    is: 'DOCTOR_REPORTS_REFUSED',
  },
  // BITS and Delivery Optimization go on by themselves after sleep, logoff and a change of network.
  {
    id: 'download-interrupted',
    when: {
      stages: ['download'],
      codes: [
        0x80200056, 0x80200010, 0x80200014, 0x80200015, 0x80200058, 0x8020005a, 0x80246005, 0x8024001e, 0x8024000b,
        0x800704c7, 0x80d02002, 0x80d02004, 0x80d03002, 0x80d03003, 0x80d03005,
      ],
    },
    is: 'DOCTOR_DOWNLOAD_INTERRUPTED',
  },
  // Written by the program that calls the agent: here the agent itself is meant.
  {
    id: 'agent-disabled',
    when: { codes: [0x80070422], parameters: { component: /^(?:COMAPI|ComApi|AUCLNT|AUClnt)$/ } },
    is: 'DOCTOR_SERVICE_DISABLED',
    values: { found: 'Windows Update (wuauserv)' },
  },
  {
    id: 'agent-stopped',
    when: {
      codes: [0x80070426, 0x8007041d, 0x8007042c, 0x800706ba],
      parameters: { component: /^(?:COMAPI|ComApi|AUCLNT|AUClnt)$/ },
    },
    is: 'DOCTOR_SERVICE_STOPPED',
  },
];
