import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { ping } from './pinger.ts';
import { readUrlLog } from './url-log.ts';

it('pings kept for a server that the policy no longer names go, once, to the one that it names now', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-pinger-'));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const urlLog = join(folder, 'urllog.dat');
    const parts = (statusServer: string) => ({
      urlLog,
      statusServer,
      clientId: '01234567-89ab-cdef-0123-456789abcdef',
      agent: 'sus/5.4.0.1',
      machine: { os: 'XP' as const, architecture: 'x86' as const, language: 'en' },
      userAgent: 'Industry Update Control',
      limits: { silenceMs: 60_000, totalMs: 60_000, maxBytes: 1000 },
      now: () => new Date('2026-01-02T03:04:05.678Z'),
      log: () => undefined,
    });
    // Port 1 of this machine: nobody listens.
    await ping(parts('http://127.0.0.1:1'), { activity: 's', status: 'f', result: 0x80072efd });
    assert.equal(readUrlLog(urlLog).length, 1);
    const present = parts(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await ping(present, { activity: 'd', status: 's', result: 0 });
    await ping(present, { activity: 'd', status: 's', result: 0 });
    assert.deepEqual(
      asked.map((url) => new URLSearchParams(url.split('?')[1]).get('E')),
      ['80072efd', '00000000', '00000000'],
    );
    assert.deepEqual(readUrlLog(urlLog), []);
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
