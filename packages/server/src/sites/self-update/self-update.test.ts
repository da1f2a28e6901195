import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { extractAll, extractMember, readCabinet } from '@moult/formats/cab';
import {
  architectures,
  decideSelfUpdate,
  encodeQueryStamp,
  moultAgentHeader,
  operatingSystems,
  parseIdent,
  parseRelease,
  wuaucompPath,
} from '@moult/protocol/self-update';
import { eventually, type RunningSite, startSite } from './test/running-site.ts';

const run = promisify(execFile);
let running: RunningSite;
before(async () => {
  running = await startSite();
});
after(() => running.stop());

const fetchBytes = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(running.url + path, { headers });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};

// The URLs of the page "Automatic Updates Must Be Updated", and the WSUS client's ident.
const pageUrls = [
  '/iuident.cab',
  '/selfupdate/wuident.cab',
  ...['NetServer', 'W2K', 'XP'].map((os) => `/selfupdate/AU/x86/${os}/EN/wuaucomp.cab`),
];

describe('the URLs of the page', () => {
  test('answer curl in any letter case, with any query and doubled slashes', async () => {
    for (const path of pageUrls) {
      for (const spelling of [path, path.toUpperCase(), path.toLowerCase(), path.replaceAll('/', '//')]) {
        for (const query of ['', '?0504301510', '?x=%00&y']) {
          const format = '%{http_code} %{content_type} %{size_download}';
          const { stdout } = await run('curl', [
            ...['-s', '--path-as-is', '-o', '/dev/null', '-w', format],
            `${running.url}${spelling}${query}`,
          ]);
          assert.match(stdout, /^200 application\/octet-stream [1-9]\d+$/, spelling + query);
        }
      }
    }
  });

  test('are cabinets for cabextract and signed by the operator for osslsigncode', async () => {
    for (const [index, path] of pageUrls.entries()) {
      const file = join(running.folder, `asked-${index}.cab`);
      writeFileSync(file, (await fetchBytes(path)).bytes);
      await run('cabextract', ['-t', file]);
      const { stdout } = await run('osslsigncode', ['verify', '-CAfile', running.caFile, '-in', file]);
      assert.match(stdout, /Signature verification: ok/);
    }
  });

  test('answer HEAD with the length and date of the GET, ranges and conditions', async () => {
    for (const path of pageUrls) {
      const whole = await fetchBytes(path);
      const { stdout } = await run('curl', ['-sI', running.url + path]);
      assert.match(stdout, new RegExp(`Content-Length: ${whole.bytes.length}\r`, 'i'));
      assert.match(stdout, new RegExp(`Last-Modified: ${whole.headers.get('last-modified')}\r`, 'i'));
      const range = await fetchBytes(path, { range: 'bytes=4-11' });
      assert.equal(range.status, 206);
      assert.deepEqual(range.bytes, whole.bytes.subarray(4, 12));
      const etag = whole.headers.get('etag') ?? '';
      assert.equal((await fetchBytes(path, { 'if-none-match': etag })).status, 304);
    }
  });
});

test('every processor, system and language has its release; what is no language has none', async () => {
  for (const architecture of architectures) {
    for (const os of operatingSystems) {
      for (const language of ['EN', 'de', 'PTBR', 'pt-br', 'zhtw', 'zh-TW', 'enu', 'tlh']) {
        const answer = await fetchBytes(wuaucompPath({ architecture, os, language }));
        assert.equal(answer.status, 200, `${architecture} ${os} ${language}`);
      }
    }
  }
  for (const path of [
    '/selfupdate/AU/x86/XP/klingon/wuaucomp.cab',
    '/selfupdate/AU/mips/XP/EN/wuaucomp.cab',
    '/selfupdate/AU/x86/OS2/EN/wuaucomp.cab',
    '/selfupdate/AU/x86/XP/EN/other.cab',
    '/selfupdate/../iuident.cab%00',
    '/selfupdate/..%2f..%2fkeys/operator-ca.key.pem',
    '/wuident.cab',
  ]) {
    const { stdout } = await run('curl', [
      '-s',
      '--path-as-is',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      running.url + path,
    ]);
    assert.match(stdout, /^40[04]$/, path);
  }
});

test('a folder is 403.14, a wrong method 405, and the access log says so', async () => {
  for (const folder of ['/selfupdate', '/selfupdate/', '/SelfUpdate/AU/x86/XP/', '/selfupdate/AU/arm64']) {
    assert.equal((await fetchBytes(folder)).status, 403, folder);
  }
  assert.equal((await fetch(`${running.url}/iuident.cab`, { method: 'POST', body: 'x' })).status, 405);
  assert.equal((await fetch(`${running.url}/wutrack.bin`, { method: 'PUT', body: 'x' })).status, 405);
  const logFolder = join(running.dataDir, 'logs', 'W3SVC1');
  // The folder is made when the first lines are written, up to a second later.
  const read = () =>
    (existsSync(logFolder) ? readdirSync(logFolder) : [])
      .map((name) => readFileSync(join(logFolder, name), 'utf8'))
      .join('');
  assert.ok(await eventually(() => /PUT \/wutrack\.bin/.test(read())));
  assert.match(read(), /GET \/SelfUpdate\/AU\/x86\/XP\/ - \d+ - 127\.0\.0\.1 \S+ - 403 14 0 \d+\r\n/);
  assert.match(read(), /POST \/iuident\.cab .* 405 0 1 \d+\r\n/);
});

test('an old agent finds its way: ident, decision, path, release, files', async () => {
  for (const [path, text, client] of [
    ['/iuident.cab', 'iuident.txt', { version: '5.4.0.1', os: 'XP' }],
    ['/selfupdate/wuident.cab', 'wuident.txt', { version: '7.9.0.0', os: 'Linux' }],
  ] as const) {
    const stamp = encodeQueryStamp(new Date());
    const ident = parseIdent(extractMember(readCabinet((await fetchBytes(`${path}?${stamp}`)).bytes), text));
    const decision = decideSelfUpdate(ident, { ...client, architecture: 'x86', language: 'pt-br' });
    assert.equal(decision.kind, 'update');
    const cabinet = await fetchBytes(`/${decision.kind === 'update' ? decision.path : ''}?${stamp}`);
    const contents = extractAll(readCabinet(cabinet.bytes));
    const release = parseRelease(Buffer.from(contents.get('release.json') ?? []).toString());
    assert.equal(release.version, '7.9.0.1');
    assert.equal([...contents.keys()][0], 'release.json');
    assert.equal(release.files.length, contents.size - 1);
    const same = decideSelfUpdate(ident, { ...client, version: '7.9.0.1', architecture: 'x86', language: 'en' });
    assert.equal(same.kind, 'up-to-date');
  }
});

describe('wutrack.bin', () => {
  const ping =
    'V=1&U=4ba558bba2658743a79267d5ddd810f2&C=au&A=s&I=&D=&P=5.1.a28.2.100.1.0&L=en-US&S=p&E=00000000&M=&X=261122115900000';

  test('keeps a ping as an event of its client', async () => {
    const answer = await fetch(`${running.url}/WuTrack.bin?${ping}`, {
      headers: { 'user-agent': 'Industry Update Control' },
    });
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), '');
    assert.equal(answer.headers.get('content-length'), '0');
    assert.ok(await eventually(() => running.events.length > 0));
    const [event] = running.events;
    assert.equal(event?.computerId, '4ba558bb-a265-8743-a792-67d5ddd810f2');
    assert.equal(event?.activity, 's');
    assert.equal(event?.status, 'p');
    assert.equal(event?.address, '127.0.0.1');
    assert.equal(event?.agentGeneration, 'sus');
    assert.deepEqual(event?.occurredAt, new Date('2026-11-22T11:59:00Z'));
  });

  test('learns generation and version from what a Moult agent says', async () => {
    running.events.length = 0;
    await fetch(`${running.url}/wutrack.bin?${ping.replace('M=', 'M=sus%2F5.4.0.1')}`);
    await fetch(`${running.url}/wutrack.bin?${ping}`, {
      headers: { 'user-agent': 'Windows-Update-Agent/7.9.9600.18756 Client-Protocol/1.21' },
    });
    assert.ok(await eventually(() => running.events.length === 2));
    assert.deepEqual(
      running.events.map(({ agentGeneration, agentVersion }) => [agentGeneration, agentVersion]),
      [
        ['sus', '5.4.0.1'],
        ['wsus', '7.9.9600.18756'],
      ],
    );
  });

  test('of a ping through a proxy that hides the User-Agent, knows a SUS client by its component', async () => {
    running.events.length = 0;
    await fetch(`${running.url}/wutrack.bin?${ping}`);
    await fetch(`${running.url}/wutrack.bin?${ping.replace('S=p', 'S=s')}`);
    await fetch(`${running.url}/wutrack.bin?${ping.replace('C=au', 'C=xx')}`);
    assert.ok(await eventually(() => running.events.length === 3));
    assert.deepEqual(
      running.events.map(({ agentGeneration }) => agentGeneration),
      ['sus', undefined, undefined],
    );
  });

  test('answers 200 to whatever else it is asked and counts it', async () => {
    running.counters.clear();
    for (const query of [
      'junk',
      'V=1&U=zz',
      `${ping}&M=${'x'.repeat(5000)}`,
      'U=%00%ff&A=%',
      `x=${'y'.repeat(30_000)}`,
    ]) {
      const { stdout } = await run('curl', [
        '-s',
        '-w',
        '%{http_code} %{size_download}',
        `${running.url}/wutrack.bin?${query}`,
      ]);
      assert.equal(stdout, '200 0', query.slice(0, 30));
    }
    assert.ok(
      await eventually(() => running.counters.get('malformed-pings') === 5),
      JSON.stringify([...running.counters]),
    );
  });

  test('a look at the bare address is no ping', async () => {
    running.counters.clear();
    running.events.length = 0;
    assert.equal((await fetchBytes('/wutrack.bin')).status, 200);
    assert.equal((await fetch(`${running.url}/wutrack.bin?${ping}`, { method: 'HEAD' })).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.deepEqual([running.events.length, running.counters.size], [0, 0]);
  });
});

test('both kinds of agents get the same files while nothing is imported', async () => {
  for (const path of pageUrls) {
    const plain = await fetchBytes(path);
    const ours = await fetchBytes(path, { [moultAgentHeader.name]: moultAgentHeader.value });
    assert.ok(plain.bytes.equals(ours.bytes));
    assert.equal(plain.headers.get('vary'), moultAgentHeader.name);
  }
  assert.deepEqual(running.troubles, []);
});
