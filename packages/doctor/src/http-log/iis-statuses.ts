// The meaning of IIS statuses and sub-statuses, the finding of each, and its own first step. The numbers are
// Microsoft's public lists for IIS 6 and for IIS 7 and later. The words are ours. A status without a row of its own is
// judged by its number alone.
import type { FindingCode } from '../words/codes.ts';

export interface StatusMeaning {
  /** As IIS writes it: `500.24`. */
  status: string;
  /** `missing`: what was asked for is not there, `service`: the service or file that was asked for fails. */
  cause: FindingCode | 'missing' | 'service' | 'harmless';
  /** Goes on after "it answers 500.24:". */
  meaning: string;
  /** The first step, where this sub-status has one of its own. A whole sentence. */
  step?: string;
}

type Row = [status: string, cause: StatusMeaning['cause'], meaning: string, step?: string];

const authentication = 'In IIS Manager open Authentication of the site, of Selfupdate and of ClientWebService';
const filtering = 'In IIS Manager open Request Filtering of the site';
const impersonation =
  'In IIS Manager select the WSUS site and then each application under it. For each, open Authentication and disable ASP.NET Impersonation. Then run `iisreset`.';
const pool = 'In IIS Manager start the application pool (WsusPool).';
const rewriting = 'In IIS Manager open URL Rewrite of the server and of the site, and switch off or correct the rule.';

const rows: readonly Row[] = [
  ['400.0', 'DOCTOR_BAD_REQUEST', 'the request is malformed'],
  ['400.1', 'DOCTOR_BAD_REQUEST', 'the Destination header is invalid'],
  ['400.2', 'DOCTOR_BAD_REQUEST', 'the Depth header is invalid'],
  ['400.3', 'DOCTOR_BAD_REQUEST', 'the If header is invalid'],
  ['400.4', 'DOCTOR_BAD_REQUEST', 'the Overwrite header is invalid'],
  ['400.5', 'DOCTOR_BAD_REQUEST', 'the Translate header is invalid'],
  ['400.6', 'DOCTOR_BAD_REQUEST', 'the body of the request is invalid'],
  ['400.7', 'DOCTOR_BAD_REQUEST', 'the length of the content is invalid'],
  ['400.8', 'DOCTOR_BAD_REQUEST', 'the time-out is invalid'],
  ['400.9', 'DOCTOR_BAD_REQUEST', 'the lock token is invalid'],
  ['401.0', 'DOCTOR_ANONYMOUS_OFF', 'a logon is demanded'],
  [
    '401.1',
    'DOCTOR_ANONYMOUS_ACCOUNT',
    'the logon failed: the account for anonymous access, or its password, is not valid',
  ],
  [
    '401.2',
    'DOCTOR_ANONYMOUS_OFF',
    'the configuration allows no anonymous access',
    `${authentication}. Enable Anonymous Authentication and disable the other methods.`,
  ],
  ['401.3', 'DOCTOR_FILE_ACCESS_DENIED', 'the access list of the file or folder refuses the account'],
  ['401.4', 'DOCTOR_AUTHORIZATION_FILTER', 'an ISAPI filter refuses the request'],
  ['401.5', 'DOCTOR_AUTHORIZATION_FILTER', 'an ISAPI or CGI application refuses the request'],
  ['401.7', 'DOCTOR_FORBIDDEN', 'a URL authorization rule of the server refuses the request'],
  ['401.501', 'DOCTOR_TOO_MANY_REQUESTS', 'too many requests at once from one address'],
  ['401.502', 'DOCTOR_ADDRESS_REFUSED', 'the address is on the list of refused addresses'],
  ['401.503', 'DOCTOR_ADDRESS_REFUSED', 'the host name is on the list of refused names'],
  ['403.0', 'DOCTOR_FORBIDDEN', 'the request is refused'],
  [
    '403.1',
    'DOCTOR_FORBIDDEN',
    'execute access is not allowed',
    'In IIS Manager allow Scripts under Handler Mappings, Edit Feature Permissions (IIS 6: Execute Permissions: Scripts only).',
  ],
  [
    '403.2',
    'DOCTOR_FORBIDDEN',
    'read access is not allowed',
    'In IIS Manager allow Read under Handler Mappings, Edit Feature Permissions (IIS 6: Read on the Virtual Directory page).',
  ],
  ['403.3', 'DOCTOR_FORBIDDEN', 'write access is not allowed'],
  ['403.4', 'DOCTOR_SSL_REQUIRED', 'TLS is required'],
  ['403.5', 'DOCTOR_SSL_REQUIRED', 'TLS with 128 bits is required'],
  ['403.6', 'DOCTOR_ADDRESS_REFUSED', 'the address of the client is refused'],
  ['403.7', 'DOCTOR_CLIENT_CERTIFICATE', 'a client certificate is required'],
  ['403.8', 'DOCTOR_ADDRESS_REFUSED', 'the name of the client is refused'],
  [
    '403.9',
    'DOCTOR_TOO_MANY_REQUESTS',
    'too many clients are connected to the server',
    'In IIS Manager raise the limit of connections: Limits of the site. Windows 10 and 11 as a server allow few connections at once.',
  ],
  ['403.10', 'DOCTOR_FORBIDDEN', 'the configuration of execute access is invalid'],
  ['403.11', 'DOCTOR_FORBIDDEN', 'the password was changed'],
  ['403.12', 'DOCTOR_CLIENT_CERTIFICATE', 'the certificate mapping of the server refuses the client'],
  ['403.13', 'DOCTOR_CLIENT_CERTIFICATE', 'the client certificate is revoked'],
  ['403.14', 'DOCTOR_FORBIDDEN', 'listing of the folder is off'],
  ['403.15', 'DOCTOR_TOO_MANY_REQUESTS', 'the licences for client access are used up'],
  ['403.16', 'DOCTOR_CLIENT_CERTIFICATE', 'the client certificate is not trusted'],
  ['403.17', 'DOCTOR_CLIENT_CERTIFICATE', 'the client certificate has expired or is not valid yet'],
  [
    '403.18',
    'DOCTOR_APPLICATION_POOL',
    'the address cannot run in this application pool',
    'In IIS Manager open Basic Settings of the application and select the pool that the other WSUS applications use (WsusPool).',
  ],
  ['403.19', 'DOCTOR_APPLICATION_POOL', 'the identity of the pool may not run CGI programs'],
  ['403.20', 'DOCTOR_FORBIDDEN', 'a Passport logon failed'],
  ['403.21', 'DOCTOR_FORBIDDEN', 'access to the source is refused'],
  ['403.22', 'DOCTOR_FORBIDDEN', 'a depth without limit is refused'],
  ['403.501', 'DOCTOR_TOO_MANY_REQUESTS', 'too many requests at once from one address'],
  ['403.502', 'DOCTOR_TOO_MANY_REQUESTS', 'too many requests from one address in a short time'],
  ['403.503', 'DOCTOR_ADDRESS_REFUSED', 'the address is refused by the address restrictions'],
  ['404.0', 'missing', 'it is not there'],
  ['404.1', 'DOCTOR_WRONG_SERVER', 'no web site has this address and port'],
  [
    '404.2',
    'DOCTOR_REQUEST_FILTERED',
    'the list of ISAPI and CGI restrictions does not allow the program',
    'In IIS Manager, on the server, open ISAPI and CGI Restrictions. Allow ASP.NET of the version that WSUS uses.',
  ],
  ['404.3', 'DOCTOR_MIME_MISSING', 'the file type has no MIME type'],
  ['404.4', 'DOCTOR_MIME_MISSING', 'no handler is there for the file type'],
  [
    '404.5',
    'DOCTOR_REQUEST_FILTERED',
    'a sequence of characters in the address is refused',
    `${filtering}, URL tab, and remove the sequence.`,
  ],
  [
    '404.6',
    'DOCTOR_REQUEST_FILTERED',
    'the method is refused',
    `${filtering}, HTTP Verbs tab. Allow GET, HEAD, POST and OPTIONS.`,
  ],
  [
    '404.7',
    'DOCTOR_REQUEST_FILTERED',
    'the file extension is refused',
    `${filtering}, File Name Extensions tab. Allow .cab, .exe, .psf, .bin, .txt and .asmx.`,
  ],
  [
    '404.8',
    'DOCTOR_REQUEST_FILTERED',
    'a folder in the address is hidden',
    `${filtering}, Hidden Segments tab, and remove the name.`,
  ],
  [
    '404.9',
    'DOCTOR_REQUEST_FILTERED',
    'the file has the attribute "hidden"',
    'Remove the attribute from the files of the tree: `attrib -h /s /d "%ProgramFiles%\\Update Services\\SelfUpdate\\*"`.',
  ],
  ['404.10', 'DOCTOR_REQUEST_FILTERED', 'a header is too long', `${filtering}, Headers tab, and raise the limit.`],
  [
    '404.11',
    'DOCTOR_REQUEST_FILTERED',
    'the address is escaped twice',
    `${filtering}, Edit Feature Settings, and allow double escaping.`,
  ],
  [
    '404.12',
    'DOCTOR_REQUEST_FILTERED',
    'letters beyond ASCII are refused',
    `${filtering}, Edit Feature Settings, and allow high-bit characters.`,
  ],
  [
    '404.13',
    'DOCTOR_REQUEST_FILTERED',
    'the body of the request is too long',
    `${filtering}, Edit Feature Settings, and raise Maximum allowed content length.`,
  ],
  [
    '404.14',
    'DOCTOR_REQUEST_FILTERED',
    'the address is too long',
    `${filtering}, Edit Feature Settings, and raise Maximum URL length.`,
  ],
  [
    '404.15',
    'DOCTOR_REQUEST_FILTERED',
    'the query is too long',
    `${filtering}, Edit Feature Settings, and raise Maximum query string.`,
  ],
  ['404.16', 'DOCTOR_METHOD_REFUSED', 'a WebDAV request went to the handler of static files'],
  [
    '404.17',
    'DOCTOR_MIME_MISSING',
    'a dynamic page went to the handler of static files',
    'Register ASP.NET: Server Manager, role service ASP.NET (Windows Server 2008 and before: `aspnet_regiis -i`).',
  ],
  [
    '404.18',
    'DOCTOR_REQUEST_FILTERED',
    'a sequence of characters in the query is refused',
    `${filtering}, Query Strings tab, and remove the sequence.`,
  ],
  [
    '404.19',
    'DOCTOR_REQUEST_FILTERED',
    'a filtering rule refuses the request',
    `${filtering}, Rules tab, and remove the rule.`,
  ],
  ['404.20', 'DOCTOR_REQUEST_FILTERED', 'the address has too many parts'],
  ['404.501', 'DOCTOR_TOO_MANY_REQUESTS', 'too many requests at once from one address'],
  ['404.502', 'DOCTOR_TOO_MANY_REQUESTS', 'too many requests from one address in a short time'],
  ['404.503', 'DOCTOR_ADDRESS_REFUSED', 'the address restrictions refuse the client'],
  ['405.0', 'DOCTOR_METHOD_REFUSED', 'the method is not allowed'],
  ['406.0', 'DOCTOR_HTTP_STATUS', 'no form of the file suits the client'],
  ['411.0', 'DOCTOR_BAD_REQUEST', 'the request has no length'],
  ['412.0', 'DOCTOR_HTTP_STATUS', 'a condition of the request is not fulfilled'],
  ['413.0', 'DOCTOR_REQUEST_TOO_LARGE', 'the body of the request is too long'],
  [
    '413.1',
    'DOCTOR_REQUEST_TOO_LARGE',
    'the body of the request is longer than IIS reads ahead',
    'In IIS Manager open Configuration Editor, system.webServer/serverRuntime, and raise uploadReadAheadSize.',
  ],
  ['414.0', 'DOCTOR_BAD_REQUEST', 'the address is too long'],
  ['416.0', 'DOCTOR_RANGES_REFUSED', 'the range is refused'],
  ['429.0', 'DOCTOR_TOO_MANY_REQUESTS', 'too many requests'],
  ['500.0', 'service', 'a module, an ISAPI filter or ASP.NET failed inside'],
  ['500.11', 'DOCTOR_APPLICATION_POOL', 'the application is shutting down'],
  ['500.12', 'DOCTOR_APPLICATION_POOL', 'the application is restarting'],
  [
    '500.13',
    'DOCTOR_SERVER_BUSY',
    'the web server is too busy',
    'In IIS Manager raise the queue length of WsusPool to 2000 or more and its private memory limit to 0 (none).',
  ],
  ['500.15', 'DOCTOR_CONFIGURATION_ERROR', 'Global.asax was asked for directly'],
  ['500.16', 'DOCTOR_ANONYMOUS_ACCOUNT', 'the account for the network share of the files is not valid'],
  ['500.17', 'DOCTOR_CONFIGURATION_ERROR', 'the store of URL authorization cannot be found'],
  ['500.18', 'DOCTOR_CONFIGURATION_ERROR', 'the store of URL authorization cannot be opened'],
  [
    '500.19',
    'DOCTOR_CONFIGURATION_ERROR',
    'a web.config or applicationHost.config is invalid, or a module that it names does not load',
    'Open the address in a browser on the server itself. The error page names the configuration file, the line and the error code. Correct that line.',
  ],
  ['500.20', 'DOCTOR_CONFIGURATION_ERROR', 'the user of URL authorization is not known'],
  [
    '500.21',
    'DOCTOR_CONFIGURATION_ERROR',
    'a module is not known: ASP.NET is not registered, or a handler names a module that is not there',
    'Add the role service ASP.NET with Server Manager (Windows Server 2008 and before: `%windir%\\Microsoft.NET\\Framework64\\v2.0.50727\\aspnet_regiis.exe -i`). Then run `iisreset`.',
  ],
  [
    '500.22',
    'DOCTOR_CONFIGURATION_ERROR',
    'the web.config has a section httpModules, which the integrated pipeline does not take',
    'Move the modules from system.web/httpModules to system.webServer/modules in web.config, or let the application run in a pool with the classic pipeline.',
  ],
  [
    '500.23',
    'DOCTOR_CONFIGURATION_ERROR',
    'the web.config has a section httpHandlers, which the integrated pipeline does not take',
    'Move the handlers from system.web/httpHandlers to system.webServer/handlers in web.config, or let the application run in a pool with the classic pipeline.',
  ],
  [
    '500.24',
    'DOCTOR_CONFIGURATION_ERROR',
    'ASP.NET impersonation is on, which the integrated pipeline does not take',
    impersonation,
  ],
  ['500.50', 'DOCTOR_CONFIGURATION_ERROR', 'a rule of URL Rewrite failed on the incoming request', rewriting],
  ['500.51', 'DOCTOR_CONFIGURATION_ERROR', 'a global rule of URL Rewrite failed', rewriting],
  ['500.52', 'DOCTOR_CONFIGURATION_ERROR', 'an outbound rule of URL Rewrite failed', rewriting],
  ['500.53', 'DOCTOR_CONFIGURATION_ERROR', 'an outbound rule of URL Rewrite failed on the cached answer', rewriting],
  ['500.100', 'service', 'a page of classic ASP failed inside'],
  ['501.0', 'DOCTOR_METHOD_REFUSED', 'the server does not know the method'],
  ['502.0', 'DOCTOR_GATEWAY', 'a gateway got no usable answer'],
  ['502.1', 'DOCTOR_GATEWAY', 'a program behind the gateway did not answer in time'],
  ['502.2', 'DOCTOR_GATEWAY', 'a program behind the gateway gave an invalid answer'],
  [
    '502.3',
    'DOCTOR_GATEWAY',
    'Application Request Routing lost the connection to the server behind it',
    'In IIS Manager of the gateway, open the server farm: Proxy, and raise the time-out. Check that the server behind it runs.',
  ],
  [
    '502.4',
    'DOCTOR_GATEWAY',
    'Application Request Routing finds no server that is available',
    'In IIS Manager of the gateway, open the server farm: Monitoring and Management. Bring a server online and check its health test.',
  ],
  ['502.5', 'DOCTOR_APPLICATION_POOL', 'the ASP.NET Core module could not start the program'],
  ['503.0', 'DOCTOR_SERVICE_UNAVAILABLE', 'the application pool is stopped', pool],
  ['503.1', 'DOCTOR_SERVICE_UNAVAILABLE', 'the application pool is not available', pool],
  [
    '503.2',
    'DOCTOR_SERVER_BUSY',
    'the limit of requests at once is reached',
    'Raise appConcurrentRequestLimit of system.webServer/serverRuntime, and the queue length of WsusPool to 2000 or more.',
  ],
  [
    '503.3',
    'DOCTOR_SERVER_BUSY',
    'the queue of ASP.NET is full',
    'Raise requestQueueLimit of system.web/processModel in machine.config, and look for what makes the requests slow.',
  ],
  ['503.4', 'DOCTOR_SERVER_BUSY', 'the queue of FastCGI is full'],
  ['504.0', 'DOCTOR_GATEWAY', 'a gateway got no answer in time'],
];

/** Reasons of HTTP.sys in HTTPERR logs, and the answer that each goes with. */
const reasonRows: readonly [reason: RegExp, cause: StatusMeaning['cause'], meaning: string, step?: string][] = [
  [
    /^AppOffline/i,
    'DOCTOR_SERVICE_UNAVAILABLE',
    'the application pool is stopped (AppOffline)',
    'In IIS Manager start the application pool that the line names. Look for events 5002, 5021, 5057, 5059 and 5117 of WAS in the System log: they say why it stopped.',
  ],
  [/^AppPoolTimer/i, 'DOCTOR_SERVER_BUSY', 'the application pool is too busy to take the request (AppPoolTimer)'],
  [/^AppShutdown/i, 'DOCTOR_SERVICE_UNAVAILABLE', 'the application pool shut down (AppShutdown)', pool],
  [/^Disabled/i, 'DOCTOR_SERVICE_UNAVAILABLE', 'an administrator took the application pool offline (Disabled)', pool],
  [
    /^QueueFull/i,
    'DOCTOR_SERVER_BUSY',
    'the queue of the application pool is full (QueueFull)',
    'In IIS Manager raise the queue length of WsusPool to 2000 or more, and its private memory limit to 0 (none).',
  ],
  [
    /^ConnLimit/i,
    'DOCTOR_TOO_MANY_REQUESTS',
    'the limit of connections of the site is reached (ConnLimit)',
    'In IIS Manager raise the limit of connections: Limits of the site.',
  ],
  [
    /^Connections_Refused/i,
    'DOCTOR_SERVER_BUSY',
    'the server has no memory left for connections (Connections_Refused)',
    'Free memory of the server: nonpaged pool is below its lower limit.',
  ],
  [
    /^Connection_Abandoned/i,
    'DOCTOR_APPLICATION_POOL',
    'a worker process ended with requests unanswered (Connection_Abandoned)',
    'Look in the System log for events of WAS and in the Application log for a crash of w3wp.exe at that time. A private memory limit that is too low ends WsusPool: set it to 0 (none).',
  ],
  [
    /^Timer_AppPool/i,
    'DOCTOR_SERVER_BUSY',
    'requests waited too long in the queue of the application pool (Timer_AppPool)',
  ],
  [/^Timer_(ReqQueue)/i, 'DOCTOR_SERVER_BUSY', 'requests waited too long in the queue (Timer_ReqQueue)'],
  [/^Timer_ConnectionIdle/i, 'harmless', 'an idle connection was closed'],
  [/^Client_Reset/i, 'harmless', 'the client closed the connection'],
  [
    /^Connection_Dropped|^Timer_(HeaderWait|EntityBody|Response|MinBytes|Ssl)/i,
    'DOCTOR_CONNECTION_CUT',
    'the connection was cut before the request or the answer was complete',
  ],
  [
    /^Hostname/i,
    'DOCTOR_BAD_REQUEST',
    'the host name in the request belongs to no site (Hostname)',
    'In IIS Manager open Bindings of the site. Add the name that clients use, or leave the host name empty.',
  ],
  [
    /^(BadRequest|URL|Verb|Header|Version|FieldLength|RequestLength|LengthRequired|Invalid_CR|Number|Precondition)/i,
    'DOCTOR_BAD_REQUEST',
    'HTTP.sys calls the request invalid',
  ],
  [/^EntityTooLarge/i, 'DOCTOR_REQUEST_TOO_LARGE', 'the body of the request is too long (EntityTooLarge)'],
  [/^Forbidden/i, 'DOCTOR_FORBIDDEN', 'HTTP.sys refuses the address (Forbidden)'],
  [/^Internal/i, 'DOCTOR_SERVER_ERROR', 'HTTP.sys failed inside (Internal)'],
];

const byStatus = new Map(rows.map(([status, ...rest]) => [status, meaningOf(status, ...rest)]));

/** Every status that has a row. */
export function knownStatuses(): readonly StatusMeaning[] {
  return [...byStatus.values()];
}

/** The meaning of an answer. A sub-status without a row is its status' `.0`. Undefined for good and unknown ones. */
export function meaningOfStatus(status: number, substatus: number | undefined): StatusMeaning | undefined {
  return byStatus.get(`${status}.${substatus ?? 0}`) ?? byStatus.get(`${status}.0`);
}

/** The meaning of a reason of HTTP.sys. `N/A` and others are told by the status. */
export function meaningOfReason(reason: string): StatusMeaning | undefined {
  const row = reasonRows.find(([pattern]) => pattern.test(reason));
  return row && meaningOf(reason, row[1], row[2], row[3]);
}

function meaningOf(status: string, cause: StatusMeaning['cause'], meaning: string, step?: string): StatusMeaning {
  return { status, cause, meaning, ...(step === undefined ? {} : { step }) };
}
