// Services that updating needs, on clients and on a WSUS server: which state is a fault, and which is usual. Pure.
import { type Observation, observe } from '../../finding.ts';
import type { ServiceSeen } from './seen.ts';

interface Known {
  title: string;
  side: 'client' | 'server';
  /** Starts when it is needed and stops again: stopped is usual. */
  onDemand: boolean;
  why: string;
}

const known: Record<string, Known> = {
  wuauserv: { title: 'Windows Update', side: 'client', onDemand: true, why: 'It is the update agent itself' },
  bits: {
    title: 'Background Intelligent Transfer Service',
    side: 'client',
    onDemand: true,
    why: 'Downloads go through it',
  },
  cryptsvc: {
    title: 'Cryptographic Services',
    side: 'client',
    onDemand: false,
    why: 'It checks the signatures of whatever is fetched',
  },
  msiserver: {
    title: 'Windows Installer',
    side: 'client',
    onDemand: true,
    why: 'Updates in .msi and .msp files need it',
  },
  trustedinstaller: {
    title: 'Windows Modules Installer',
    side: 'client',
    onDemand: true,
    why: 'It installs updates of Windows',
  },
  usosvc: {
    title: 'Update Orchestrator Service',
    side: 'client',
    onDemand: true,
    why: 'Windows 10 and later plan scans and installations with it',
  },
  dosvc: {
    title: 'Delivery Optimization',
    side: 'client',
    onDemand: true,
    why: 'Windows 10 and later download with it',
  },
  mpssvc: {
    title: 'Windows Firewall',
    side: 'client',
    onDemand: false,
    why: 'Downloads fail with 0x800706D9 while it is stopped. To switch the firewall off, switch off its profiles and leave the service running',
  },
  bfe: {
    title: 'Base Filtering Engine',
    side: 'client',
    onDemand: false,
    why: 'The firewall service needs it, and downloads need the firewall service',
  },
  wlidsvc: {
    title: 'Microsoft Account Sign-in Assistant',
    side: 'client',
    onDemand: true,
    why: 'Without it Microsoft offers no feature updates, because the device gets no ticket',
  },
  appidsvc: { title: 'Application Identity', side: 'client', onDemand: true, why: 'Some installers need it' },
  rpcss: { title: 'Remote Procedure Call', side: 'client', onDemand: false, why: 'The update agent needs it' },
  dcomlaunch: {
    title: 'DCOM Server Process Launcher',
    side: 'client',
    onDemand: false,
    why: 'The update agent needs it',
  },
  eventlog: { title: 'Windows Event Log', side: 'client', onDemand: false, why: 'The update agent needs it' },
  wsusservice: { title: 'WSUS Service', side: 'server', onDemand: false, why: 'It synchronises and downloads' },
  wsuscertserver: {
    title: 'WSUS Certificate Server',
    side: 'server',
    onDemand: true,
    why: 'It makes certificates for locally published updates',
  },
  w3svc: {
    title: 'World Wide Web Publishing Service',
    side: 'server',
    onDemand: false,
    why: 'Clients reach the server through it',
  },
  was: {
    title: 'Windows Process Activation Service',
    side: 'server',
    onDemand: false,
    why: 'It starts the application pools',
  },
};

const databases = /^mssql(?:server$|\$)/i;

/** Services that are disabled, missing or stopped without being usual so. */
export function observeServices(services: readonly ServiceSeen[], subject: string[], client: string): Observation[] {
  const ofUpdating = services.filter(({ name }) => knownOf(name) !== undefined);
  const found = ofUpdating.flatMap((service) => observeService(service, subject, client));
  if (found.length > 0 || ofUpdating.length === 0) return found;
  const names = ofUpdating.map(({ name }) => titled(name)).join(', ');
  const evidence = ofUpdating.slice(0, 4).map((service) => service.evidence);
  return [observe('DOCTOR_SERVICES_READY', 'unknown', subject, { client, found: names }, evidence)];
}

function observeService(service: ServiceSeen, subject: string[], client: string): Observation[] {
  const { name, state, start, isMissing, evidence } = service;
  const about = knownOf(name);
  if (!about) return [];
  const values = { client, found: titled(name), service: name, meaning: about.why };
  const isServer = about.side === 'server';
  const place = isServer ? ['server'] : [...subject, name];
  if (isMissing)
    return [
      observe(
        isServer ? 'DOCTOR_SERVER_SERVICE' : 'DOCTOR_SERVICE_MISSING',
        'fail',
        place,
        { ...values, found: isServer ? `${titled(name)}, not there` : titled(name) },
        [evidence],
      ),
    ];
  if (start === 'disabled')
    return [
      observe(
        isServer ? 'DOCTOR_SERVER_SERVICE' : 'DOCTOR_SERVICE_DISABLED',
        'fail',
        place,
        { ...values, found: isServer ? `${titled(name)}, disabled` : titled(name) },
        [evidence],
      ),
    ];
  if (state !== 'stopped') return [];
  if (isServer)
    return about.onDemand
      ? []
      : [
          observe(
            'DOCTOR_SERVER_SERVICE',
            'fail',
            place,
            { ...values, found: isServer ? `${titled(name)}, stopped` : titled(name) },
            [evidence],
          ),
        ];
  if (!about.onDemand || start === 'automatic')
    return [observe('DOCTOR_SERVICE_STOPPED', 'fail', place, values, [evidence])];
  return start === 'manual' ? [] : [observe('DOCTOR_SERVICE_STOPPED', 'unknown', place, values, [evidence])];
}

function knownOf(name: string): Known | undefined {
  if (databases.test(name))
    return { title: 'database', side: 'server', onDemand: false, why: 'The update server keeps everything in it' };
  return Object.hasOwn(known, name.toLowerCase()) ? known[name.toLowerCase()] : undefined;
}

/** `Windows Update (wuauserv)`. */
export function titled(name: string): string {
  const about = knownOf(name);
  return about ? `${about.title} (${name})` : name;
}

/** Why updating needs this service. Undefined for one that it does not need. */
export function needOf(name: string): string | undefined {
  return knownOf(name)?.why;
}
