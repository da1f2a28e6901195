// What a browser, a foreign SOAP client and a port scanner see of the services.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { post } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

const get = (path: string, headers: Record<string, string> = {}) => post(server.url + path, '', headers, 'GET');
const specification = (name: string) =>
  readFileSync(new URL(`../../../fixtures/wsdl/${name}.wsdl`, import.meta.url), 'utf8');

/** What the specification's contract lacks and ours has: see packages/protocol/wsdl/README.md. */
function asPrinted(wsdl: string): string {
  return wsdl.replace(
    /<wsdl:operation name="GetExtendedUpdateInfo2">\n<soap12:operation [\s\S]*?<\/wsdl:operation>\n/,
    '',
  );
}

const services = [
  ['/ClientWebService/client.asmx', 'client'],
  ['/SimpleAuthWebService/SimpleAuth.asmx', 'simpleauth'],
  ['/ReportingWebService/ReportingWebService.asmx', 'reporting'],
  ['/ReportingWebService/WebService.asmx', 'reporting'],
  ['/ServerSyncWebService/ServerSyncWebService.asmx', 'serversync'],
  ['/DssAuthWebService/DssAuthWebService.asmx', 'dssauth'],
] as const;

for (const [path, name] of services) {
  it(`${path}?wsdl is the specification's contract, at the address where it was asked`, async () => {
    for (const [asked, host] of [
      [`${path}?wsdl`, 'wsus.example.test:8530'],
      [`${path.toUpperCase()}?WSDL`, '[::1]:80'],
      [`${path.toLowerCase()}?singleWsdl`, 'a'],
    ] as const) {
      const answer = await get(asked, { host });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], 'text/xml; charset=utf-8');
      const text = answer.bytes.toString();
      const addresses = [...text.matchAll(/:address\s+location="([^"]*)"/g)].map((match) => match[1]);
      assert.deepEqual(new Set(addresses), new Set([`http://${host}${asked.split('?')[0]}`]));
      const neutral = (wsdl: string) => wsdl.replace(/(:address\s+location=")[^"]*/g, '$1');
      assert.equal(neutral(asPrinted(text)), neutral(specification(name)));
    }
  });

  it(`${path}?wsdl: each binding has every operation of its port, or typed clients cannot load it`, async () => {
    const text = (await get(`${path}?wsdl`)).bytes.toString();
    const namesIn = (part: string) =>
      [...part.matchAll(/<wsdl:operation name="(\w+)"/g)].map((match) => match[1]).sort();
    const [port] = [...text.matchAll(/<wsdl:portType [\s\S]*?<\/wsdl:portType>/g)].map(([part]) => namesIn(part));
    const bindings = [...text.matchAll(/<wsdl:binding [\s\S]*?<\/wsdl:binding>/g)].map(([part]) => namesIn(part));
    assert.equal(bindings.length, 2);
    for (const binding of bindings) assert.deepEqual(binding, port);
  });

  it(`${path} in a browser names its operations and its contract`, async () => {
    const page = (await get(path)).bytes.toString();
    assert.ok(page.includes('?wsdl'));
    const operations = [...specification(name).matchAll(/<wsdl:operation name="(\w+)"/g)].map((match) => match[1]);
    for (const operation of operations) assert.ok(page.includes(`<li>${operation}</li>`), operation);
  });
}

it('a Host header that is no host does not come back', async () => {
  const text = (await get('/ClientWebService/client.asmx?wsdl', { host: 'x"><y:8530' })).bytes.toString();
  assert.ok(!text.includes('><y'));
  assert.match(text, /:address location="http:\/\/127\.0\.0\.1:\d+\/ClientWebService\/client\.asmx"/);
});

it('HEAD has the length and no body', async () => {
  const answer = await post(`${server.url}/ClientWebService/client.asmx?wsdl`, '', {}, 'HEAD');
  assert.equal(answer.status, 200);
  assert.ok(Number(answer.headers['content-length']) > 30_000);
  assert.equal(answer.bytes.length, 0);
});
