// SoftwareDistribution.log: the cause by who wrote a line and what it says, in any language of the server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseLogs, failures } from '../../test/diagnose.ts';
import type { FindingCode } from '../../words/codes.ts';

let second = 0;
const line = (level: string, method: string, text: string, process = 'WsusService.14') => {
  second = (second + 1) % 60;
  return `2026-05-18 04:30:${String(second).padStart(2, '0')}.316 UTC\t${level}\t${process}\t${method}\t${text}\r\n`;
};
const mirrored = (id: number, type: string, message: string) =>
  line(
    'Info',
    'EventLogEventReporter.ReportEvent',
    `EventId=${id},Type=${type},Category=Synchronization${message && `,Message=${message}`}`,
  );
const read = (text: string) => diagnoseLogs({ 'SoftwareDistribution.log': text });
const retry = 'ProcessWebServiceProxyException found Exception was WebException. Action: Retry. Exception Details: ';
const stack = '   bei System.Web.Services.Protocols.WebClientProtocol.GetWebResponse(WebRequest request)\r\n';

describe('an error in SoftwareDistribution.log', () => {
  const causes: [string, string, FindingCode][] = [
    [
      'a synchronisation that does not trust its upstream, in German',
      line(
        'Warning',
        'WebServiceCommunicationHelper.ProcessWebServiceProxyException',
        `${retry}System.Net.WebException: Die zugrunde liegende Verbindung wurde geschlossen: Für den geschützten SSL/TLS-Kanal konnte keine Vertrauensstellung hergestellt werden.. ---> System.Security.Authentication.AuthenticationException: Das Remotezertifikat ist laut Validierungsverfahren ungültig.`,
      ) + stack,
      'DOCTOR_UPSTREAM_TLS',
    ],
    [
      'a synchronisation without a common TLS version, in French',
      line(
        'Error',
        'CatalogSyncAgent.ExecuteSyncProtocol',
        'System.Net.WebException: La demande a été abandonnée : Impossible de créer un canal sécurisé SSL/TLS.',
      ),
      'DOCTOR_UPSTREAM_TLS_OUTDATED',
    ],
    [
      'a synchronisation whose upstream name does not resolve, in Japanese',
      line(
        'Warning',
        'WebServiceCommunicationHelper.ProcessWebServiceProxyException',
        `${retry}System.Net.WebException: リモート名を解決できませんでした。: 'sws.update.microsoft.com'`,
      ),
      'DOCTOR_UPSTREAM_UNREACHABLE',
    ],
    [
      'a synchronisation that a proxy stops',
      line(
        'Error',
        'CatalogSyncAgentCore.ExecuteSyncProtocol',
        'System.Net.WebException: The request failed with HTTP status 407: Proxy Authentication Required.',
      ),
      'DOCTOR_UPSTREAM_PROXY',
    ],
    [
      'an upstream that answers 503, in Spanish',
      line(
        'Error',
        'CatalogSyncAgentCore.ExecuteSyncProtocol',
        'System.Net.WebException: Error de la solicitud con el código de estado HTTP 503: Service Unavailable.',
      ),
      'DOCTOR_UPSTREAM_REFUSED',
    ],
    [
      'the health check that does not trust the own certificate',
      line(
        'Error',
        'HmtWebServices.CheckApiRemotingWebService',
        'ApiRemoting WebService WebException:System.Net.WebException: The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel.',
      ),
      'DOCTOR_SERVER_CERTIFICATE',
    ],
    [
      'the health check of a stopped pool',
      line(
        'Warning',
        'HmtWebServices.CheckClientWebService',
        'Client WebService WebException:System.Net.WebException: Fehler bei der Anforderung mit HTTP-Status 503: Service Unavailable.',
      ),
      'DOCTOR_SERVICE_UNAVAILABLE',
    ],
    [
      'a database that runs out of time, in German',
      line(
        'Error',
        'DBConnection.ExecuteReader',
        'System.Data.SqlClient.SqlException (0x80131904): Ausführungstimeout abgelaufen. Das Zeitlimit wurde vor dem Beenden des Vorgangs überschritten oder der Server reagiert nicht.',
        'w3wp.21',
      ),
      'DOCTOR_DATABASE_SLOW',
    ],
    [
      'a database that does not let the server in',
      line(
        'Error',
        'DBConnection.Open',
        'System.Data.SqlClient.SqlException: Cannot open database "SUSDB" requested by the login. The login failed. Login failed for user \'NT AUTHORITY\\NETWORK SERVICE\'.',
      ),
      'DOCTOR_DATABASE_LOGIN',
    ],
    [
      'a database that is not there, in French',
      line(
        'Error',
        'DBConnection.Open',
        "System.Data.SqlClient.SqlException: Une erreur liée au réseau ou spécifique à l'instance s'est produite lors de l'établissement d'une connexion à SQL Server. (provider: Named Pipes Provider, error: 40 - Impossible d'ouvrir une connexion à SQL Server)",
      ),
      'DOCTOR_DATABASE',
    ],
    [
      'a database without room',
      line(
        'Error',
        'DataAccess.ExecuteSPImportUpdate',
        "System.Data.SqlClient.SqlException: The transaction log for database 'SUSDB' is full due to 'LOG_BACKUP'.",
      ),
      'DOCTOR_DATABASE_FULL',
    ],
    [
      'a procedure that is missing after an update',
      line(
        'Error',
        'ClientImplementation..ctor',
        "Exception: System.Data.SqlClient.SqlException: Could not find stored procedure 'spGetClientConfig2'.",
        'w3wp.7',
      ),
      'DOCTOR_POST_INSTALL',
    ],
    [
      'a constructor that ends with an exception, in French',
      line(
        'Error',
        'ServerSyncImplementation..ctor',
        'Exception: System.Collections.Generic.KeyNotFoundException: La clé donnée était absente du dictionnaire.',
        'w3wp.9',
      ),
      'DOCTOR_POST_INSTALL',
    ],
    [
      'a content folder that may not be written, in German',
      line(
        'Error',
        'ContentSyncAgent.WakeUpWorkerThreadProc',
        'System.UnauthorizedAccessException: Der Zugriff auf den Pfad "D:\\WSUS\\WsusContent\\3E" wurde verweigert.',
      ),
      'DOCTOR_CONTENT_FOLDER',
    ],
    [
      'files whose root certificate the server does not know, in signed decimal',
      line(
        'Info',
        'CabUtilities.CheckCertificateSignature',
        'File cert verification failed for d:\\WSUS\\WsusContent\\3E\\2C.exe with -2146762487',
      ),
      'DOCTOR_CONTENT_REFUSED',
    ],
    [
      'a disk without room',
      line(
        'Error',
        'ContentSyncAgent.WakeUpWorkerThreadProc',
        'System.IO.IOException: Es steht nicht genug Speicherplatz auf dem Datenträger zur Verfügung.',
      ),
      'DOCTOR_SERVER_DISK_FULL',
    ],
    [
      'web services without memory',
      line(
        'Error',
        'ClientWebService.SyncUpdates',
        "Exception: System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.",
      ),
      'DOCTOR_SERVER_MEMORY',
    ],
    [
      'event 364 about ranges, in French',
      mirrored(
        364,
        'Error',
        'Échec du téléchargement du fichier de contenu. Raison : Le serveur ne prend pas en charge le protocole HTTP nécessaire. Le service BITS requiert que le serveur prenne en charge les en-têtes Range.',
      ),
      'DOCTOR_UPSTREAM_RANGES',
    ],
    ['event 386 without a message', mirrored(386, 'Error', ''), 'DOCTOR_SYNCHRONIZATION'],
    [
      'event 386 with a reason',
      mirrored(
        386,
        'Error',
        'Synchronization failed. Reason: The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel.',
      ),
      'DOCTOR_UPSTREAM_TLS',
    ],
    [
      'event 364 with its reason on the next lines, in German',
      `${mirrored(364, 'Error', 'Fehler beim Herunterladen der Inhaltsdatei.')}Ursache: Zugriff verweigert\r\nQuelldatei: /msdownload/x.cab Zieldatei: D:\\WSUS\\x.cab\r\n`,
      'DOCTOR_CONTENT_FOLDER',
    ],
    [
      'a client that sends too many ids',
      line(
        'Warning',
        'SoapUtilities.CreateException',
        'ThrowException: actor = http://srv01.example:8530/ClientWebService/client.asmx, ID=00000000-0000-4000-8000-000000000005, ErrorCode=InvalidParameters, Message=parameters.OtherCachedUpdateIDs, Client=?',
        'w3wp.33',
      ),
      'DOCTOR_TOO_MANY_INSTALLED',
    ],
  ];
  for (const [what, text, code] of causes) {
    it(`has a cause: ${what}`, async () => {
      const report = await read(text);
      assert.deepEqual(failures(report), [code]);
      assert.equal(report.verdict, 'findings');
    });
  }
});

describe('a harmless line of SoftwareDistribution.log', () => {
  const harmless: [string, string][] = [
    [
      'a deadlock that is tried again',
      line(
        'Error',
        'DBConnection.ExecuteReader',
        'SqlException: Transaction (Process ID 55) was deadlocked on lock resources with another process and has been chosen as the deadlock victim.',
      ),
    ],
    [
      'a thread that is stopped',
      line('Error', 'SusEventDispatcher.Run', 'System.Threading.ThreadAbortException: Der Thread wurde abgebrochen.'),
    ],
    [
      'a client whose cookie is renewed',
      line(
        'Warning',
        'SoapUtilities.CreateException',
        'ThrowException: actor = http://srv01.example:8530/ClientWebService/client.asmx, ID=1, ErrorCode=ConfigChanged, Message=, Client=?',
      ),
    ],
    [
      'a database that is chosen',
      line('Warning', 'DBConnection.OnReceivingInfoMessage', "Changed database context to 'SUSDB'."),
    ],
    ['test keys', line('Info', 'WsusTestKeys.AreTestKeysAllowed', 'Server test key check: test keys are NOT allowed')],
  ];
  const good = mirrored(384, 'Information', 'Synchronization completed successfully.');
  for (const [what, text] of harmless) {
    it(`is no finding: ${what}`, async () => {
      const report = await read(text + good);
      assert.deepEqual([failures(report), report.verdict], [[], 'healthy']);
    });
  }
});

describe('what came later in SoftwareDistribution.log', () => {
  it('takes a failed synchronisation back', async () => {
    const report = await read(
      mirrored(386, 'Error', 'Synchronization failed. Reason: timeout') +
        mirrored(384, 'Information', 'Synchronization completed successfully.'),
    );
    assert.deepEqual([failures(report), report.verdict], [[], 'healthy']);
  });

  it('takes events of the health check back by their own family only', async () => {
    const both =
      mirrored(12_022, 'Error', 'The Client Web Service is not working.') +
      mirrored(13_042, 'Error', 'Self-update is not working.');
    assert.deepEqual(failures(await read(both + mirrored(12_020, 'Information', 'In order.'))), [
      'DOCTOR_SELF_UPDATE_DOWN',
    ]);
    assert.deepEqual(failures(await read(both + mirrored(10_000, 'Information', 'WSUS is working correctly.'))), []);
  });
});

describe('a line of SoftwareDistribution.log that is quoted without its time', () => {
  it('has its cause', async () => {
    const text =
      'Error\tWsusService.8\tCatalogSyncAgent.SyncFailed\tSystem.Net.WebException: The remote server returned an error: (403) Forbidden.\r\n';
    assert.deepEqual(failures(await read(text)), ['DOCTOR_UPSTREAM_REFUSED']);
  });
});

describe('a cookie that a WSUS server refuses', () => {
  it('is neither a finding nor an all-clear by itself', async () => {
    const text = line(
      'Warning',
      'SoapUtilities.CreateException',
      'ThrowException: actor = http://srv01.example:8530/ClientWebService/client.asmx, ID=1, ErrorCode=InvalidCookie, Message=, Client=?',
    );
    const report = await read(text);
    assert.deepEqual([failures(report), report.verdict], [[], 'undecided']);
  });
});

describe('the check of the content folder', () => {
  it('is about the folder, in its own words', async () => {
    const text = line(
      'Error',
      'HmtContentDirectory.Check',
      'System.ComponentModel.Win32Exception (0x80004005): Access is denied',
    );
    assert.deepEqual(failures(await read(text)), ['DOCTOR_CONTENT_FOLDER']);
  });
});

describe('an unknown error of SoftwareDistribution.log', () => {
  it('with a code of clients is no trouble of a client', async () => {
    const report = await read(line('Error', 'Frobnicator.Frobnicate', 'Failed with 0x80070005'));
    assert.deepEqual([failures(report), report.verdict], [[], 'undecided']);
  });

  it('leaves the report undecided, and is shown', async () => {
    const report = await read(line('Error', 'Frobnicator.Frobnicate', 'The frobnicator broke down') + stack);
    assert.equal(report.verdict, 'undecided');
    assert.match(JSON.stringify(report.findings), /The frobnicator broke down/);
  });
});
