import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readAnswer, readCall, writeCall } from '../soap/index.ts';
import { dssAuthWebService, serverSyncWebService } from './index.ts';

const captures = new URL('../../../../fixtures/captures/', import.meta.url);
const captured = (place: string) => readFileSync(new URL(`wsus-m0-wsusss/exchanges/${place}`, captures), 'utf8');

/** The calls of the captured exchanges, each with the service that it goes to. */
const calls = [
  '000001',
  '000003',
  '000004',
  '000005',
  '000006',
  '000007',
  '000008',
  '000009',
  '000010',
  '000011',
  '000012',
];

describe('what a downstream server asks, by the captured exchanges', () => {
  for (const folder of calls) {
    it(`${folder}: reads as what was asked, and is written byte for byte`, () => {
      const text = captured(`${folder}/request.body`);
      const call = readCall(serverSyncWebService, text);
      const again = writeCall(serverSyncWebService, call.operation as 'GetCookie', call.parameters() as never);
      assert.equal(again, text.trim().replace(/ \/>/g, '/>'));
    });
  }

  it('000002: a server names itself by name and GUID', () => {
    const text = captured('000002/request.body');
    const written = writeCall(dssAuthWebService, 'GetAuthorizationCookie', {
      accountName: 'probe.lab.invalid',
      accountGuid: '6f1c2f6e-3f0b-4d3a-9b1e-0d2f6a1c5e12',
      programKeys: [],
    });
    assert.equal(written, text.trim());
  });
});

describe('what an upstream answers, by the captured exchanges', () => {
  it('real WSUS: limits in the order of the appendix, 39 languages', () => {
    const read = readAnswer(serverSyncWebService, 'GetConfigData', captured('000005/response.body'));
    assert.ok(read.kind === 'answer' && read.value.result);
    const { maxUpdates, maxDecryptionUpdates, protocolVersion, languages, catalogOnlySync } = read.value.result;
    assert.deepEqual([maxUpdates, maxDecryptionUpdates, protocolVersion, catalogOnlySync], [100, 100, '1.20', false]);
    assert.equal(languages?.length, 39);
    assert.deepEqual(languages?.[0], { languageId: 0, shortLanguage: 'all', longLanguage: 'all', enabled: false });
  });

  it("Microsoft's public service: the order of the section, no declaration, an anchor without a counter", () => {
    const place = 'crates/wsus-protocol/tests/fixtures/microsoft_sync_config_20261006.xml';
    const text = readFileSync(new URL(place, captures), 'utf8');
    const read = readAnswer(serverSyncWebService, 'GetConfigData', text);
    assert.ok(read.kind === 'answer' && read.value.result);
    const { result } = read.value;
    assert.deepEqual([result.maxUpdates, result.maxDriverSets, result.maxDecryptionUpdates], [100, 100, 500]);
    assert.deepEqual([result.maxComputerIds, result.maxPnpHardwareIds], [200, 450]);
    assert.deepEqual([result.newConfigAnchor, result.protocolVersion], ['2026-10-05 17:27:44.393', '1.21']);
    assert.deepEqual([result.catalogOnlySync, result.lazySync, result.languages?.length], [true, true, 39]);
  });

  it('lists of revisions, also empty ones, with their anchors', () => {
    const full = readAnswer(serverSyncWebService, 'GetRevisionIdList', captured('000009/response.body'));
    const empty = readAnswer(serverSyncWebService, 'GetRevisionIdList', captured('000011/response.body'));
    assert.ok(full.kind === 'answer' && empty.kind === 'answer');
    assert.equal(full.value.result?.newRevisions?.length, 30);
    assert.deepEqual(full.value.result?.newRevisions?.[0], {
      updateId: '8c55755c-2b9d-48cc-be8b-aedbf20911ec',
      revisionNumber: 201,
    });
    assert.deepEqual(empty.value.result, { anchor: '9438,2026-10-04 16:33:26.848', newRevisions: [] });
  });

  it('faults by their code', () => {
    const codeOf = (folder: string) => {
      const read = readAnswer(serverSyncWebService, 'GetRevisionIdList', captured(`${folder}/response.body`));
      return read.kind === 'fault' ? [read.fault.code, read.fault.message] : read.kind;
    };
    assert.deepEqual(codeOf('000018'), ['InvalidParameters', 'filter']);
    assert.deepEqual(codeOf('000019'), ['InvalidCookie', '']);
  });
});
