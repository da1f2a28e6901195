// The simulated upstream against recordings of a real WSUS, so that what is tested with it is tested with the real thing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { extractMember, readCabinet } from '@moult/formats/cab';
import { createUpstreamServer, simulatedCatalog, simulatedProduct, type UpstreamServer } from './index.ts';

const exchanges = new URL('../../../fixtures/captures/wsus-m0-wsusss/exchanges/', import.meta.url);
const captured = (place: string) => readFileSync(new URL(place, exchanges), 'utf8').trim();
const from = new Date('2026-10-01T00:00:00Z');
let clock = Date.UTC(2026, 9, 4, 16, 33, 26);
const now = () => new Date(clock);

function create(kind: 'wsus' | 'microsoft', more: Partial<Parameters<typeof createUpstreamServer>[0]> = {}) {
  return createUpstreamServer({ kind, now, updates: simulatedCatalog({ products: 2, updates: 120, from }), ...more });
}

async function post(server: UpstreamServer, body: string): Promise<{ status: number; text: string }> {
  const { status, body: answer } = await server.handle({ method: 'POST', url: '/', body });
  return { status, text: Buffer.from(answer).toString() };
}

/** A recorded request with the cookie of this server. */
async function withCookie(server: UpstreamServer, folder: string): Promise<string> {
  const { text } = await post(server, captured('000003/request.body'));
  const cookie = /<EncryptedData>[^<]*<\/EncryptedData>/.exec(text)?.[0] ?? '';
  return captured(`${folder}/request.body`).replace(/<EncryptedData>[^<]*<\/EncryptedData>/, cookie);
}

/** Without what differs from server to server: times, anchors, cookies, ids of faults, addresses, languages. */
function plain(text: string): string {
  return text
    .replace(/<faultactor>.*<\/faultactor>/, '')
    .replace(/ xmlns:xs[id]="[^"]*"/g, '')
    .replace(/<\?xml[^>]*\?>/, '')
    .replace(/<(LastChange|Expiration|EncryptedData|CookieData|Anchor|NewConfigAnchor|ID)>[^<]*</g, '<$1><')
    .replace(/<ServerSyncLanguageData>.*<\/ServerSyncLanguageData>/, '');
}

describe('a simulated WSUS', () => {
  for (const folder of ['000001', '000002', '000003', '000004', '000005', '000011', '000018', '000019']) {
    it(`answers the recorded request ${folder} as the real one did`, async () => {
      const server = create('wsus');
      const body =
        folder > '000003' && folder !== '000019'
          ? await withCookie(server, folder)
          : captured(`${folder}/request.body`);
      const answer = await post(server, body);
      assert.equal(plain(answer.text), plain(captured(`${folder}/response.body`)));
      assert.equal(answer.status, folder < '000018' ? 200 : 500);
    });
  }

  it('lists nothing for a product without a classification, as the real one', async () => {
    const server = create('wsus');
    const body = (await withCookie(server, '000007')).replace(/<Id>[^<]*/, `<Id>${simulatedProduct(0)}`);
    assert.match((await post(server, body)).text, /<NewRevisions \/>/);
  });

  it('refuses a name that is none, and a cookie that is too old', async () => {
    const server = create('wsus');
    const zero = captured('000002/request.body').replace(/<accountName>[^<]*/, '<accountName>');
    assert.match((await post(server, zero)).text, /<ErrorCode>InvalidParameters<.*<Message>machineName</);
    const body = await withCookie(server, '000005');
    clock += 241 * 60_000;
    assert.match((await post(server, body)).text, /<ErrorCode>InvalidCookie</);
  });
});

describe("a simulated public service of Microsoft's", () => {
  it('writes the form that was recorded, with anchors that do not count', async () => {
    const server = create('microsoft');
    const { text } = await post(server, await withCookie(server, '000005'));
    const place = '../../crates/wsus-protocol/tests/fixtures/microsoft_sync_config_20261006.xml';
    assert.equal(plain(text), plain(captured(place)));
  });

  it('wants Get63LanguageOnly, and elements in the order of the schema', async () => {
    const server = create('microsoft');
    const body = await withCookie(server, '000006');
    assert.match((await post(server, body)).text, /<Message>filter</);
    const right = body.replace('</GetConfig>', '</GetConfig><Get63LanguageOnly>false</Get63LanguageOnly>');
    assert.equal((await post(server, right)).status, 200);
    const wrong = body.replace('<GetConfig>', '<Get63LanguageOnly>false</Get63LanguageOnly><GetConfig>');
    assert.match((await post(server, wrong)).text, /<Message>filter</);
  });

  it('refuses 101 updates, names missing ones, and packs what is more than 5,120 bytes', async () => {
    const server = create('microsoft');
    const updates = simulatedCatalog({ products: 2, updates: 120, from }).filter(({ isConfig }) => !isConfig);
    const template = (await withCookie(server, '000005')).replaceAll('GetConfigData', 'GetUpdateData');
    const ask = (some: typeof updates) => {
      const ids = some.map(
        ({ updateId, revisionNumber }) =>
          `<UpdateIdentity><UpdateID>${updateId}</UpdateID><RevisionNumber>${revisionNumber}</RevisionNumber></UpdateIdentity>`,
      );
      return post(server, template.replace('</cookie>', `</cookie><updateIds>${ids.join('')}</updateIds>`));
    };
    assert.match((await ask(updates.slice(0, 101))).text, /<ErrorCode>InvalidParameters<.*<Message>updateIds</);
    const [first, second] = updates;
    assert.ok(first && second);
    server.spoil(first, 'missing');
    assert.match(
      (await ask([first, second])).text,
      new RegExp(`returned 1 .*Missing Revisions: ${first.updateId}\\.1<`),
    );
    server.spoil(first, undefined);
    const { text } = await ask([first, second]);
    const cabinet = Buffer.from(/<XmlUpdateBlobCompressed>([^<]*)/.exec(text)?.[1] ?? '', 'base64');
    assert.equal(Buffer.from(extractMember(readCabinet(cabinet), 'blob')).toString('utf16le'), first.xml);
    assert.ok(first.xml.length * 2 > 5120 && second.xml.length * 2 <= 5120);
  });
});
