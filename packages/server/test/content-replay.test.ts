// The range requests of a real Windows 11 agent (fixtures/captures/wsus-m0-native/content-headers), header by header.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { post } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const captures = new URL('../../../fixtures/captures/wsus-m0-native/content-headers/', import.meta.url);
const read = (name: string, file: string) => readFileSync(new URL(`${name}/${file}`, captures), 'utf8').trim();

/** What every server has in its own words. */
const ownWords = new Set(['server', 'x-powered-by', 'date', 'etag', 'last-modified']);

function headersIn(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).slice(1);
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.split(/: (.*)/)[1] ?? '']));
}

let server: TestServer;
const paths = new Map<number, string>();
before(async () => {
  server = await startTestServer();
  for (const sizeBytes of [204_745_168, 918_944]) {
    const bytes = Buffer.alloc(sizeBytes, sizeBytes & 0xff);
    const name = createHash('sha1').update(bytes).digest('hex').toUpperCase();
    const folder = join(server.dataDir, 'content', name.slice(-2));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.exe`), bytes);
    paths.set(sizeBytes, `/Content/${name.slice(-2)}/${name}.exe`);
  }
});
after(() => server.stop());

for (const name of readdirSync(captures)) {
  it(`${name} is answered as IIS answered it`, async () => {
    const captured = read(name, 'response.headers');
    const wanted = headersIn(captured);
    const size = Number(/\/(\d+)$/.exec(wanted.get('content-range') ?? '')?.[1]);
    const sent = Object.fromEntries([...headersIn(read(name, 'request.headers'))].filter(([key]) => key !== 'host'));
    const answer = await post(`${server.url}${paths.get(size)}`, '', sent, 'GET');
    assert.equal(`HTTP/1.1 ${answer.status}`, captured.slice(0, 12));
    for (const [key, value] of wanted) if (!ownWords.has(key)) assert.equal(answer.headers[key], value, key);
    assert.equal(answer.bytes.length, Number(wanted.get('content-length')));
    assert.match(String(answer.headers.etag), /^"[^"]+"$/);
    assert.ok(!Number.isNaN(Date.parse(String(answer.headers['last-modified']))));
  });
}
