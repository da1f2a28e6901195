import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect as connectPlain, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type ConnectionOptions, connect } from 'node:tls';
import { createOperatorCa, createServerCertificate } from '@moult/formats/authenticode';
import { openAlpnDoor } from './alpn-door.ts';

const validity = { validFrom: new Date(Date.now() - 3_600_000), validTo: new Date(Date.now() + 86_400_000) };
const authority = await createOperatorCa({ commonName: 'Test authority', now: new Date() });
const certificateOf = async (name: string) => {
  const one = await createServerCertificate(authority, { names: [name], ...validity });
  return { key: one.privateKeyPem, cert: one.certificatePem };
};
const usual = await certificateOf('usual.example');
const proof = await certificateOf('proof.example');

async function openDoor(waitMs = 5000) {
  const server = createHttpsServer(usual, (_request, response) => response.end('usual'));
  const certificateFor = (name: string) => (name === 'moult.example' ? proof : undefined);
  openAlpnDoor(server, { certificateFor, hasCertificates: () => true }, waitMs);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Gives what a client says on in packets of so many bytes. */
async function openSlowRoad(port: number, bytes: number) {
  const road = createServer((client) => {
    const server = connectPlain({ port, host: '127.0.0.1', noDelay: true });
    server.pipe(client);
    client.on('data', async (said) => {
      client.pause();
      for (let at = 0; at < said.length; at += bytes) {
        server.write(said.subarray(at, at + bytes));
        await setTimeout(1);
      }
      client.resume();
    });
    for (const one of [client, server]) one.on('error', () => undefined);
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
  road.listen(0, '127.0.0.1');
  await once(road, 'listening');
  return {
    port: (road.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => road.close(() => resolve())),
  };
}

async function nameFor(port: number, options: ConnectionOptions = {}): Promise<string> {
  const given = { port, host: '127.0.0.1', servername: 'moult.example', rejectUnauthorized: false, ...options };
  const socket = connect(given);
  await once(socket, 'secureConnect');
  const { subjectaltname } = socket.getPeerCertificate();
  socket.destroy();
  return String(subjectaltname);
}

describe('the proof over TLS on the port of HTTPS, while an order waits', { timeout: 60_000 }, () => {
  for (const bytes of [3, 70, 100_000])
    it(`has its own certificate, and other clients have the usual one, in packets of ${bytes} bytes`, async () => {
      await using door = await openDoor();
      await using road = await openSlowRoad(door.port, bytes);
      assert.equal(await nameFor(road.port, { ALPNProtocols: ['acme-tls/1'] }), 'DNS:proof.example');
      assert.equal(await nameFor(road.port, { ALPNProtocols: ['http/1.1'] }), 'DNS:usual.example');
    });

  it('is closed for whoever does not end the first message, in the time or at all', async () => {
    await using door = await openDoor(300);
    const half = Buffer.from([22, 3, 1, 1, 0, 1]);
    for (const isEnded of [false, true]) {
      const socket = connectPlain(door.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(half);
      if (isEnded) socket.end();
      socket.resume();
      await once(socket, 'close');
    }
    assert.equal(await nameFor(door.port), 'DNS:usual.example');
  });

  it('leaves what is no message of TLS to the usual server', async () => {
    await using door = await openDoor();
    for (const said of ['GET / HTTP/1.0\r\n\r\n', '\u0016\u0003\u0001\u00ff\u00ff']) {
      const socket = connectPlain(door.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(Buffer.from(said, 'latin1'));
      socket.resume();
      await once(socket, 'close');
    }
  });
});
