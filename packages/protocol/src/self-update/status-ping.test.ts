import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { pingBounds } from '../bounds.ts';
import { encodeStatusPing, parseStatusPing, type StatusPing } from './index.ts';

const capture = fileURLToPath(new URL('../../../../fixtures/captures/logs/iis-sus-wutrack-2002.log', import.meta.url));

function parsed(query: string): StatusPing {
  const ping = parseStatusPing(query);
  assert.ok(!('malformed' in ping), JSON.stringify(ping));
  return ping;
}

test('the ping of the 2002 capture is read and written back byte for byte', () => {
  const query = readFileSync(capture, 'utf8').split(' ')[8] ?? '';
  const ping = parsed(query);
  assert.deepEqual(ping, {
    formatVersion: '1',
    machineId: '4ba558bba2658743a79267d5ddd810f2',
    component: 'iu',
    activity: 'n',
    item: '',
    device: '',
    platform: '5.0.893.2.112.3.0',
    language: 'en-US',
    status: 's',
    error: 0,
    message: '',
    occurredAt: new Date('2002-11-26T21:59:09.393Z'),
  });
  assert.equal(encodeStatusPing(ping), query);
});

test('order, letter case, unknown keys, braces and unknown letters are tolerated', () => {
  const ping = parsed(
    '?x=021126215909393&s=Q&a=Z&Z9=1&&junk&e=80244019&u={4BA558BB-A265-8743-A792-67D5DDD810F2}&M=1%7C0%',
  );
  assert.equal(ping.machineId, '4ba558bba2658743a79267d5ddd810f2');
  assert.equal(ping.activity, 'z');
  assert.equal(ping.status, 'q');
  assert.equal(ping.error, 0x80244019);
  assert.equal(ping.message, '1|0%');
});

test('text in the ANSI code page of an old machine is read as Windows-1252', () => {
  const ping = parsed('V=1&U=4ba558bba2658743a79267d5ddd810f2&A=i&M=gr%FC%DFe+%80%20100%');
  assert.equal(ping.message, 'grüße € 100%');
});

test('what is no ping says why and never throws', () => {
  const good = 'V=1&U=4ba558bba2658743a79267d5ddd810f2&A=s';
  const reason = (query: string) => {
    const ping = parseStatusPing(query);
    return 'malformed' in ping ? ping.malformed : 'fine';
  };
  assert.equal(reason(good), 'fine');
  assert.equal(reason(''), 'no query');
  assert.match(reason('U=1&A=s'), /U is not/);
  assert.match(reason('V=1&A=s'), /U is not/);
  assert.match(reason(good.replace('A=s', 'A=')), /A is not/);
  assert.match(reason(`${good}&E=xyz`), /E is not/);
  assert.match(reason(`${good}&X=021326215909393`), /X is not/);
  assert.match(reason(`${good}&M=%00`), /control/);
  assert.match(reason(`${good}&M=a%0d%0aInjected`), /control/);
  assert.match(reason(`${good}&M=${'x'.repeat(600)}`), /M is longer/);
  assert.match(reason(`${good}&M=${'x'.repeat(pingBounds.maxCharacters)}`), /longer than/);
});

test('any query is answered', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (query) => void parseStatusPing(query)));
});

test('what is encoded reads back', () => {
  const text = fc.string({ maxLength: 40, unit: 'grapheme-ascii' });
  const ping = fc.record({
    formatVersion: fc.constant('1'),
    machineId: fc.stringMatching(/^[0-9a-f]{32}$/),
    component: fc.constantFrom('au', 'iu'),
    activity: fc.constantFrom('n', 's', 'd', 'i'),
    item: text,
    device: text,
    platform: text,
    language: text,
    status: fc.constantFrom('s', 'p', 'f', ''),
    error: fc.nat(0xffffffff),
    message: text,
    occurredAt: fc.option(fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }), {
      nil: undefined,
    }),
  });
  fc.assert(fc.property(ping, (value) => assert.deepEqual({ ...parsed(encodeStatusPing(value)) }, { ...value })));
});
