// Rules about clients that need more than a stage and a code. The first that holds decides.
import { publishedCodes as hr } from '@moult/protocol/hresult';
import type { Rule } from './rule.ts';

export const clientRules: readonly Rule[] = [
  // With a proxy in use the client resolves and connects to the proxy alone.
  {
    id: 'proxy-unreachable',
    when: {
      codes: [
        hr.ERROR_WINHTTP_NAME_NOT_RESOLVED,
        hr.WU_E_PT_WINHTTP_NAME_NOT_RESOLVED,
        hr.ERROR_WINHTTP_CANNOT_CONNECT,
        hr.ERROR_WINHTTP_TIMEOUT,
        hr.ERROR_WINHTTP_CONNECTION_ERROR,
        hr.ERROR_INTERNET_CONNECTION_RESET,
        hr.WU_E_PT_ENDPOINT_UNREACHABLE,
      ],
      parameters: { proxy: /./ },
    },
    is: 'DOCTOR_PROXY_UNREACHABLE',
  },
  // IIS knows no MIME type for the files of feature updates and of the Unified Update Platform.
  ...[{ codes: [hr.BG_E_HTTP_ERROR_404, hr.WU_E_PT_HTTP_STATUS_NOT_FOUND] }, { statuses: [404] }].map(
    (numbers): Rule => ({
      id: 'mime-of-upgrades',
      when: { stages: ['download'], object: /\.(?:esd|msu|wim|appx\w*|msix\w*)(?:[?#]|$)/i, ...numbers },
      is: 'DOCTOR_MIME_MISSING',
      values: { extension: '.esd, .msu and .wim' },
    }),
  ),
  { id: 'upgrade-encrypted', when: { codes: [0xc1800118] }, is: 'DOCTOR_UPGRADE_ENCRYPTED' },
  { id: 'double-slash', when: { lines: ['double-slash'] }, is: 'DOCTOR_WUSERVER_TRAILING_SLASH', verdict: 'unknown' },
  // The token for Microsoft's services comes from the account service. Without it feature updates are not offered.
  {
    id: 'device-ticket',
    when: {
      stages: ['auth-ticket'],
      codes: [
        hr.ERROR_SERVICE_NOT_ACTIVE,
        hr.ERROR_SERVICE_DISABLED,
        hr.ERROR_SERVICE_DOES_NOT_EXIST,
        hr.ERROR_SERVICE_DEPENDENCY_FAIL,
        hr.ERROR_SERVICE_REQUEST_TIMEOUT,
      ],
    },
    is: 'DOCTOR_ACCOUNT_SERVICE',
  },
  // No user is logged on, or no user with a Microsoft account: usual on every server.
  {
    id: 'no-user-ticket',
    when: { stages: ['auth-ticket'], codes: [hr.WU_E_NO_USERTOKEN, 0x8004804e, 0x80048823] },
    is: 'harmless',
  },
  // The server cannot store what clients report: its events are more than its own deletion can handle.
  {
    id: 'reports-refused',
    when: {
      stages: ['reporting'],
      codes: [
        hr.WU_E_PT_SOAPCLIENT_PARSEFAULT,
        hr.WU_E_PT_SOAPCLIENT_PARSE,
        hr.WU_E_PT_SOAP_SERVER,
        hr.WU_E_PT_SOAPCLIENT_SERVER,
        hr.WU_E_PT_HTTP_STATUS_REQUEST_TIMEOUT,
        hr.WU_E_SERVER_BUSY,
      ],
    },
    is: 'DOCTOR_REPORTS_REFUSED',
  },
  // BITS and Delivery Optimization go on by themselves after sleep, logoff and a change of network.
  {
    id: 'download-interrupted',
    when: {
      stages: ['download'],
      codes: [
        hr.BG_E_TOKEN_REQUIRED,
        hr.BG_E_NETWORK_DISCONNECTED,
        0x80200014,
        0x80200015,
        0x80200058,
        0x8020005a,
        hr.WU_E_DM_NONETWORK,
        hr.WU_E_SERVICE_STOP,
        hr.WU_E_CALL_CANCELLED,
        hr.ERROR_CANCELLED,
        hr.DO_E_DOWNLOAD_NO_PROGRESS,
        0x80d02004,
        0x80d03002,
        0x80d03003,
        0x80d03005,
      ],
    },
    is: 'DOCTOR_DOWNLOAD_INTERRUPTED',
  },
  // Written by the program that calls the agent: here the agent itself is meant.
  {
    id: 'agent-disabled',
    when: { codes: [hr.ERROR_SERVICE_DISABLED], parameters: { component: /^(?:COMAPI|ComApi|AUCLNT|AUClnt)$/ } },
    is: 'DOCTOR_SERVICE_DISABLED',
    values: { found: 'Windows Update (wuauserv)' },
  },
  {
    id: 'agent-stopped',
    when: {
      codes: [
        hr.ERROR_SERVICE_NOT_ACTIVE,
        hr.ERROR_SERVICE_REQUEST_TIMEOUT,
        hr.ERROR_SERVICE_DEPENDENCY_FAIL,
        hr.RPC_S_SERVER_UNAVAILABLE,
      ],
      parameters: { component: /^(?:COMAPI|ComApi|AUCLNT|AUClnt)$/ },
    },
    is: 'DOCTOR_SERVICE_STOPPED',
  },
];
