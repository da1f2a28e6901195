// The scan of a real Windows 11 agent (fixtures/captures/wsus-m0-native), request by request, against our server with the
// same updates. Cookies, ids, times and the name of the share are put in; everything else must be as real WSUS had it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { assertValid, post, textIn } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const scan = new URL('../../../fixtures/captures/wsus-m0-native/scan/', import.meta.url);
const read = (exchange: string, name: string) => readFileSync(new URL(`${exchange}/${name}`, scan), 'utf8');

/** The revision ids of the captured server, in the order in which the agent met them. */
const capturedIds = ['108226', '108231', '72571'];

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`a real agent's scan, replayed (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let server: TestServer;
    const live = { authorization: '', cookie: '', lastChange: '', ids: new Map<string, string>() };

    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      const database = await postgres?.createDatabase();
      server = await startTestServer({ config: database ? { database } : {} });
    });
    after(async () => {
      await server.stop();
      await postgres?.stop();
    });

    for (let number = 1; number <= 10; number++) {
      const exchange = String(number).padStart(6, '0');
      const operation = /SOAPAction: ".*\/(\w+)"/.exec(read(exchange, 'request.headers'))?.[1];
      it(`${exchange} ${operation} is answered as real WSUS answered it`, async () => {
        const [start = '', ...lines] = read(exchange, 'request.headers').trim().split('\r\n');
        const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]));
        const { 'Content-Length': _, Host: __, ...kept } = headers;
        const answer = await post(
          server.url + start.split(' ')[1],
          withLiveValues(read(exchange, 'request.body')),
          kept,
        );
        const text = textIn(answer);
        assert.equal(answer.status, 200, text);
        assert.equal(answer.headers['content-encoding'], 'xpress');
        assertValid(text);
        learn(text);
        assert.equal(comparable(withCapturedIds(text)), comparable(read(exchange, 'response.body')));
        const captured = read(exchange, 'response.headers');
        assert.equal(answer.headers['cache-control'], /Cache-Control: (.*)\r/.exec(captured)?.[1]);
        assert.equal(answer.headers['content-type'], /Content-Type: (.*)\r/.exec(captured)?.[1]);
      });
    }

    function withLiveValues(body: string): string {
      let text = body
        .replace(/<CookieData>A+=*<\/CookieData>/, `<CookieData>${live.authorization}</CookieData>`)
        .replace(/<EncryptedData>A+=*<\/EncryptedData>/, `<EncryptedData>${live.cookie}</EncryptedData>`)
        .replace(/<lastChange>.*<\/lastChange>/, `<lastChange>${live.lastChange}</lastChange>`);
      for (const [ours, captured] of live.ids) text = text.replace(`<int>${captured}</int>`, `<int>${ours}</int>`);
      return text;
    }

    function learn(text: string): void {
      live.authorization = /<CookieData>(.*)<\/CookieData>/.exec(text)?.[1] ?? live.authorization;
      live.cookie = /<EncryptedData>(.*)<\/EncryptedData>/.exec(text)?.[1] ?? live.cookie;
      live.lastChange = /<LastChange>(.*)<\/LastChange>/.exec(text)?.[1] ?? live.lastChange;
      for (const [, id] of text.matchAll(/<UpdateInfo><ID>(\d+)/g)) {
        const captured = capturedIds[live.ids.size];
        if (id && captured && !live.ids.has(id)) live.ids.set(id, captured);
      }
    }

    function withCapturedIds(text: string): string {
      return text.replace(/<(ID|int)>(\d+)<\/\1>/g, (whole, name, id) =>
        live.ids.has(id) ? `<${name}>${live.ids.get(id)}</${name}>` : whole,
      );
    }
  });
}

/** What may differ between two servers, blotted out. */
function comparable(text: string): string {
  return text
    .replace(/<(CookieData|EncryptedData)>[^<]*</g, '<$1>…<')
    .replace(/<(Expiration|LastChange|LastChangeTime)>[^<]*</g, '<$1>…<')
    .replace(/\\\\[^\\]+\\UpdateServicesPackages/, '\\\\…')
    .replace(/<Deployment><ID>\d+</g, '<Deployment><ID>…<');
}
