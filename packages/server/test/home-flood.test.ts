// One anonymous client says as much as it may, in every call that stores something: the home page stays small, at once and
// live, and says nothing of it to strangers.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { it } from 'node:test';
import { clientWebService } from '@moult/protocol/client-web-service';
import { reporting } from '@moult/protocol/reporting';
import { computerInfo, getCookie } from './agent-session.ts';
import { ask } from './soap-client.ts';
import { startTestServer } from './test-server.ts';

const mostBytes = 200_000;
const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
// What JSON and HTML escape, what takes three bytes, and what becomes a mark of eight.
const worst = (characters: number) => '"\\<\u202e€'.repeat(characters / 5);

it('the largest requests that are allowed leave a home page of less than 200 kB', async (t) => {
  // The console need not be built for its documents.
  const server = await startTestServer({ config: { consoleDir: '/nowhere' } });
  t.after(() => server.stop());
  for (let number = 0; number < 45; number++) {
    const dnsName = `${worst(250)}${number}`;
    const targetGroupName = Array.from({ length: 50 }, (_, group) => `${worst(250)}${group}`).join(';');
    const cookie = await getCookie(server.url, { computerId: idOf(number), dnsName, targetGroupName });
    const texts = { osDescription: worst(100_000), computerModel: worst(100_000), oem: worst(100_000) };
    const version = { clientVersionMajorNumber: 2_000_000_000, clientVersionMinorNumber: number };
    const info = { ...computerInfo, ...texts, ...version, dnsName: worst(100_000) };
    await ask(server.url, clientWebService, 'RegisterComputer', { cookie, computerInfo: info });
    const event = {
      basicData: {
        ...{ timeAtTarget: new Date(), eventInstanceId: idOf(number), namespaceId: 1, eventId: 147, sourceId: 1 },
        ...{ sequenceNumber: 0, win32HResult: -1, appName: worst(100_000) },
      },
      extendedData: {
        ...{ replacementStrings: [worst(100_000), worst(100_000)], miscData: [worst(100_000)] },
        ...{ processorArchitecture: worst(10_000), osLocaleId: 0 },
      },
    };
    await ask(server.url, reporting, 'ReportEventBatch', { cookie, clientTime: new Date(), eventBatch: [event] });
    const item = encodeURIComponent('"\\\u202e€'.repeat(40));
    await get(`${server.url}/wutrack.bin?V=1&U=${idOf(number).replaceAll('-', '')}&A=s&E=80240001&I=${item}&M=${item}`);
  }
  // Pings are written a moment later.
  const pingsThere = async () => JSON.parse((await get(`${server.url}/api/home`)).text).events.length >= 120;
  for (let left = 400; left > 0 && !(await pingsThere()); left--)
    await new Promise((resolve) => setTimeout(resolve, 25));
  const own = await get(`${server.url}/api/home`);
  const home = JSON.parse(own.text);
  assert.equal(home.events.length, 120);
  assert.equal(home.computers.generations[0].others.versions, 25);
  assert.ok(own.bytes < mostBytes, `${own.bytes} bytes`);
  assert.ok(own.bytes > 50_000, 'it was tried');
  assert.doesNotMatch(own.text, /[\p{Cc}\p{Cf}]/u);
  const stranger = await get(`${server.url}/api/home`, { 'x-forwarded-for': '192.0.2.9' });
  assert.ok(stranger.bytes < 10_000, `${stranger.bytes} bytes`);
  assert.doesNotMatch(stranger.text, /00000000-0000-4000|U\+202E/);
});

function get(url: string, headers: Record<string, string> = {}): Promise<{ text: string; bytes: number }> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => resolve({ text: String(Buffer.concat(pieces)), bytes: Buffer.concat(pieces).length }));
    })
      .on('error', reject)
      .end();
  });
}
