// Every fault of the simulator, against the built agents: the agent still works afterwards, its log says what happened,
// and the server hears of it once.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Fault } from '@moult/simulator';
import { readStatus } from '../src/read-status.ts';
import { impatient, type Lab, newVersion, oldVersion, openLab, pingFields, runOnce } from './lab.ts';

interface Case {
  name: string;
  fault: Fault;
  /** HRESULT of the outcome, of the ping and in the log. */
  code: string;
  log: RegExp;
  /** Counts as a server that could not be contacted: the next detection is in 24 hours. */
  unreachable: boolean;
}

const cases: Case[] = [
  {
    name: '404',
    fault: { kind: 'status', status: 404 },
    code: '0x80244019',
    log: /answered 404: the file is not there/,
    unreachable: true,
  },
  {
    name: '401',
    fault: { kind: 'status', status: 401 },
    code: '0x80244017',
    log: /answered 401: .*anonymous access is off/,
    unreachable: true,
  },
  {
    name: '403',
    fault: { kind: 'status', status: 403 },
    code: '0x80244018',
    log: /answered 403: access is refused/,
    unreachable: true,
  },
  {
    name: '500',
    fault: { kind: 'status', status: 500 },
    code: '0x8024401f',
    log: /answered 500: the server has an internal error/,
    unreachable: true,
  },
  { name: '503', fault: { kind: 'status', status: 503 }, code: '0x80244022', log: /answered 503/, unreachable: true },
  {
    name: 'a redirect',
    fault: { kind: 'status', status: 302 },
    code: '0x8024402b',
    log: /answered 302: it redirects/,
    unreachable: true,
  },
  {
    name: 'a connection cut before the answer',
    fault: { kind: 'cut', afterBytes: 0 },
    code: '0x80072efe',
    log: /connection was cut/,
    unreachable: true,
  },
  {
    name: 'a connection cut in the middle',
    fault: { kind: 'cut', afterBytes: 1000 },
    code: '0x80072efe',
    log: /connection was cut/,
    unreachable: true,
  },
  {
    name: 'a server that is too slow',
    fault: { kind: 'slow', bytesPerSecond: 100 },
    code: '0x80072ee2',
    log: /did not answer in time/,
    unreachable: true,
  },
  {
    name: 'a truncated cabinet',
    fault: { kind: 'truncated' },
    code: '0x800b0100',
    log: /is not used: its signature cannot be read/,
    unreachable: false,
  },
  {
    name: 'an altered cabinet',
    fault: { kind: 'altered' },
    code: '0x80096010',
    log: /changed after it was signed/,
    unreachable: false,
  },
  {
    name: 'a wrong signature',
    fault: { kind: 'wrong-signature' },
    code: '0x800b0109',
    log: /signer is not this machine's operator/,
    unreachable: false,
  },
  {
    name: 'an HTML page in place of the file',
    fault: { kind: 'html' },
    code: '0x8024d002',
    log: /an HTML page came in its place/,
    unreachable: true,
  },
];

/** Of a transfer that takes a hundred times as long. */
const slowSeconds = 4;

describe('a SUS client', { concurrency: 2 }, () => {
  for (const { name, fault, code, log, unreachable } of cases) {
    for (const file of ['iuident', 'wuaucomp'] as const) {
      it(`survives ${name} at ${file}.cab, says so, and pings once`, async () => {
        await using lab = await opened();
        const { server } = lab;
        const root = await lab.machine();
        server.setFault(new RegExp(`/${file}\\.cab$`), fault);
        if (fault.kind === 'slow') impatient(root, 'TransferTimeoutSeconds', slowSeconds);
        const before = Date.now();

        const outcome = await runOnce(root);

        assert.equal(outcome?.ok, false);
        assert.equal(`0x${outcome.hresult.toString(16)}`, code, outcome.message);
        const status = readStatus(root);
        assert.deepEqual([status.generation, status.version, status.intact], ['sus', oldVersion, true]);
        const lines = readFileSync(root.susLog, 'utf8').split('\r\n');
        const line = lines.find((one) => log.test(one));
        assert.ok(line, lines.join('\n'));
        assert.match(line, new RegExp(`\tError\tSelfUpdate\t.*${code}`));
        const next = Date.parse(status.nextDetection ?? '');
        const [least, most] = unreachable ? [24, 24] : [4, 5];
        // To the second, as the registry has it.
        assert.ok(next > before + least * 3_600_000 - 1000, status.nextDetection);
        assert.ok(next <= Date.now() + most * 3_600_000, status.nextDetection);

        server.clearFaults();
        impatient(root, 'TransferTimeoutSeconds', undefined);
        const later = await runOnce(root);

        assert.equal(later?.ok, true, later?.message);
        assert.equal(readStatus(root).version, newVersion);
        assert.ok(!existsSync(root.urlLog));
        // A ping whose answer came too late goes out again, byte for byte the same: only there the wait is short enough.
        const heard = fault.kind === 'slow' ? [...new Set(server.pings())] : server.pings();
        const pings = heard.map(pingFields);
        const failures = pings.filter(({ E }) => E !== '00000000');
        assert.deepEqual(
          failures.map(({ A, S, E }) => [A, S, `0x${E}`]),
          [['s', 'f', code]],
        );
        assert.equal(pings.filter(({ A, S }) => A === 's' && S === 's').length, 1);
      });
    }
  }

  it('keeps its pings in urllog.dat while nothing of the server answers, and sends each once', async () => {
    await using lab = await opened();
    const { server } = lab;
    const root = await lab.machine();
    server.setFault(/./, { kind: 'cut', afterBytes: 0 });
    await runOnce(root);
    const [first] = readFileSync(root.urlLog, 'latin1').split('\r\n');
    assert.match(
      first ?? '',
      new RegExp(`^${lab.port.url}\tV=1&U=[0-9a-f]{32}&C=au&A=s&.*&S=f&E=80072efe&.*&X=\\d{15}$`),
    );
    await runOnce(root);
    assert.equal(readStatus(root).keptPings, 1, 'an outage is one ping, however long it lasts');
    server.setFault(/./, { kind: 'status', status: 500 });
    await runOnce(root);
    assert.equal(readStatus(root).keptPings, 2, 'another failure is another ping');
    assert.deepEqual(server.pings(), []);

    server.clearFaults();
    await runOnce(root);

    assert.ok(!existsSync(root.urlLog));
    const sent = server.pings();
    assert.equal(new Set(sent).size, sent.length);
    assert.equal(sent[0], first?.split('\t')[1], 'oldest first, with the time at which it happened');
    assert.deepEqual(
      sent.map(pingFields).map(({ A, S, E }) => `${A}${S}${E}`),
      ['sf80072efe', 'sf8024401f', 'sp00000000', 'ss00000000', 'ds00000000'],
    );
  });

  it('keeps its ping when only wutrack.bin is missing', async () => {
    await using lab = await opened();
    const root = await lab.machine();
    lab.server.setFault(/\/wutrack\.bin$/, { kind: 'status', status: 404 });
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true);
    assert.equal(readStatus(root).version, newVersion, 'no ping is worth staying old for');
    assert.equal(readStatus(root).keptPings, 3);
    lab.server.clearFaults();
    await runOnce(root);
    assert.equal(readStatus(root).keptPings, 0);
    assert.equal(
      lab.server
        .pings()
        .map(pingFields)
        .filter(({ A, S }) => A === 's' && S === 's').length,
      1,
    );
  });
});

let shared: Lab;
before(async () => {
  shared = await openLab();
});
after(() => shared.close());

/** A server of its own for each test, with the builds of all. */
async function opened(): Promise<Lab & AsyncDisposable> {
  const { createSusServer, listen } = await import('@moult/simulator');
  const server = await createSusServer({
    signer: shared.operator.signer,
    now: new Date(),
    release: shared.release('wsus', newVersion),
  });
  const port = await listen(server);
  const machine: Lab['machine'] = (options = {}) => shared.machine({ server: port.url, ...options });
  return { ...shared, server, port, machine, [Symbol.asyncDispose]: () => port.close() };
}
