import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { readXml } from '@moult/formats/xml';
import { startTestServer, type TestServer } from '../../../test/test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer({ config: { firstCatalog: 'empty' } });
});
after(() => server.stop());

it('the addresses that troubleshooting has administrators open answer as those of WSUS do, in any letter case', async () => {
  for (const path of ['/ClientWebService/wusserverversion.xml', '/clientwebservice/WUSSERVERVERSION.XML?1']) {
    const response = await fetch(server.url + path);
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/xml; charset=utf-8']);
    assert.equal(readXml(await response.text()).children.filter(({ kind }) => kind === 'element').length, 1);
  }
  for (const path of ['/Content/anonymousCheckFile.txt', '/content/anonymouscheckfile.txt']) {
    const response = await fetch(server.url + path);
    const { headers } = response;
    assert.deepEqual([response.status, await response.text()], [200, '']);
    assert.deepEqual([headers.get('content-length'), headers.get('content-type')], ['0', 'text/plain; charset=utf-8']);
  }
});

it('they are read only, and their neighbours are not there', async () => {
  const head = await fetch(`${server.url}/ClientWebService/wusserverversion.xml`, { method: 'HEAD' });
  assert.deepEqual([head.status, Number(head.headers.get('content-length')) > 0], [200, true]);
  const put = await fetch(`${server.url}/Content/anonymousCheckFile.txt`, { method: 'PUT', body: 'x' });
  assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, HEAD']);
  for (const path of ['/Content/otherCheckFile.txt', '/ClientWebService/other.xml'])
    assert.equal((await fetch(server.url + path)).status, 404);
});
