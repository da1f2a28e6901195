// The further input that decides the meaning of a line that is not understood. Data, by the stage of the line.
import type { LogEvent, Stage } from '../story/event.ts';

const byStage: Record<Stage, string> = {
  'self-update': 'the IIS log of the server of the same minute (W3SVC folders and HTTPERR)',
  detection: 'the IIS log and the SoftwareDistribution.log of the server of the same minute',
  'web-service': 'the IIS log and the SoftwareDistribution.log of the server of the same minute',
  'auth-ticket': 'the state of the account service (`sc.exe query wlidsvc`) and the System event log of the client',
  download:
    'the IIS log of the server of the same minute, and the list of BITS jobs (`bitsadmin /list /allusers /verbose`)',
  trust: 'the certificates of the client (`certutil -store -enterprise root`, `certutil -store trustedpublisher`)',
  installation: 'CBS.log and the log of the installer in %windir%\\Logs of the client',
  reporting: 'the IIS log and the SoftwareDistribution.log of the server of the same minute',
  'server-sync': 'the SoftwareDistribution.log of the server, and its proxy settings',
  database: 'the ERRORLOG of the SQL Server instance of the same minute',
  'server-setup': 'the log of the set-up in %TEMP% of the server (`tmp*.tmp`, WSUSSetup.log)',
  policy: 'the resulting policy of the client (`gpresult /h report.html`)',
  service: 'the state of the services (`sc.exe query`) and the System event log of the computer',
  other:
    'the log of the same minute from the other end: of the server if this is a client, of a client if this is the server',
};

/** In words that fit behind the heading for deciding input. */
export function decidingInput({ stage }: LogEvent): string {
  return byStage[stage];
}
