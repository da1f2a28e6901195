// What PostgreSQL refuses at the log-on, told by a server that only says so: each refusal in words, without a secret.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { openDatabase } from '../src/database.ts';

describe('what PostgreSQL refuses at the log-on is said in words, without a secret', () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });

  /** One that answers the start-up message with these bytes. */
  async function answering(...answers: Buffer[]): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      let met = 0;
      socket.on('data', (piece) => {
        // The request for TLS comes first.
        if (piece.length === 8) socket.write('N');
        else socket.write(answers[met++] ?? '');
      });
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  const message = (type: string, ...parts: (number | string)[]): Buffer => {
    const body = Buffer.concat(
      parts.map((part) => {
        if (typeof part === 'string') return Buffer.from(part);
        const bytes = Buffer.alloc(4);
        bytes.writeInt32BE(part);
        return bytes;
      }),
    );
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const refusal = (code: string, text: string) => message('E', `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);
  const wantsPassword = {
    scram: message('R', 10, 'SCRAM-SHA-256\0\0'),
    md5: message('R', 5, 'salt'),
    cleartext: message('R', 3),
  };

  for (const [name, asked] of Object.entries(wantsPassword)) {
    it(`a password is wanted (${name}) and there is none`, async () => {
      const port = await answering(asked, refusal('28P01', 'password authentication failed for user "moult"'));
      await assert.rejects(openDatabase(`postgres://moult@127.0.0.1:${port}/updates`), {
        code: 'SERVER_DATABASE',
        message: /it wants a password for the role "moult", and has none.*PGPASSWORD/,
      });
    });
  }

  for (const [code, text, said] of [
    ['28P01', 'password authentication failed for user "moult"', /refuses the password of the role "moult"/],
    ['28000', 'no pg_hba.conf entry for host "192.0.2.7", user "moult", no encryption', /add \?sslmode=require/],
    ['3D000', 'database "updates" does not exist', /has no database "updates".*CREATE DATABASE/],
    ['42501', 'permission denied for database "updates"', /the role "moult" may not connect/],
  ] as const) {
    it(`${code} is for the administrator to mend`, async () => {
      const port = await answering(refusal(code, text));
      const refused = openDatabase(`postgres://moult:hunter2@127.0.0.1:${port}/updates?password=hunter2`);
      await assert.rejects(refused, (error: Error & { code: string }) => {
        assert.equal(error.code, 'SERVER_DATABASE');
        assert.match(error.message, said);
        assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /hunter2/);
        return true;
      });
    });
  }

  for (const [code, text] of [
    ['57P03', 'the database system is starting up'],
    ['53300', 'sorry, too many clients already'],
    ['08P01', 'server login has been failing, try again later (server_login_retry)'],
  ] as const) {
    it(`${code} passes by itself`, async () => {
      const port = await answering(refusal(code, text));
      await assert.rejects(openDatabase(`postgres://moult@127.0.0.1:${port}/updates`), {
        code: 'SERVER_DATABASE_AWAY',
      });
    });
  }

  it('a host without TLS is refused when TLS is wanted', async () => {
    const port = await answering();
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      await assert.rejects(openDatabase(`postgres://moult@127.0.0.1:${port}/updates?sslmode=${mode}`), {
        code: 'SERVER_DATABASE',
        message: new RegExp(`has no TLS, and sslmode is ${mode}`),
      });
    }
  });

  it('pgbouncer, which knows no timeouts at the log-on, is asked again without them', async () => {
    const port = await answering(
      refusal('08P01', 'unsupported startup parameter: statement_timeout'),
      refusal('3D000', 'the second try'),
    );
    await assert.rejects(openDatabase(`postgres://moult@127.0.0.1:${port}/updates`), {
      code: 'SERVER_DATABASE_AWAY',
    });
  });
});
