// Windows events: the same event in each form and in several languages gives the same cause, by provider and number.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseLogs, failures } from '../../test/diagnose.ts';
import type { FindingCode } from '../../words/codes.ts';

const agent = 'Microsoft-Windows-WindowsUpdateClient';
const wsus = 'Windows Server Update Services';
const read = (text: string, name = 'PC7/events.txt') => diagnoseLogs({ [name]: text });

const xml = (provider: string, id: number, level: number, data: Record<string, string>, at = '2026-09-28T19:26:29Z') =>
  `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='${provider}'/><EventID>${id}</EventID><Level>${level}</Level><TimeCreated SystemTime='${at}'/></System><EventData>${Object.entries(
    data,
  )
    .map(([name, value]) => `<Data Name='${name}'>${value}</Data>`)
    .join('')}</EventData></Event>`;

const viewer = (
  provider: string,
  id: number,
  level: string,
  text: string,
  labels: string[],
  at = '28.09.2026 19:26:29',
) =>
  [provider, 'System'].length > 0
    ? `${labels[0]}System\r\n${labels[1]}${provider}\r\n${labels[2]}${at}\r\n${labels[3]}${id}\r\n${labels[4]}Windows Update-Agent\r\n${labels[5]}${level}\r\n${labels[6]}x\r\n${labels[7]}SYSTEM\r\n${labels[8]}PC7\r\n${labels[9]}\r\n${text}\r\n\r\n`
    : '';
const german = [
  'Protokollname: ',
  'Quelle:        ',
  'Datum:         ',
  'Ereignis-ID:   ',
  'Aufgabenkategorie:',
  'Ebene:         ',
  'Schlüsselwörter:',
  'Benutzer:      ',
  'Computer:      ',
  'Beschreibung:',
];
const french = [
  'Nom du journal :',
  'Source :       ',
  'Date :         ',
  'ID de l’événement :',
  'Catégorie de la tâche :',
  'Niveau :       ',
  'Mots clés :    ',
  'Utilisateur :  ',
  'Ordinateur :   ',
  'Description :',
];
const japanese = [
  'ログの名前:         ',
  'ソース:           ',
  '日付:            ',
  'イベント ID:       ',
  'タスクのカテゴリ:      ',
  'レベル:           ',
  'キーワード:         ',
  'ユーザー:          ',
  'コンピューター:       ',
  '説明:',
];

describe('a failed installation (event 20)', () => {
  const forms: Record<string, string> = {
    'as XML': xml(agent, 20, 2, { errorCode: '0x80070070', updateTitle: 'Update (KB5099999)' }),
    'as the XML of the details view': xml(agent, 20, 2, { errorCode: '0x80070070' }).replaceAll('><', '>\r\n- <'),
    'with a signed number': xml(agent, 20, 2, { errorCode: '-2147024784', updateTitle: 'Update (KB5099999)' }),
    'copied from Event Viewer, in German': viewer(
      agent,
      20,
      'Fehler',
      'Installationsfehler: Die Installation des folgenden Updates ist mit Fehler 0x80070070 fehlgeschlagen: Update (KB5099999).',
      german,
    ),
    'copied from Event Viewer, in French': viewer(
      agent,
      20,
      'Erreur',
      "Échec de l'installation : Windows n'a pas pu installer la mise à jour suivante avec l'erreur 0x80070070 : Update (KB5099999).",
      french,
    ),
    'copied from Event Viewer, in Japanese': viewer(
      agent,
      20,
      'エラー',
      'インストールの失敗: エラー 0x80070070 で次の更新プログラムのインストールに失敗しました: Update (KB5099999)',
      japanese,
      '2026/09/28 19:26:29',
    ),
    'of wevtutil': `Event[0]:\r\n  Log Name: System\r\n  Source: ${agent}\r\n  Date: 2026-09-28T19:26:29.430\r\n  Event ID: 20\r\n  Task: Windows Update Agent\r\n  Level: Error\r\n  Opcode: Installation\r\n  Keyword: Failure\r\n  User: S-1-5-18\r\n  User Name: NT AUTHORITY\\SYSTEM\r\n  Computer: PC7\r\n  Description: \r\nInstallation Failure: Windows failed to install the following update with error 0x80070070: Update (KB5099999).\r\n`,
    'of Windows XP, in German': `Ereignistyp:\tFehler\r\nEreignisquelle:\tWindows Update Agent\r\nEreigniskategorie:\tInstallation \r\nEreigniskennung:\t20\r\nDatum:\t\t28.09.2006\r\nZeit:\t\t19:26:29\r\nBenutzer:\t\tNicht zutreffend\r\nComputer:\tPC7\r\nBeschreibung:\r\nInstallationsfehler: Fehler 0x80070070: Update.\r\n`,
    'as CSV of Event Viewer, in German': `Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\r\nFehler,28.09.2026 19:26:29,${agent},20,Windows Update-Agent,"Installationsfehler: Fehler 0x80070070: Update, mit Komma (KB5099999)."\r\n`,
    'as text with tabs, in Spanish': `Nivel\tFecha y hora\tOrigen\tId. del evento\tCategoría de la tarea\r\nError\t28/09/2026 19:26:29\t${agent}\t20\tAgente\tError de instalación: 0x80070070: Update (KB5099999).\r\n`,
    'of Get-WinEvent, as a list': `\r\nTimeCreated  : 9/28/2026 7:26:29 PM\r\nProviderName : ${agent}\r\nId           : 20\r\nMessage      : Installation Failure: Windows failed to install the following update with error\r\n               0x80070070: Update (KB5099999).\r\n\r\n`,
    'of Get-WinEvent, as a table': `\r\n   ProviderName: ${agent}\r\n\r\nTimeCreated                     Id LevelDisplayName Message\r\n-----------                     -- ---------------- -------\r\n9/28/2026 7:26:29 PM            20 Error            Installation Failure: ... error 0x80070070: Upd...\r\n`,
    'of Get-EventLog, as a list': `\r\nIndex              : 71083\r\nEntryType          : Error\r\nInstanceId         : 20\r\nMessage            : Installation Failure: 0x80070070: Update (KB5099999).\r\nCategory           : Windows Update Agent\r\nReplacementStrings : {0x80070070, Update (KB5099999), {1}, 200}\r\nSource             : ${agent}\r\nTimeGenerated      : 9/28/2026 7:26:29 PM\r\n\r\n`,
    'of Get-EventLog, as a table': `   Index Time          EntryType   Source                 InstanceID Message\r\n   ----- ----          ---------   ------                 ---------- -------\r\n   71083 Sep 28 19:26  Error       Microsoft-Windows...           20 Installation Failure: error 0x80070070: Upd...\r\n`,
    'exported by Export-Csv': `#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n"Message","Id","LevelDisplayName","ProviderName","TimeCreated"\r\n"Installation Failure: error 0x80070070:\r\nUpdate (KB5099999).","20","Error","${agent}","9/28/2026 7:26:29 PM"\r\n`,
    'on one line': `Log Name: System Source: ${agent} Date: 9/28/2026 7:26:29 PM Event ID: 20 Task Category: Windows Update Agent Level: Error Keywords: Failure User: SYSTEM Computer: PC7 Description: Installation Failure: error 0x80070070: Update (KB5099999).\r\n`,
  };
  for (const [form, text] of Object.entries(forms)) {
    it(`${form} gives its cause`, async () => {
      const report = await read(text);
      assert.deepEqual(failures(report), ['DOCTOR_DISK_FULL'], JSON.stringify(report.looked));
    });
  }
});

describe('events that are not in their order', () => {
  const failed = xml(agent, 20, 2, { errorCode: '0x80070643', updateGuid: '{1}' }, '2026-09-28T19:00:00Z');
  const began = xml(agent, 43, 4, { updateGuid: '{1}' }, '2026-09-28T19:30:00Z');
  const done = xml(agent, 19, 4, { updateGuid: '{1}' }, '2026-09-28T20:00:00Z');
  it('are told by their times: Event Viewer exports the newest first', async () => {
    const report = await read(`<Events>${done}${began}${failed}</Events>`);
    assert.deepEqual([failures(report), report.verdict], [[], 'healthy']);
  });
  it('of another update take nothing back', async () => {
    const other = done.replace('{1}', '{2}');
    assert.deepEqual(failures(await read(`<Events>${other}${failed}</Events>`)), ['DOCTOR_INSTALL_FAILED']);
  });
});

describe('an event', () => {
  const events: [string, string, FindingCode[]][] = [
    [
      '25 of a service of Microsoft',
      xml(agent, 25, 2, { errorCode: '0x80240438', serviceGuid: '{9482f4b4-e343-43b6-b170-9a65bc822c77}' }),
      ['DOCTOR_MICROSOFT_UNREACHABLE'],
    ],
    [
      '25 of the own server',
      xml(agent, 25, 2, { errorCode: '0x80072ee2', serviceGuid: '{3da21691-e39d-4da6-8a4b-b43877bcb1b7}' }),
      ['DOCTOR_NO_ANSWER'],
    ],
    [
      '31 about a download',
      xml(agent, 31, 2, { errorCode: '0x80d02002', updateTitle: 'U' }),
      ['DOCTOR_DOWNLOAD_INTERRUPTED'],
    ],
    ['34 about a self-update', xml(agent, 34, 2, { errorCode: '0x8024d007' }), ['DOCTOR_SETUP_REGISTRATION']],
    [
      '12022 of WSUS',
      viewer(wsus, 12_022, 'Fehler', 'Der Clientwebdienst funktioniert nicht.', german),
      ['DOCTOR_CLIENT_WEB_SERVICE'],
    ],
    [
      '12072 of WSUS',
      viewer(wsus, 12_072, 'Erreur', "Le répertoire de contenu WSUS n'est pas accessible.", french),
      ['DOCTOR_CONTENT_FOLDER'],
    ],
    [
      '13042 of WSUS',
      viewer(wsus, 13_042, 'エラー', '自己更新が動作していません。', japanese),
      ['DOCTOR_SELF_UPDATE_DOWN'],
    ],
    [
      '10032 of WSUS',
      viewer(wsus, 10_032, 'Error', 'The server is failing to download some updates.', german),
      ['DOCTOR_CONTENT_MISSING'],
    ],
    [
      '364 of WSUS with an expired signer',
      viewer(
        wsus,
        364,
        'Error',
        'Content file download failed. Reason: The server name or address could not be resolved',
        german,
      ),
      ['DOCTOR_UPSTREAM_UNREACHABLE'],
    ],
    [
      '386 of WSUS',
      viewer(
        wsus,
        386,
        'Fehler',
        'Fehler bei der Synchronisierung. Ursache: Der Remotename konnte nicht aufgelöst werden.',
        german,
      ),
      ['DOCTOR_UPSTREAM_UNREACHABLE'],
    ],
    [
      '7032 of WSUS',
      viewer(
        wsus,
        7032,
        'Error',
        'The WSUS administration console was unable to connect to the WSUS Server via the remote API.',
        german,
      ),
      ['DOCTOR_CONSOLE'],
    ],
    [
      '7042 of WSUS',
      viewer(
        wsus,
        7042,
        'Error',
        'The WSUS administration console was unable to connect to the WSUS Server Database.',
        german,
      ),
      ['DOCTOR_DATABASE'],
    ],
    [
      '7031 about Update Services',
      xml('Service Control Manager', 7031, 2, { param1: 'WSUS Service (WsusService)', param2: '1' }),
      ['DOCTOR_WSUS_SERVICE'],
    ],
    [
      '7000 about a disabled agent',
      xml('Service Control Manager', 7000, 2, { param1: 'Windows Update', param2: '%%1058' }),
      ['DOCTOR_SERVICE_DISABLED'],
    ],
    [
      '7023 about BITS, in German',
      viewer(
        'Service Control Manager',
        7023,
        'Fehler',
        'Der Dienst "Intelligenter Hintergrundübertragungsdienst" wurde mit folgendem Fehler beendet: x',
        german,
      ),
      ['DOCTOR_DEPENDENCY_STOPPED'],
    ],
    [
      '5002 about WsusPool',
      xml('Microsoft-Windows-WAS', 5002, 2, { AppPoolID: 'WsusPool' }),
      ['DOCTOR_SERVICE_UNAVAILABLE'],
    ],
    [
      '61 of BITS about an update',
      xml('Microsoft-Windows-Bits-Client', 61, 3, {
        name: 'WU Client Download',
        url: 'http://srv01.example:8530/Content/3E/2C.exe',
        hr: '2149122452',
      }),
      ['DOCTOR_CONTENT_MISSING'],
    ],
    [
      '3 of servicing',
      xml('Microsoft-Windows-Servicing', 3, 2, { PackageIdentifier: 'KB5099999', ErrorCode: '0x800f0831' }),
      ['DOCTOR_COMPONENT_STORE'],
    ],
    ['9002 of SQL Server', xml('MSSQL$MICROSOFT##WID', 9002, 2, { a: 'SUSDB' }), ['DOCTOR_DATABASE_FULL']],
    [
      '1096 of Group Policy',
      xml('Microsoft-Windows-GroupPolicy', 1096, 2, { GPOCNName: 'LocalGPO', ErrorCode: '13' }),
      ['DOCTOR_REGISTRY_POL'],
    ],
    [
      '1058 of Group Policy',
      xml('Microsoft-Windows-GroupPolicy', 1058, 2, { ErrorCode: '5', FilePath: 'gpt.ini' }),
      ['DOCTOR_GROUP_POLICY'],
    ],
    [
      '6703 of a site server',
      viewer(
        'SMS Server',
        6703,
        'Error',
        "On 9/28/2026, component SMS_WSUS_SYNC_MANAGER on computer SRV reported: WSUS Synchronization failed. Message: UssCommunicationError: WebException: The remote name could not be resolved: 'sws.update.microsoft.com'.",
        german,
      ),
      ['DOCTOR_UPSTREAM_UNREACHABLE'],
    ],
    [
      '10016 of something else',
      xml('Microsoft-Windows-DistributedCOM', 10_016, 2, { a: 'b' }) + xml(agent, 26, 4, { updateCount: '3' }),
      [],
    ],
    [
      '7000 about another service',
      xml('Service Control Manager', 7000, 2, { param1: 'Frobnicator', param2: '%%2' }) +
        xml(agent, 26, 4, { updateCount: '3' }),
      [],
    ],
  ];
  for (const [what, text, codes] of events) {
    it(`${what} is understood`, async () => {
      const report = await read(text);
      assert.deepEqual(failures(report), codes);
      assert.equal(report.verdict, codes.length > 0 ? 'findings' : 'healthy');
    });
  }

  it('of WSUS that says it is in order again takes the trouble back', async () => {
    const down = xml(wsus, 12_022, 2, {}, '2026-09-28T19:00:00Z');
    const up = xml(wsus, 12_020, 4, {}, '2026-09-28T20:00:00Z');
    assert.deepEqual(failures(await read(up + down)), []);
  });

  it('names nobody as a host by its namespace', async () => {
    const report = await read(xml(agent, 25, 2, { errorCode: '0x80072ee2' }));
    assert.doesNotMatch(
      JSON.stringify(report.findings.map(({ what, cause, remedy }) => [what, cause, remedy])),
      /schemas\.microsoft/,
    );
  });

  it('that nobody knows leaves the report undecided, whoever wrote it', async () => {
    for (const provider of [agent, wsus, 'Frobnicator', 'Microsoft-Windows-Bits-Client'])
      assert.equal(
        (await read(xml(agent, 26, 4, { updateCount: '3' }) + xml(provider, 4711, 2, {}))).verdict,
        'undecided',
        provider,
      );
  });
});
