// Webhooks: what they are told, how it is signed, and that no message is lost and none goes where it must not.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  addTarget,
  listMessages,
  listTargets,
  type NoticeType,
  noticeTypes,
  removeTarget,
  replayMessage,
  testTarget,
} from '@moult/administration/notices';
import { Webhook } from 'standardwebhooks';
import { author, createAdministration } from '../../../administration/src/test/administration.ts';
import type { BackupFacts } from '../backup-schedule/index.ts';
import { keepNotices } from './index.ts';
import { signedMessage } from './post.ts';

interface Got {
  headers: IncomingHttpHeaders;
  body: string;
}

const dataDir = mkdtempSync(join(tmpdir(), 'moult-notices-'));
const got: Got[] = [];
const answer: { status: number; headers: Record<string, string> } = { status: 204, headers: {} };
const receiver = createServer(async (request, response) => {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  got.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
  response.writeHead(answer.status, answer.headers).end('x'.repeat(10_000));
});
let address = '';
before(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
after(() => {
  receiver.close();
  receiver.closeAllConnections();
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(() => {
  got.length = 0;
  Object.assign(answer, { status: 204, headers: {} });
});

async function open(types: readonly NoticeType[] = noticeTypes) {
  const made = await createAdministration();
  const administration = { ...made, server: { ...made.server, dataDir } };
  const clock = { at: author.at };
  const ends: { name: string; endsAt: Date }[] = [];
  const backups: { now: BackupFacts } = { now: { health: 'fine', lastAt: undefined, failure: undefined } };
  const parts = {
    ...{ store: made.store, dataDir, now: () => clock.at, endings: () => ends, everyMs: 0 },
    backups: () => backups.now,
  };
  const errors: unknown[] = [];
  const log = { warn: (error: unknown) => errors.push(error), error: (error: unknown) => errors.push(error) };
  const notices = keepNotices({ ...parts, log });
  const hook = await addTarget(administration, { address, types, allowsPrivate: true });
  return {
    ...{ administration, clock, ends, backups, notices, hook, errors, store: made.store },
    another: () => keepNotices({ ...parts, log }),
    change: (subject: string, action = 'test', more?: unknown) =>
      made.store.recordChange(author, { action, subject, after: more }),
    pass(seconds: number) {
      clock.at = new Date(clock.at.getTime() + seconds * 1000);
    },
    async [Symbol.asyncDispose]() {
      await notices.close();
      await made[Symbol.asyncDispose]();
      assert.deepEqual(errors, []);
    },
  };
}

const idsOf = () => got.map(({ headers }) => headers['webhook-id']);

/** As the specification of Standard Webhooks has it, and not as the source does it. */
function isSigned({ headers, body }: Got, secret: string): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

describe('a webhook', () => {
  it('is verified by the library of Standard Webhooks, which refuses a changed message and one that is sent again later', async () => {
    const library = new Webhook(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);
    const message = {
      messageId: 'm-1',
      type: 'test',
      at: author.at.toISOString(),
      data: { text: 'ü "quoted"' },
    } as const;
    const sent = (now: Date) => signedMessage(message, `whsec_${Buffer.alloc(32, 7).toString('base64')}`, now);
    const { body, headers } = sent(new Date());
    assert.deepEqual(library.verify(body, headers), { type: 'test', timestamp: message.at, data: message.data });
    assert.throws(() => library.verify(`${body} `, headers));
    assert.throws(() => library.verify(body, { ...headers, 'webhook-id': 'm-2' }));
    const late = sent(new Date(Date.now() - 600_000));
    assert.throws(() => library.verify(late.body, late.headers), /old/i);
  });

  it('gets changes from then on, each signed as Standard Webhooks has it', async () => {
    await using lab = await open(['audit.recorded']);
    await lab.notices.run();
    got.length = 0;
    await lab.change('first', 'approve update', { title: '<b>\u202e' });
    assert.equal(await lab.notices.run(), 1);
    assert.equal(await lab.notices.run(), 0, 'nothing is told twice');
    const [one] = got;
    assert.ok(one);
    assert.ok(isSigned(one, lab.hook.secretOnce));
    assert.ok(!isSigned({ ...one, body: `${one.body} ` }, lab.hook.secretOnce));
    const { type, timestamp, data } = JSON.parse(one.body);
    assert.deepEqual(
      [type, timestamp, data.subject, data.actor],
      ['audit.recorded', '2026-11-22T00:00:00.000Z', 'first', 'anna'],
    );
    assert.equal(Number(one.headers['webhook-timestamp']), author.at.getTime() / 1000);
  });

  it('that is away gets each message later, in order and with the same id, after longer and longer pauses', async () => {
    await using lab = await open(['audit.recorded']);
    await lab.notices.run();
    got.length = 0;
    answer.status = 500;
    await lab.change('one');
    await lab.change('two');
    await lab.notices.run();
    await lab.notices.run();
    assert.equal(got.length, 1, 'it waits before the next try');
    lab.pass(6);
    await lab.notices.run();
    lab.pass(6);
    await lab.notices.run();
    assert.equal(got.length, 2, 'the second pause is longer');
    const [target] = await listTargets(lab.administration);
    assert.deepEqual([target?.error, target?.attempts, target?.waiting], ['HTTP 500', 2, 2]);
    answer.status = 200;
    lab.pass(3600);
    // As after a restart.
    await using restarted = { ...lab.another(), [Symbol.asyncDispose]: async () => undefined };
    assert.equal(await restarted.run(), 2);
    assert.deepEqual(new Set(idsOf().slice(0, 3)).size, 1);
    assert.deepEqual(
      got.slice(2).map(({ body }) => JSON.parse(body).data.subject),
      ['one', 'two'],
    );
  });

  it('gets each message once from two servers that look at the same moment', async () => {
    await using lab = await open(['audit.recorded']);
    await lab.notices.run();
    got.length = 0;
    for (let at = 0; at < 5; at++) await lab.change(`s${at}`);
    const other = lab.another();
    await Promise.all([lab.notices.run(), other.run()]);
    await other.close();
    assert.equal(new Set(idsOf()).size, 5);
    assert.equal(got.length, 5);
  });

  it('is disabled when it says that it is gone, or is away for days; a test enables it', async () => {
    await using lab = await open(['audit.recorded']);
    answer.status = 410;
    await lab.change('one');
    await lab.notices.run();
    assert.equal((await listTargets(lab.administration))[0]?.isDisabled, true);
    lab.pass(86_400);
    got.length = 0;
    await lab.notices.run();
    assert.equal(got.length, 0);
    answer.status = 204;
    await testTarget(lab.administration, address);
    assert.ok((await lab.notices.run()) >= 2);
    assert.ok(got.some(({ body }) => JSON.parse(body).type === 'test'));
    answer.status = 503;
    await lab.change('two');
    for (let day = 0; day < 7; day++) {
      await lab.notices.run();
      lab.pass(86_400);
    }
    assert.equal((await listTargets(lab.administration))[0]?.isDisabled, true);
  });

  it('gets a delivered message again by its id', async () => {
    await using lab = await open(['audit.recorded']);
    await lab.change('one');
    await lab.notices.run();
    const before = idsOf();
    const [kept] = await listMessages(lab.administration, lab.hook.targetId);
    await replayMessage(lab.administration, lab.hook.targetId, kept?.messageId ?? '');
    await lab.notices.run();
    assert.equal(idsOf().at(-1), kept?.messageId);
    assert.ok(before.includes(kept?.messageId));
    await assert.rejects(replayMessage(lab.administration, lab.hook.targetId, 'x'), { code: 'SERVER_NOT_FOUND' });
  });

  it('that is removed while a message is on its way stays removed', async () => {
    await using lab = await open(['audit.recorded']);
    await lab.change('one');
    const running = lab.notices.run();
    await removeTarget(lab.administration, lab.hook.targetId);
    await running;
    assert.deepEqual(await listTargets(lab.administration), []);
  });

  it('is told of a ring that halts, of silent computers once a day, and of an end at 30 and 7 days and after it', async () => {
    await using lab = await open(['ring.halted', 'computers.silent', 'expiry.soon']);
    await lab.change('u', 'rings: halt', { reason: 'failures' });
    await lab.change('u', 'rings: go on');
    lab.ends.push({ name: 'https', endsAt: new Date(author.at.getTime() + 29 * 86_400_000) });
    for (let day = 0; day < 40; day++) {
      await lab.notices.run();
      await lab.notices.run();
      lab.pass(86_400);
    }
    const told = got.map(({ body }) => JSON.parse(body)).map(({ type, data }) => [type, data.days ?? data.updateId]);
    assert.deepEqual(told, [
      ['ring.halted', 'u'],
      ['expiry.soon', 29],
      ['expiry.soon', 6],
      ['expiry.soon', -1],
    ]);
  });

  it('is told once of a backup that fails, and again of the next failure', async () => {
    await using lab = await open(['backup.failed']);
    const failure = (since: string) => ({ since, at: since, code: 'SERVER_DISK_FULL', message: 'full', count: 1 });
    const states: BackupFacts[] = [
      { health: 'failed', lastAt: undefined, failure: failure('2026-11-22T01:00:00.000Z') },
      { health: 'failed', lastAt: undefined, failure: failure('2026-11-22T01:00:00.000Z') },
      { health: 'fine', lastAt: '2026-11-22T02:00:00.000Z', failure: undefined },
      { health: 'late', lastAt: '2026-11-22T02:00:00.000Z', failure: undefined },
      { health: 'failed', lastAt: '2026-11-22T02:00:00.000Z', failure: failure('2026-11-24T01:00:00.000Z') },
    ];
    for (const state of states) {
      lab.backups.now = state;
      await lab.notices.run();
      lab.pass(3600);
    }
    const told = got.map(({ body }) => JSON.parse(body)).map(({ type, data }) => [type, data.health, data.error]);
    assert.deepEqual(told, [
      ['backup.failed', 'failed', 'full'],
      ['backup.failed', 'late', undefined],
      ['backup.failed', 'failed', 'full'],
    ]);
  });

  it('keeps its secret sealed, so that neither the store nor a list shows it', async () => {
    await using lab = await open();
    const kept = [...(await lab.store.loadSettings('notice-target:')).values()].join();
    const secret = lab.hook.secretOnce.slice('whsec_'.length);
    assert.ok(secret.length > 40 && !kept.includes(secret) && !kept.includes('whsec_'));
    assert.ok(!JSON.stringify(await listTargets(lab.administration)).includes(secret));
    const audit = JSON.stringify(await lab.store.listAudit({ limit: 10 }));
    assert.ok(audit.includes('add webhook') && !audit.includes(secret));
  });

  it('does not open a way into the network by private addresses, other schemes, passwords and redirections', async () => {
    await using lab = await open(['audit.recorded']);
    for (const wrong of [
      'http://example.com/x',
      'https://a:b@example.com/',
      'ftp://example.com',
      'file:///etc/passwd',
      'x',
      '',
    ])
      await assert.rejects(
        addTarget(lab.administration, { address: wrong, types: [] }),
        { code: 'ADMINISTRATION_NOTICE' },
        wrong,
      );
    for (const inside of [
      'https://127.0.0.1/',
      'https://[::1]/',
      'https://169.254.169.254/',
      'https://0x7f.1/',
      'https://10.1.2.3/',
    ])
      await assert.rejects(
        addTarget(lab.administration, { address: inside, types: [] }),
        { code: 'ADMINISTRATION_PRIVATE_ADDRESS' },
        inside,
      );
    // A name that leads to this machine.
    const named = await addTarget(lab.administration, { address: 'https://localhost:1/x', types: ['audit.recorded'] });
    await lab.notices.run();
    await testTarget(lab.administration, named.targetId);
    await lab.notices.run();
    const target = (await listTargets(lab.administration)).find(({ targetId }) => targetId === named.targetId);
    assert.equal(target?.error, 'it is an address of a private network');
    Object.assign(answer, { status: 302, headers: { location: address } });
    got.length = 0;
    await lab.change('one');
    lab.pass(3600);
    await lab.notices.run();
    assert.equal(got.length, 1, 'a redirection is not followed');
  });

  it('that is away for long keeps the newest messages, and tells how many are lost', async () => {
    await using lab = await open(['audit.recorded']);
    await lab.notices.run();
    answer.status = 500;
    for (let at = 0; at < 260; at++) await lab.change(`s${at}`, 'test', 'x'.repeat(at === 259 ? 20_000 : 1));
    for (let look = 0; look < 4; look++) {
      lab.pass(7 * 3600);
      await lab.notices.run();
    }
    const [target] = await listTargets(lab.administration);
    assert.equal(target?.waiting, 200);
    assert.ok((target?.dropped ?? 0) >= 60);
    const messages = await listMessages(lab.administration, lab.hook.targetId);
    assert.deepEqual(messages.filter(({ isDelivered }) => !isDelivered).at(-1)?.data, { isCut: true });
  });
});
