// Request logs of every IIS: real files, one cause each.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { allCodes, diagnoseLogs, failures, inFolder } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { examineLogs } from './report.ts';
import { type Asked, iis6, line6 } from './test/iis6.ts';

const oneCause: [string, Asked[], FindingCode][] = [
  [
    '403.1, beside which IIS writes access denied too',
    [{ path: '/iuident.cab', status: '403 1 5' }],
    'DOCTOR_FORBIDDEN',
  ],
  [
    'UrlScan, which puts its own name in place of the address',
    [{ path: '/<Rejected-By-UrlScan>', query: '~/iuident.cab', status: '404 0 2' }],
    'DOCTOR_REQUEST_FILTERED',
  ],
  [
    '404 for the ident of WSUS clients',
    [{ path: '/selfupdate/wuident.cab', status: '404 0 3' }],
    'DOCTOR_TREE_MISSING',
  ],
  [
    '404 for iuident alone',
    [
      { path: '/iuident.cab', status: '404 0 2' },
      { path: '/selfupdate/wuident.cab', status: '200 0 0' },
    ],
    'DOCTOR_IUIDENT_MISSING',
  ],
  [
    '404 for a package',
    [
      { path: '/iuident.cab', status: '200 0 0' },
      { path: '/selfupdate/AU/x86/XP/sv/wuaucomp.cab', status: '404 0 3' },
    ],
    'DOCTOR_TREE_INCOMPLETE',
  ],
  [
    '404 for the file of a MUI pack',
    [
      { path: '/iuident.cab', status: '200 0 0' },
      { path: '/selfupdate/AU/x86/W2K/mui/wuaueng_de.cab', status: '404 0 2' },
    ],
    'DOCTOR_MUI_FILE_MISSING',
  ],
  ['404.3', [{ path: '/iuident.cab', status: '404 3 50' }], 'DOCTOR_MIME_MISSING'],
  ['404.7', [{ path: '/selfupdate/wuident.cab', status: '404 7 0' }], 'DOCTOR_REQUEST_FILTERED'],
  [
    'UrlScan',
    [{ path: '/selfupdate/wuident.cab', query: 'Rejected-By-UrlScan~/selfupdate/wuident.cab', status: '404 0 2' }],
    'DOCTOR_REQUEST_FILTERED',
  ],
  ['401.2', [{ path: '/iuident.cab', status: '401 2 2148074254' }], 'DOCTOR_ANONYMOUS_OFF'],
  ['401.1 with a disabled account', [{ path: '/iuident.cab', status: '401 1 1331' }], 'DOCTOR_ANONYMOUS_ACCOUNT'],
  ['401.1 with a password out of step', [{ path: '/iuident.cab', status: '401 1 1326' }], 'DOCTOR_ANONYMOUS_ACCOUNT'],
  ['401.3', [{ path: '/selfupdate/wuident.cab', status: '401 3 5' }], 'DOCTOR_FILE_ACCESS_DENIED'],
  ['401.5 of an ISAPI filter', [{ path: '/iuident.cab', status: '401 5 0' }], 'DOCTOR_AUTHORIZATION_FILTER'],
  ['403.4', [{ path: '/selfupdate/wuident.cab', status: '403 4 5' }], 'DOCTOR_SSL_REQUIRED'],
  ['403.6', [{ path: '/selfupdate/wuident.cab', status: '403 6 5' }], 'DOCTOR_ADDRESS_REFUSED'],
  ['403.7', [{ path: '/selfupdate/wuident.cab', status: '403 7 64' }], 'DOCTOR_CLIENT_CERTIFICATE'],
  ['403.1', [{ path: '/selfupdate/wuident.cab', status: '403 1 0' }], 'DOCTOR_FORBIDDEN'],
  ['500.19', [{ path: '/selfupdate/wuident.cab', status: '500 19 183' }], 'DOCTOR_CONFIGURATION_ERROR'],
  ['500', [{ path: '/iuident.cab', status: '500 0 64' }], 'DOCTOR_SERVER_ERROR'],
  [
    '500 of the client web service',
    [{ path: '/ClientWebService/client.asmx', method: 'POST', status: '500 0 0' }],
    'DOCTOR_CLIENT_WEB_SERVICE',
  ],
  ['405 for HEAD', [{ path: '/selfupdate/wuident.cab', method: 'HEAD', status: '405 0 1' }], 'DOCTOR_METHOD_REFUSED'],
  [
    'answers only to those who log on',
    [{ path: '/selfupdate/wuident.cab', user: 'CORP\\pc7$', status: '200 0 0' }],
    'DOCTOR_ANONYMOUS_OFF',
  ],
];

describe('an IIS log', () => {
  it('says nothing of a refused listing of the folder: every sound server refuses it', async () => {
    const served = line6({ path: '/selfupdate/wuident.cab', status: '200 0 0', time: '2005-08-26 08:14:00' });
    const listing = line6({ path: '/selfupdate/', status: '403 14 5', query: '-', agent: 'Mozilla/4.0' });
    assert.deepEqual(failures(await diagnoseLogs({ 'ex050826.log': iis6 + served + listing })), []);
  });

  for (const [what, asked, code] of oneCause) {
    it(`with ${what} has the one root ${code}`, async () => {
      const report = await diagnoseLogs({ 'W3SVC1/ex050826.log': iis6 + asked.map(line6).join('') });
      assert.deepEqual(failures(report), [code]);
      assert.ok(report.findings[0]?.evidence[0]?.line);
    });
  }

  it('that mended itself is healthy', async () => {
    const bad = line6({ path: '/selfupdate/wuident.cab', status: '404 0 3' });
    const good = line6({
      path: '/SelfUpdate/wuident.cab',
      status: '200 0 0',
      time: '2005-08-27 09:00:00',
      query: '0508270900',
    });
    assert.deepEqual(failures(await diagnoseLogs({ 'ex.log': iis6 + bad + good })), []);
    // The same lines the other way round in the file: time decides, not place.
    assert.deepEqual(failures(await diagnoseLogs({ 'ex.log': iis6 + good + bad })), []);
  });

  it('without wutrack.bin is no failure', async () => {
    const lines = [
      { path: '/iuident.cab', status: '200 0 0' },
      { path: '/wutrack.bin', query: 'V=1&A=s&S=s&E=00000000', status: '404 0 2' },
    ];
    const report = await diagnoseLogs({ 'ex.log': iis6 + lines.map(line6).join('') });
    assert.deepEqual(failures(report), []);
    assert.ok(allCodes(report).includes('DOCTOR_WUTRACK_MISSING'));
    assert.ok(allCodes(report).includes('DOCTOR_TREE_HEALTHY'));
  });

  it('tells what a client says by its pings', async () => {
    const query =
      'V=1&U=4ba558bba2658743a79267d5ddd810f2&C=au&A=s&I=&D=&P=5.1.a28.2.100.1.0&L=en-US&S=f&E=80096010&M=&X=050826081400000';
    const report = await diagnoseLogs({ 'ex.log': iis6 + line6({ path: '/wutrack.bin', query, status: '200 0 0' }) });
    assert.deepEqual(failures(report), ['DOCTOR_CABINET_ALTERED']);
    assert.ok(allCodes(report).includes('DOCTOR_PING_FAILURE'));
  });

  it('shows a client that downloads day after day and never installs', async () => {
    const lines = ['26', '27', '28', '29'].map((day) =>
      line6({
        path: '/selfupdate/AU/x86/XP/EN/wuaucomp.cab',
        status: '200 0 0',
        time: `2005-08-${day} 08:14:01`,
        query: `0508${day}0814`,
      }),
    );
    assert.deepEqual(failures(await diagnoseLogs({ 'ex.log': iis6 + lines.join('') })), ['DOCTOR_DOWNLOADS_AGAIN']);
  });

  it('is read whatever the order of its fields, and when they change midway', async () => {
    const text =
      '#Software: Microsoft Internet Information Services 10.0\r\n#Fields: sc-status cs-uri-stem c-ip date time cs-method s-port sc-substatus sc-win32-status\r\n' +
      '200 /selfupdate/wuident.cab 10.0.0.9 2020-01-01 00:00:01 GET 8530 0 0\r\n' +
      '#Fields: date time cs-method cs-uri-stem s-port c-ip sc-status sc-substatus sc-win32-status\r\n' +
      '2020-01-02 00:00:01 GET /SELFUPDATE/WUIDENT.CAB 8530 10.0.0.9 403 6 0\r\n';
    assert.deepEqual(failures(await diagnoseLogs({ 'u_ex.log': text })), ['DOCTOR_ADDRESS_REFUSED']);
  });

  it('of IIS 5 takes the day from #Date', async () => {
    const text =
      '#Software: Microsoft Internet Information Services 5.0\r\n#Date: 2001-02-03 04:05:06\r\n#Fields: time c-ip cs-method cs-uri-stem sc-status\r\n04:05:07 10.0.0.3 GET /iuident.cab 500\r\n';
    const report = await diagnoseLogs({ 'ex010203.log': text });
    assert.deepEqual(failures(report), ['DOCTOR_SERVER_ERROR']);
    assert.equal(report.findings[0]?.evidence[0]?.at, '2001-02-03T04:05:07.000Z');
  });

  it('is read from gzip, UTF-16 and several sites', async () => {
    const bad = iis6 + line6({ path: '/selfupdate/wuident.cab', status: '404 0 3', port: 8530 });
    const good = iis6 + line6({ path: '/selfupdate/wuident.cab', status: '200 0 0', port: 80 });
    const report = await diagnoseLogs({
      'W3SVC1/ex.log.gz': gzipSync(good),
      'W3SVC2/ex.log': Buffer.from(`\ufeff${bad}`, 'utf16le'),
    });
    assert.deepEqual(failures(report), ['DOCTOR_TREE_MISSING']);
    assert.match(report.findings[0]?.what ?? '', /8530/);
  });

  it('without its header is still understood', async () => {
    const text = line6({ path: '/selfupdate/wuident.cab', status: '403 4 5' }).repeat(3);
    assert.deepEqual(failures(await diagnoseLogs({ 'pasted.txt': text })), ['DOCTOR_SSL_REQUIRED']);
  });

  it('that refuses everything in one way has one root, not one per file', async () => {
    const paths = ['/iuident.cab', '/selfupdate/wuident.cab', '/ClientWebService/client.asmx'];
    const report = await diagnoseLogs({
      'ex.log': iis6 + paths.map((path) => line6({ path, status: '401 2 5' })).join(''),
    });
    assert.deepEqual(failures(report), ['DOCTOR_ANONYMOUS_OFF']);
  });

  it('without any request about updating is unknown, not healthy by silence', async () => {
    const report = await diagnoseLogs({
      'ex.log': iis6 + line6({ path: '/default.htm', status: '200 0 0', query: '-' }),
    });
    assert.equal(report.verdict, 'undecided');
    assert.deepEqual(
      report.findings.map(({ code, verdict }) => [code, verdict]),
      [['DOCTOR_NOTHING_SEEN', 'unknown']],
    );
  });

  it('counts repeats once and keeps the first and last line', async () => {
    const lines = Array.from({ length: 500 }, (_, index) =>
      line6({
        path: '/selfupdate/wuident.cab',
        status: '404 0 3',
        time: `2005-08-26 09:${String(Math.floor(index / 60)).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}`,
      }),
    );
    const report = await diagnoseLogs({ 'ex.log': iis6 + lines.join('') });
    const [finding] = report.findings;
    assert.equal(finding?.evidence[0]?.line, 5);
    assert.equal(finding?.evidence.at(-1)?.line, 504);
    assert.match(finding?.evidence.at(-1)?.text ?? '', /500 times/);
  });
});

describe('a log of IIS in other formats', () => {
  it("that is IIS's own, comma-separated and without a header, is read", async () => {
    const line = (path: string, win32: number) =>
      `192.168.114.201, -, 08/26/05, 7:55:20, W3SVC1, SERVER1, 172.21.13.45, 4502, 163, 3223, 404, ${win32}, GET, ${path}, -,\r\n`;
    const report = await diagnoseLogs({ 'in050826.log': line('/iuident.cab', 2) + line('/selfupdate/wuident.cab', 3) });
    assert.deepEqual(failures(report), ['DOCTOR_TREE_MISSING']);
    assert.equal(report.findings[0]?.evidence[0]?.at, '2005-08-26T07:55:20.000Z');
    assert.equal(report.stories[0]?.client, '192.168.114.201');
  });

  it('that is NCSA names clients by IPv6 address or by name', async () => {
    const line = (client: string) =>
      `${client} - CONTOSO\\bob [26/Aug/2005:08:14:01 +0200] "GET /selfupdate/wuident.cab HTTP/1.1" 404 1656\r\n`;
    const report = await diagnoseLogs({ 'ncsa1.log': line('2001:db8::7') + line('pc7.example') });
    assert.deepEqual(report.stories.map(({ client }) => client).sort(), ['2001:db8::7', 'pc7.example']);
  });

  it('may write the names of its fields in any letter case', async () => {
    const text =
      '#Fields: Date Time C-IP CS-Method CS-URI-Stem SC-Status SC-SubStatus\r\n2010-01-01 10:00:00 10.0.0.3 GET /selfupdate/wuident.cab 404 3\r\n';
    assert.deepEqual(failures(await diagnoseLogs({ 'ex.log': text })), ['DOCTOR_MIME_MISSING']);
  });

  it('tells sites of one port apart by their names, and knows one site that is named only at times', async () => {
    const bad = line6({ path: '/iuident.cab', status: '401 2 2148074254' });
    const later = line6({ path: '/iuident.cab', status: '200 0 0', time: '2005-08-26 09:00:00' });
    const other = later.replace('W3SVC1', 'W3SVC2');
    const report = await diagnoseLogs({ 'ex.log': iis6 + bad + other });
    assert.deepEqual(failures(report), ['DOCTOR_ANONYMOUS_OFF']);
    assert.match(report.findings[0]?.what ?? '', /W3SVC1/);
    const unnamed = iis6.replace('s-sitename ', '') + later.replace('W3SVC1 ', '');
    assert.deepEqual(failures(await diagnoseLogs({ 'ex.log': iis6 + bad + unnamed })), []);
    assert.deepEqual(failures(await diagnoseLogs({ 'a.log': iis6 + bad, 'b.log': unnamed })), []);
  });

  it('that cannot be read at all ends the command, it is not healthy', async () => {
    const zip = Buffer.from('PK\u0003\u0004 a zip archive');
    await inFolder({ 'logs.zip': zip }, async (folder) => {
      await assert.rejects(
        examineLogs([`${folder}/logs.zip`], () => {}),
        /unpack it first/,
      );
    });
  });
});

it('the second file of a day of our own server is read as the first, remarks and lines without a request included', async () => {
  const head = [
    '#Software: Moult, in the format of Microsoft Internet Information Services 10.0',
    '#Version: 1.0',
    '#Date: 2026-11-22 16:30:00',
    '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken',
  ];
  const fine =
    '2026-11-22 16:30:01 10.0.0.1 GET /selfupdate/wuident.cab 1 8530 - 10.0.0.5 Windows-Update-Agent - 200 0 0 1';
  const refused = '2026-11-22 16:30:02 10.0.0.1 - - - 8530 - 10.0.0.6 - - 503 0 1225 0';
  const remark = '#Remark: 250 more refused before they became requests';
  const missing = '2026-11-22 16:30:03 10.0.0.1 GET /iuident.cab 1 8530 - 10.0.0.5 Industry+Update+Control - 404 0 2 1';
  const report = await diagnoseLogs({
    'W3SVC1/u_ex261122.log': `${[...head, fine].join('\r\n')}\r\n`,
    'W3SVC1/u_ex261122_0002.log': `${[...head, refused, remark, missing].join('\r\n')}\r\n`,
  });
  assert.deepEqual(failures(report), ['DOCTOR_IUIDENT_MISSING']);
});
