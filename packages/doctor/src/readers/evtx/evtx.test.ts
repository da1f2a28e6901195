// Event log files: what Windows writes is read, and a stranger's file costs bounded time and ends with a clear error.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { diagnoseLogs, failures } from '../../test/diagnose.ts';
import { eventOfElement } from '../windows-events/xml-form.ts';
import { type EvtxDamage, type EvtxRecord, evtxRecords, isEvtx } from './records.ts';
import { type NewEvent, writeEvtx } from './test/write-evtx.ts';

const agent = 'Microsoft-Windows-WindowsUpdateClient';
const event = (id: number, minute: number, data: Record<string, string> = {}): NewEvent => ({
  provider: agent,
  id,
  level: id === 19 || id === 26 ? 4 : 2,
  at: new Date(Date.UTC(2026, 8, 28, 19, minute)),
  data,
});
const failed = event(20, 5, { errorCode: '0x80070643', updateTitle: '2026-09 Update (KB5099999)', updateGuid: '{1}' });

function read(bytes: Buffer): { records: EvtxRecord[]; damage: EvtxDamage } {
  const damage: EvtxDamage = { chunks: 0, records: 0, why: '' };
  const records = [...evtxRecords((offset, length) => bytes.subarray(offset, offset + length), damage)];
  return { records, damage };
}

describe('an event log file', () => {
  it('is read: provider, number, level, time, named data, with templates and names that lie elsewhere', () => {
    const { records, damage } = read(writeEvtx([failed, event(25, 6, { errorCode: '0x80240438' }), failed]));
    const events = records.map(({ root, id }) => eventOfElement(root, { number: id, text: '' }));
    assert.deepEqual(damage, { chunks: 0, records: 0, why: '' });
    assert.deepEqual(
      events.map((one) => [one?.provider, one?.id, one?.level, one?.time, one?.data.errorcode]),
      [
        [agent, 20, 'error', failed.at.getTime(), '0x80070643'],
        [agent, 25, 'error', Date.UTC(2026, 8, 28, 19, 6), '0x80240438'],
        [agent, 20, 'error', failed.at.getTime(), '0x80070643'],
      ],
    );
    assert.equal(events[0]?.data.updatetitle, '2026-09 Update (KB5099999)');
  });

  it('is read to its end where its header counts too few chunks, as while Windows holds it open', () => {
    const many = Array.from({ length: 130 }, (_, index) => event(25, index % 60, { errorCode: '0x80072ee2' }));
    assert.equal(read(writeEvtx(many, { perChunk: 30, countedChunks: 1 })).records.length, 130);
  });

  it('loses only the chunk, or the record, that is damaged', () => {
    const many = Array.from({ length: 90 }, (_, index) => event(25, index % 60));
    const bytes = writeEvtx(many, { perChunk: 30 });
    bytes.fill(0xee, 4096 + 65_536, 4096 + 65_536 + 4096);
    const { records, damage } = read(bytes);
    assert.equal(records.length, 60);
    assert.equal(damage.chunks, 1);
  });

  it('gives the cause, and a later success takes it back', async () => {
    assert.deepEqual(failures(await diagnoseLogs({ 'PC7/System.evtx': writeEvtx([failed]) })), [
      'DOCTOR_INSTALL_FAILED',
    ]);
    const later = event(19, 50, { updateTitle: '2026-09 Update (KB5099999)', updateGuid: '{1}' });
    const report = await diagnoseLogs({ 'PC7/System.evtx': writeEvtx([failed, later]) });
    assert.deepEqual([failures(report), report.verdict], [[], 'healthy']);
  });

  it('with an error that nobody knows is not healthy', async () => {
    const unknown = { ...event(199, 8), provider: agent };
    const report = await diagnoseLogs({ 'PC7/System.evtx': writeEvtx([event(26, 5, { updateCount: '0' }), unknown]) });
    assert.equal(report.verdict, 'undecided');
  });

  it('that is damaged throughout is said to be unreadable', async () => {
    const bytes = writeEvtx([failed]);
    bytes.fill(0xee, 4096 + 512);
    const report = await diagnoseLogs({ 'PC7/System.evtx': bytes, 'a.log': 'nothing\n' });
    assert.equal(report.verdict, 'undecided');
    assert.match(JSON.stringify(report.findings), /System\.evtx: a damaged event log/);
  });
});

describe('a hostile event log file', () => {
  it('is known by its mark only', () => {
    assert.equal(isEvtx(Buffer.from('ElfFile\0...')), true);
    assert.equal(isEvtx(Buffer.from('ElfFil')), false);
  });

  it('never throws and never hangs, whatever bytes are changed or cut', () => {
    const good = writeEvtx([failed, event(25, 6, { errorCode: '0x80240438' }), failed]);
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(good);
      const noise = randomBytes(16);
      for (let index = 0; index < 8; index++)
        bytes[4096 + 512 + (noise.readUInt16LE(2 * (index % 8)) % 3000)] = noise[index + 8 - 8] as number;
      read(bytes.subarray(0, round % 4 === 0 ? 4096 + noise.readUInt16LE(0) : bytes.length));
    }
  });

  it('with a template that holds itself ends', () => {
    const bytes = writeEvtx([failed]);
    const chunk = bytes.subarray(4096);
    // The first template's body becomes an instance of the same template.
    const definition = chunk.readUInt32LE(512 + 24 + 4 + 6);
    const body = definition + 24 + 4;
    chunk[body] = 0x0c;
    chunk.writeUInt32LE(definition, body + 6);
    const { records, damage } = read(bytes);
    assert.deepEqual([records.length, damage.records], [0, 1]);
  });

  it('costs bounded work for each chunk', () => {
    const chunkCount = 40;
    const bytes = writeEvtx([failed]);
    const chunk = Buffer.from(bytes.subarray(4096));
    // A long row of optional substitutions of one long value.
    const started = performance.now();
    const { damage } = read(
      Buffer.concat([bytes.subarray(0, 4096), ...Array.from({ length: chunkCount }, () => hostileChunk(chunk))]),
    );
    assert.ok(damage.records > 0);
    assert.ok(performance.now() - started < 20_000);
  });
});

/** Records that ask again and again for one value of 60 KB. */
function hostileChunk(like: Buffer): Buffer {
  const chunk = Buffer.alloc(65_536);
  like.copy(chunk, 0, 0, 512);
  const at = 512;
  chunk.writeUInt32LE(0x2a2a, at);
  const size = 65_000;
  chunk.writeUInt32LE(size, at + 4);
  chunk.writeUInt32LE(size, at + size - 4);
  let place = at + 24;
  const put = (...values: number[]) => {
    for (const value of values) chunk[place++] = value;
  };
  put(0x0f, 1, 1, 0, 0x0c, 1, 1, 0, 0, 0);
  place = chunk.writeUInt32LE(place + 4, place);
  const definition = place;
  place += 20;
  const count = 3000;
  place = chunk.writeUInt32LE(count * 4, place);
  for (let index = 0; index < count; index++) put(0x0e, 0, 0, 1);
  place = chunk.writeUInt32LE(1, place);
  const length = 45_000;
  place = chunk.writeUInt16LE(length, place);
  put(1, 0);
  chunk.fill(0x41, place, place + length);
  chunk.writeUInt32LE(512 + size, 48);
  assert.ok(definition > 0 && place + length < at + size);
  return chunk;
}
