// An upstream that means harm: what it sends is bounded, and leads nowhere else.
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { createCabinet } from '@moult/formats/cab';
import { encodeXpress } from '@moult/formats/xpress';
import { simulatedUpdate } from '@moult/simulator';
import { openStore } from '@moult/store';
import { isPublicFileUrl } from '../web-files/index.ts';
import { badAnswer } from './peer.ts';
import { readUpdate } from './read-update.ts';
import { runSync } from './run-sync.ts';
import { author, openLab, partsOf, steadyClock } from './test/upstream.ts';

async function syncWith(
  listener: RequestListener,
  { says = /./, ...bounds }: { says?: RegExp } & Record<string, unknown> = {},
): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const now = steadyClock();
  await using store = await openStore(':memory:', { now });
  const parts = partsOf(store, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, now);
  try {
    await assert.rejects(runSync({ ...parts, bounds: { ...parts.bounds, ...bounds } }), {
      code: 'ADMINISTRATION_UPSTREAM_ANSWER',
      message: says,
    });
    assert.equal(await store.countRevisions(), 0);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return asked;
}

const envelope = (content: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${content}</s:Body></s:Envelope>`;

it('an answer without end is cut off at the bound', async () => {
  const piece = Buffer.alloc(65_536, 0x20);
  await syncWith(
    (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/xml' });
      const more = () => {
        while (response.writable && response.write(piece));
      };
      response.on('drain', more);
      more();
    },
    { answerBytes: 1_000_000 },
  );
});

it('an answer that unpacks to far more than it was is refused before it takes memory', async () => {
  const bomb = encodeXpress(Buffer.alloc(20_000_000, 0x20));
  await syncWith(
    (_, response) => response.writeHead(200, { 'Content-Type': 'text/xml', 'Content-Encoding': 'xpress' }).end(bomb),
    { answerBytes: 5_000_000 },
  );
});

it('a redirect is not followed', async () => {
  const asked = await syncWith((_, response) => response.writeHead(302, { Location: '/elsewhere' }).end());
  assert.deepEqual(asked, ['/ServerSyncWebService/ServerSyncWebService.asmx']);
});

it('an authorization service on another host is never asked', async () => {
  const plugIn =
    '<AuthPlugInInfo><PlugInID>DssTargeting</PlugInID><ServiceUrl>http://elsewhere.example/x</ServiceUrl></AuthPlugInInfo>';
  const text = envelope(
    `<GetAuthConfigResponse xmlns="http://www.microsoft.com/SoftwareDistribution"><GetAuthConfigResult><AuthInfo>${plugIn}</AuthInfo></GetAuthConfigResult></GetAuthConfigResponse>`,
  );
  const asked = await syncWith((_, response) => response.writeHead(200, { 'Content-Type': 'text/xml' }).end(text));
  assert.equal(asked.length, 1);
});

it('a message that is no answer, or has entities, ends the run', async () => {
  for (const text of [
    envelope('<Nothing/>'),
    `<!DOCTYPE x [<!ENTITY a "b">]>${envelope('<GetAuthConfigResponse/>')}`,
  ]) {
    await syncWith((_, response) => response.writeHead(200, { 'Content-Type': 'text/xml' }).end(text));
  }
});

it('a document that unpacks to more than the bound is passed over', async () => {
  const { updateId, revisionNumber } = simulatedUpdate(1, { products: 1, changedAt: author.at });
  const bytes = Buffer.alloc(6_000_000, '<\0');
  const compressed = createCabinet([{ name: 'blob', bytes, modified: author.at }], { compression: 'mszip' });
  const data = { id: { updateId, revisionNumber }, compressed, fileDigests: [] };
  const read = await readUpdate({ updateId, revisionNumber }, data, { documentBytes: 5_000_000 });
  assert.equal('code' in read && read.code, 'FORMAT_OVER_LIMIT');
});

it('addresses of files inside of the network are not kept', async () => {
  const harmful = simulatedUpdate(1, { products: 1, changedAt: author.at });
  const [file] = harmful.files;
  const catalog = [
    { ...harmful, isConfig: true, files: [{ sha1: file?.sha1 ?? '', url: 'http://169.254.169.254/latest' }] },
  ];
  await using lab = await openLab({ catalog });
  assert.equal((await lab.sync()).added, 1);
  const sha1 = Buffer.from(file?.sha1 ?? '', 'base64').toString('hex');
  assert.equal((await lab.store.findContentSources([sha1])).size, 0);
  assert.ok(isPublicFileUrl(file?.url ?? ''));
});

it('a cookie that no call could carry, and a fault as long as a book, end the run', async () => {
  const answerOf = (operation: string, result: string, uri = 'http://www.microsoft.com/SoftwareDistribution') =>
    envelope(
      `<${operation}Response xmlns="${uri}"><${operation}Result>${result}</${operation}Result></${operation}Response>`,
    );
  const plugIn = '<AuthPlugInInfo><PlugInID>DssTargeting</PlugInID><ServiceUrl>x.asmx</ServiceUrl></AuthPlugInInfo>';
  const cookie = `<PlugInId>x</PlugInId><CookieData>${Buffer.alloc(100_000).toString('base64')}</CookieData>`;
  const authNamespace = 'http://www.microsoft.com/SoftwareDistribution/Server/DssAuthWebService';
  const asked = await syncWith(({ url }, response) => {
    const isAuth = url === '/x.asmx';
    const text = isAuth
      ? answerOf('GetAuthorizationCookie', cookie, authNamespace)
      : answerOf('GetAuthConfig', `<AuthInfo>${plugIn}</AuthInfo>`);
    response.writeHead(200, { 'Content-Type': 'text/xml' }).end(text);
  });
  assert.deepEqual(asked.slice(1), ['/x.asmx']);
  assert.ok(badAnswer(new URL('http://x'), 'x'.repeat(1_000_000)).message.length < 1000);
});

it('addresses of files that no update has are not kept, nor one as long as a book', async () => {
  const plain = simulatedUpdate(1, { products: 1, changedAt: author.at });
  const [file] = plain.files;
  const sha1 = file?.sha1 ?? '';
  const stranger = Buffer.alloc(20, 1).toString('base64');
  const files = (url: string) => [
    { sha1: stranger, url: 'http://download.example.com/stranger' },
    { sha1, url },
  ];
  for (const [url, kept] of [
    ['http://download.example.com/own', 1],
    [`http://download.example.com/${'x'.repeat(5000)}`, 0],
  ] as const) {
    await using lab = await openLab({ catalog: [{ ...plain, isConfig: true, files: files(url) }] });
    assert.equal((await lab.sync()).added, 1);
    const hex = [stranger, sha1].map((one) => Buffer.from(one, 'base64').toString('hex'));
    assert.equal((await lab.store.findContentSources(hex)).size, kept);
  }
});

it('an answer of many elements is refused before each of them takes memory', async () => {
  const many = envelope(
    `<GetAuthConfigResponse xmlns="http://www.microsoft.com/SoftwareDistribution"><GetAuthConfigResult><AuthInfo>${'<a/>'.repeat(20_000)}</AuthInfo></GetAuthConfigResult></GetAuthConfigResponse>`,
  );
  await syncWith((_, response) => response.writeHead(200, { 'Content-Type': 'text/xml' }).end(many), {
    answerElements: 10_000,
    says: /more than 10000 elements/,
  });
});
