import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { observe } from '../finding.ts';
import { makeReport } from '../report/report.ts';
import { failures } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { askPorts, observePorts, selfUpdatePortIn } from './ports.ts';

const faults: FindingCode[] = [
  'DOCTOR_PORT_NOT_ALLOWED',
  'DOCTOR_PORT_TAKEN',
  'DOCTOR_PORT_REFUSED',
  'DOCTOR_PORT_ANSWERS_WRONG',
];

describe('the ports of a server that runs', () => {
  for (const code of faults) {
    it(`are known from its home page, and explain what a client meets there: ${code}`, async () => {
      const fault = { code, headline: 'x', cause: 'Another program.', remedy: 'y', wsusEvents: [] };
      const home = { selfUpdate: { ports: [{ site: 'self-update', port: 8099, state: 'not-available', fault }] } };
      const [url, ports] = await answering(JSON.stringify(home));
      assert.equal(selfUpdatePortIn(ports), '8099');
      const met = observe('DOCTOR_PORT80_MISSING', 'fail', ['server', `http://${url.hostname}:8099`], {}, []);
      const report = makeReport('x', [met, ...observePorts(url, ports)]);
      assert.deepEqual(failures(report), [code]);
      assert.equal(report.findings[0]?.consequences[0]?.code, 'DOCTOR_PORT80_MISSING');
      assert.match(report.findings[0]?.what ?? '', /on port 8099: /);
      assert.deepEqual(report.findings[0]?.evidence, [{ source: `${url.origin}/api/home`, text: 'Another program.' }]);
    });
  }

  it('are not known if the server says something else', async () => {
    for (const body of ['', 'null', '{"selfUpdate":{"ports":7}}', '{"selfUpdate":{"ports":[null,{"port":"80"}]}}']) {
      const [url, ports] = await answering(body);
      assert.deepEqual([ports, selfUpdatePortIn(ports), observePorts(url, ports)], [[], undefined, []], body);
    }
    const strange = { site: 'main', port: 1, state: 'not-available', fault: { code: 'constructor', cause: 'x' } };
    const [url, ports] = await answering(JSON.stringify({ selfUpdate: { ports: [strange] } }));
    assert.deepEqual(observePorts(url, ports), []);
  });
});

async function answering(body: string): Promise<[URL, Awaited<ReturnType<typeof askPorts>>]> {
  const server = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    return [url, await askPorts(url)];
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
