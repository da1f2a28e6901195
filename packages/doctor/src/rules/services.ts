// Whose update services there are, by their ids, and which service of Windows a stage depends on. Data.
import { isMicrosoftHost } from '../http-log/record.ts';
import type { Stage } from '../story/event.ts';

/** The id of every server of yours. Each of Microsoft's own services has another one. */
export const managedService = '3da21691-e39d-4da6-8a4b-b43877bcb1b7';

/** Microsoft's services by id, as their names are in logs. */
const microsoftServices: Readonly<Record<string, string>> = {
  '9482f4b4-e343-43b6-b170-9a65bc822c77': 'Windows Update',
  '7971f918-a847-4430-9279-4a52d1efe18d': 'Microsoft Update',
  '855e8a7c-ecb4-4ca3-b045-1dfa50104289': 'Microsoft Store (DCat)',
  '117cab2d-82b1-4b5a-a08c-4d62dbee7782': 'Microsoft Store',
  '8b24b027-1dee-babb-9a95-3517dfb9c552': 'DCat Flighting (feature updates and previews)',
};

/** Those that offer updates of Windows. The Store's are asked on every machine. */
export const updateServices: ReadonlySet<string> = new Set([
  '9482f4b4-e343-43b6-b170-9a65bc822c77',
  '7971f918-a847-4430-9279-4a52d1efe18d',
]);

/** Ids that say nothing of whose service it is: the default one, and that of scans from a file. */
const ofNobody = /^0{8}-/;

/** Whose service an id names. Undefined where it names none. */
export function ownerOfService(id: string | undefined): 'yours' | 'microsoft' | undefined {
  const bare = id?.replace(/[{}]/g, '').toLowerCase();
  if (!bare || ofNobody.test(bare)) return undefined;
  return bare === managedService ? 'yours' : 'microsoft';
}

/** Its name for people. */
export function nameOfService(id: string | undefined): string | undefined {
  return id === undefined ? undefined : microsoftServices[id.replace(/[{}]/g, '').toLowerCase()];
}

/** Hosts that name a schema, not a server: a namespace in a line's XML is never asked. */
const schemaHosts = /^(?:schemas\.(?:microsoft|xmlsoap|openxmlformats)\.(?:com|org)|(?:www\.)?w3\.org)$/i;

/** The host of a URL. Undefined where it has none, or where it names a schema or the action of a SOAP message. */
export function hostOfUrl(url: string | undefined): string | undefined {
  const [, host, path = ''] = /^https?:\/\/([^/\s"'<>]+)(\/[^\s"'<>]*)?/i.exec(url ?? '') ?? [];
  if (host === undefined || schemaHosts.test(host)) return undefined;
  if (/^www\.microsoft\.com$/i.test(host) && /^\/SoftwareDistribution\b/i.test(path)) return undefined;
  return host;
}

/** Whose server a URL names. Undefined without one. */
export function ownerOfUrl(url: string | undefined): 'yours' | 'microsoft' | undefined {
  const host = hostOfUrl(url);
  if (host === undefined) return undefined;
  return isMicrosoftHost(host) ? 'microsoft' : 'yours';
}

/** A service of Windows: its name for commands, and the one that people see. */
export interface WindowsService {
  name: string;
  title: string;
}

const bits = { name: 'bits', title: 'Background Intelligent Transfer Service (bits)' };
const account = { name: 'wlidsvc', title: 'Microsoft Account Sign-in Assistant (wlidsvc)' };
const modules = { name: 'trustedinstaller', title: 'Windows Modules Installer (trustedinstaller)' };

/** The service that the agent needs in a stage, and that an error about "the service" means there. */
export const serviceOfStage: Partial<Record<Stage, WindowsService>> = {
  download: bits,
  'auth-ticket': account,
  installation: modules,
};

/** The names of services in a line: the first that matches is meant. */
export const servicesInWords: readonly { words: RegExp; service: WindowsService }[] = [
  { words: /\bwlidsvc\b|DeviceTicket|UserTickets?\b|AuthTicket|GetAgentTokenFromServer/i, service: account },
  {
    words: /\bDoSvc\b|delivery optimi[sz]ation|\bDO job\b/i,
    service: { name: 'dosvc', title: 'Delivery Optimization (dosvc)' },
  },
  { words: /\bBITS\b|\bQmgr\b|background intelligent/i, service: bits },
  { words: /\bMpsSvc\b|firewall/i, service: { name: 'mpssvc', title: 'Windows Defender Firewall (mpssvc)' } },
  { words: /TrustedInstaller|\bCBS\b|Modules Installer/i, service: modules },
  {
    words: /\bmsiserver\b|\bMSI\b|Windows Installer/i,
    service: { name: 'msiserver', title: 'Windows Installer (msiserver)' },
  },
  {
    words: /\bcryptsvc\b|Cryptographic Services/i,
    service: { name: 'cryptsvc', title: 'Cryptographic Services (cryptsvc)' },
  },
  {
    words: /\busosvc\b|UpdateOrchestrator/i,
    service: { name: 'usosvc', title: 'Update Orchestrator Service (usosvc)' },
  },
  {
    words: /\bwinhttpautoproxysvc\b|WinHTTP Web Proxy/i,
    service: { name: 'winhttpautoproxysvc', title: 'WinHTTP Web Proxy Auto-Discovery (winhttpautoproxysvc)' },
  },
];
