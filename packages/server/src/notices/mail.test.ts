// Mail to administrators, taken by a mail server of the test.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { loadConfig } from '@moult/administration/config';
import { addTarget, listTargets, testTarget } from '@moult/administration/notices';
import { author, createAdministration } from '../../../administration/src/test/administration.ts';
import { keepNotices } from './index.ts';
import { letterOf, openMail } from './mail.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'moult-mail-'));
const letters: { to: string[]; text: string }[] = [];
const state = { refuses: '' };

/** Enough of RFC 5321 for a client: it takes letters, and has no TLS and no accounts. */
const sink = createServer((socket) => {
  let letter: { to: string[]; text: string } | undefined;
  let isData = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  socket.on('error', () => undefined);
  say('220 sink');
  createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => {
    if (isData && line === '.') {
      isData = false;
      if (letter) letters.push(letter);
      return say('250 taken');
    }
    if (isData && letter) {
      letter.text += `${line}\n`;
      return;
    }
    if (/^(?:EHLO|HELO)/.test(line)) return say('250 sink');
    if (/^MAIL/.test(line)) {
      letter = { to: [], text: '' };
      return say('250 fine');
    }
    if (/^RCPT/.test(line)) {
      if (state.refuses !== '' && line.includes(state.refuses)) return say('550 nobody');
      letter?.to.push(/<(.*?)>/.exec(line)?.[1] ?? '');
      return say('250 fine');
    }
    if (line === 'DATA') {
      isData = true;
      return say('354 go on');
    }
    if (line === 'QUIT') return say('221 bye');
    return say('500 what');
  });
});
let smtp = '';
before(async () => {
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  smtp = `smtp://127.0.0.1:${(sink.address() as AddressInfo).port}`;
});
after(() => {
  sink.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function open(flags: Record<string, unknown> = {}) {
  const made = await createAdministration();
  const { config } = loadConfig({ flags: { dataDir, smtp, mailFrom: 'moult@example.com', ...flags }, environment: {} });
  const administration = { ...made, server: { ...made.server, dataDir, config } };
  const clock = { at: author.at };
  const log = { warn: assert.fail, error: assert.fail };
  const notices = keepNotices({
    ...{ store: made.store, dataDir, now: () => clock.at, endings: () => [], log, everyMs: 0 },
    backups: () => ({ health: 'off' as const, lastAt: undefined, failure: undefined }),
    mail: openMail(config, 'wsus.example.com', 2000),
  });
  letters.length = 0;
  state.refuses = '';
  return {
    ...{ administration, clock, notices },
    change: (subject: string) => made.store.recordChange(author, { action: 'test', subject }),
    async [Symbol.asyncDispose]() {
      await notices.close();
      await made[Symbol.asyncDispose]();
    },
  };
}

describe('mail to administrators', () => {
  it('has all that waits in one letter to all receivers, at once', async () => {
    await using lab = await open();
    const address = 'mailto:anna@example.com,ben@example.com';
    await addTarget(lab.administration, { address, types: ['audit.recorded'] });
    await lab.change('one');
    await lab.change('two');
    await lab.notices.run();
    await lab.notices.run();
    const [letter, ...more] = letters;
    assert.deepEqual([letter?.to, more], [['anna@example.com', 'ben@example.com'], []]);
    assert.match(letter?.text ?? '', /^From: moult@example\.com$/m);
    assert.match(letter?.text ?? '', /^Subject: Moult on wsus\.example\.com: An administrator changed/m);
    assert.match(letter?.text ?? '', /"one"[\s\S]*"two"/);
  });

  it('is sent once a day when that is wanted, and a test at once', async () => {
    await using lab = await open();
    await addTarget(lab.administration, {
      address: 'mailto:anna@example.com',
      types: ['audit.recorded'],
      when: 'daily',
    });
    for (let hour = 0; hour < 50; hour++) {
      await lab.change(`hour ${hour}`);
      await lab.notices.run();
      lab.clock.at = new Date(lab.clock.at.getTime() + 3_600_000);
    }
    assert.equal(letters.length, 3);
    await testTarget(lab.administration, 'mailto:anna@example.com');
    await lab.notices.run();
    assert.equal(letters.length, 4);
  });

  it('that the mail server refuses waits, and the list says why', async () => {
    await using lab = await open();
    await addTarget(lab.administration, {
      address: 'mailto:anna@example.com,ben@example.com',
      types: ['audit.recorded'],
    });
    state.refuses = 'ben@';
    await lab.change('one');
    await lab.notices.run();
    const [target] = await listTargets(lab.administration);
    assert.match(target?.error ?? '', /refuses 1 of the receivers/);
    assert.ok((target?.waiting ?? 0) > 0);
  });

  it('with a password goes over TLS only', async () => {
    await using lab = await open({ smtpUser: 'moult' });
    await addTarget(lab.administration, { address: 'mailto:anna@example.com', types: ['audit.recorded'] });
    await lab.notices.run();
    assert.match((await listTargets(lab.administration))[0]?.error ?? '', /TLS/);
    assert.deepEqual(letters, []);
  });

  it('takes addresses and nothing that ends a header, and needs a mail server', async () => {
    await using lab = await open();
    for (const wrong of [
      '',
      'anna',
      'a@b\r\nBcc: c@d',
      'a@b,',
      '"a b"@c',
      '<a@b>',
      'a@b?subject=x',
      `${'a@b,'.repeat(30)}a@b`,
    ])
      await assert.rejects(
        addTarget(lab.administration, { address: `mailto:${wrong}`, types: [] }),
        { code: 'ADMINISTRATION_NOTICE' },
        wrong,
      );
    await using without = await open({ smtp: 'off' });
    const wish = { address: 'mailto:a@example.com', types: [] };
    await assert.rejects(addTarget(without.administration, wish), { code: 'ADMINISTRATION_NOTICE', message: /--smtp/ });
  });

  it('shows names from outside as they are, and none of them ends a line', () => {
    const data = { subject: 'x\r\n.\r\nMAIL FROM:<a@b>\u202e' };
    const { text, subject } = letterOf(
      [{ messageId: '1', type: 'test', at: '2026-11-22T00:00:00.000Z', data }],
      'host',
    );
    assert.ok(!/^\.$/m.test(text) && !/^MAIL/m.test(text) && !text.includes('\u202e'), text);
    assert.ok(!/[\r\n]/.test(subject));
  });
});
