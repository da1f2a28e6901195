import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { clientWebService } from '../client-web-service/index.ts';
import { ProtocolError } from '../errors.ts';
import { reporting } from '../reporting/index.ts';
import { simpleAuth } from '../simple-auth/index.ts';
import {
  type RequestOf,
  readAnswer,
  readCall,
  readEnvelope,
  readFault,
  writeAnswer,
  writeAnswerInPieces,
  writeCall,
  writeFault,
} from './index.ts';

const scan = new URL('../../../../fixtures/captures/wsus-m0-native/scan/', import.meta.url);
const services = [clientWebService, simpleAuth];

const exchanges = readdirSync(fileURLToPath(scan)).map((folder) => {
  const file = (name: string) => readFileSync(new URL(`${folder}/${name}`, scan), 'utf8');
  const action = /SOAPAction: "(.*)\/(\w+)"/.exec(file('request.headers'));
  const service = services.find(({ namespace }) => namespace === action?.[1]);
  assert.ok(service);
  return {
    folder,
    service,
    operation: action?.[2] as never,
    request: file('request.body'),
    response: file('response.body'),
  };
});

describe('messages of a real agent and a real WSUS', () => {
  for (const { folder, service, operation, request, response } of exchanges) {
    it(`${folder} ${operation}: the request is read, and written again it reads the same`, () => {
      const call = readCall(service, request);
      assert.equal(call.operation, operation);
      const parameters = call.parameters();
      const again = readCall(service, writeCall(service, operation, parameters as never));
      assert.deepEqual(again.parameters(), parameters);
    });

    it(`${folder} ${operation}: the answer is read, and written again it is the same to the byte`, () => {
      const answer = readAnswer(service, operation, response);
      assert.ok(answer.kind === 'answer');
      assert.equal(writeAnswer(service, operation, answer.value), response);
      assert.equal(writeAnswerInPieces(service, operation, answer.value).join(''), response);
    });
  }
});

describe('reading calls', () => {
  const body = (inner: string, namespace = clientWebService.namespace) =>
    `<x:Envelope xmlns:x="http://schemas.xmlsoap.org/soap/envelope/"><x:Body><y:GetConfig xmlns:y="${namespace}">${inner}</y:GetConfig></x:Body></x:Envelope>`;
  const read = (text: string) => readCall(clientWebService, text);

  it('prefixes mean nothing, unknown elements are passed over, nil is absent', () => {
    const text = body('<y:new/><y:protocolVersion i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"/>');
    assert.deepEqual(read(text).parameters(), {});
  });

  it('SOAP 1.2 is told apart from 1.1', () => {
    assert.equal(read(body('')).version, '1.1');
    assert.equal(
      read(body('').replace('http://schemas.xmlsoap.org/soap/envelope/', 'http://www.w3.org/2003/05/soap-envelope'))
        .version,
      '1.2',
    );
  });

  it('another namespace, another operation and an inherited name are unknown operations', () => {
    for (const text of [
      body('', 'urn:other'),
      body('').replaceAll('GetConfig', 'DropDatabase'),
      body('').replaceAll('GetConfig', 'constructor'),
    ]) {
      assert.throws(() => read(text), { code: 'PROTOCOL_UNKNOWN_OPERATION' });
    }
  });

  it('what is no SOAP message is refused by name', () => {
    for (const text of [
      '<a/>',
      '<Envelope/>',
      body('').replace(/<x:Body>.*<\/x:Body>/, ''),
      body('').replace(/<y.*y:GetConfig>/, ''),
    ]) {
      assert.throws(() => read(text), { code: 'PROTOCOL_BAD_ENVELOPE' });
    }
  });

  it('a header that must be understood is refused, another is passed over', () => {
    const withHeader = (attribute: string) =>
      body('').replace('<x:Body>', `<x:Header><a ${attribute}/></x:Header><x:Body>`);
    const mandatory = 'x:mustUnderstand="1"';
    const next = 'x:actor="http://schemas.xmlsoap.org/soap/actor/next"';
    for (const attributes of [mandatory, `${mandatory} x:actor=""`, `${mandatory} ${next}`]) {
      const refusal = { code: 'PROTOCOL_BAD_ENVELOPE', soapFault: 'MustUnderstand' };
      assert.throws(() => read(withHeader(attributes)), refusal, attributes);
    }
    for (const attributes of ['x:mustUnderstand="0"', 'mustUnderstand="1"', `${mandatory} x:actor="urn:a-proxy"`]) {
      assert.equal(read(withHeader(attributes)).operation, 'GetConfig', attributes);
    }
  });

  it('an envelope of another SOAP is a mismatch of versions', () => {
    const other = body('').replace(
      'http://schemas.xmlsoap.org/soap/envelope/',
      'http://www.w3.org/2001/12/soap-envelope',
    );
    assert.throws(() => read(other), { code: 'PROTOCOL_BAD_ENVELOPE', soapFault: 'VersionMismatch' });
  });

  it('names in the letter case of the prose, and ids in braces, are what they mean', () => {
    const event = (name: string, id: string) =>
      body(
        `<clientTime>2026-01-01T00:00:00</clientTime><eventBatch><ReportingEvent><BasicData><SequenceNumber>0</SequenceNumber><TimeAtTarget>2026-01-01T00:00:00</TimeAtTarget><EventInstanceID>${id}</EventInstanceID><NamespaceID>1</NamespaceID><EventID>147</EventID><SourceID>101</SourceID><${name}>-1</${name}></BasicData></ReportingEvent></eventBatch>`,
        reporting.namespace,
      ).replaceAll('GetConfig', 'ReportEventBatch');
    const id = '6E8D0C3A-3F1E-4B66-9D3E-0A1B2C3D4E5F';
    const expected = readCall(reporting, event('Win32HResult', id)).parameters();
    assert.deepEqual(readCall(reporting, event('Win32Hresult', `{${id}}`)).parameters(), expected);
  });

  it('what older agents leave out, and values of a later list, are no reason to refuse', () => {
    const parameters = (operation: string, inner: string, service: typeof clientWebService | typeof reporting) =>
      readCall(
        service as typeof clientWebService,
        body(inner, service.namespace).replaceAll('GetConfig', operation),
      ).parameters();
    const device = `<Device><HardwareIDs><string>A</string></HardwareIDs><installedDriver><MatchingID>A</MatchingID><DriverVerDate>2006-06-21T00:00:00</DriverVerDate><DriverVerVersion>1</DriverVerVersion></installedDriver></Device>`;
    const sync = parameters(
      'SyncUpdates',
      `<parameters><SystemSpec>${device}</SystemSpec><SkipSoftwareSync>true</SkipSoftwareSync></parameters>`,
      clientWebService,
    ) as RequestOf<(typeof clientWebService)['operations']['SyncUpdates']>;
    assert.equal(sync.parameters?.systemSpec[0]?.installedDriver?.driverRank, -1);
    const register = parameters(
      'RegisterComputer',
      '<computerInfo><DnsName>w2k</DnsName><OSMajorVersion>5</OSMajorVersion></computerInfo>',
      clientWebService,
    ) as RequestOf<(typeof clientWebService)['operations']['RegisterComputer']>;
    assert.deepEqual([register.computerInfo?.osMajorVersion, register.computerInfo?.suiteMask], [5, 0]);
    const basic = `<BasicData><TimeAtTarget>2026-01-01T00:00:00</TimeAtTarget><EventInstanceID>6e8d0c3a-3f1e-4b66-9d3e-0a1b2c3d4e5f</EventInstanceID><EventID>147</EventID></BasicData>`;
    const extended = '<ExtendedData><ProcessorArchitecture>Arm128Compatible</ProcessorArchitecture></ExtendedData>';
    const report = parameters(
      'ReportEventBatch',
      `<clientTime>2026-01-01T00:00:00</clientTime><eventBatch><ReportingEvent>${basic}${extended}</ReportingEvent></eventBatch>`,
      reporting,
    ) as RequestOf<(typeof reporting)['operations']['ReportEventBatch']>;
    const [event] = report.eventBatch;
    assert.deepEqual([event?.basicData?.namespaceId, event?.basicData?.win32HResult], [1, 0]);
  });

  it('a bad value names its path', () => {
    const sync = (inner: string) =>
      body('').replaceAll('GetConfig', 'SyncUpdates').replace('></y:', `><parameters>${inner}</parameters></y:`);
    const pathOf = (inner: string) => {
      try {
        read(sync(inner)).parameters();
      } catch (error) {
        return error instanceof ProtocolError ? error.path : undefined;
      }
      return 'accepted';
    };
    assert.equal(pathOf(''), 'parameters.SkipSoftwareSync');
    const skip = '<SkipSoftwareSync>0</SkipSoftwareSync>';
    assert.equal(pathOf(skip), 'accepted');
    for (const bad of ['', 'x', '1.5', '99999999999', '2147483648', '0x10']) {
      assert.equal(
        pathOf(`${skip}<InstalledNonLeafUpdateIDs><int>${bad}</int></InstalledNonLeafUpdateIDs>`),
        'parameters.InstalledNonLeafUpdateIDs',
        bad,
      );
    }
  });
});

describe('faults', () => {
  const fault = {
    code: 'InvalidParameters',
    message: 'parameters.<x>',
    id: '6e8d0c3a-3f1e-4b66-9d3e-0a1b2c3d4e5f',
    method: `${clientWebService.namespace}/SyncUpdates`,
    actor: 'http://server:8530/ClientWebService/client.asmx',
  } as const;

  it('a fault reads back in either version', () => {
    for (const version of ['1.1', '1.2'] as const) {
      const { content, version: read } = readEnvelope(writeFault(fault, 's', version));
      assert.equal(read, version);
      assert.deepEqual(readFault(content), {
        code: fault.code,
        message: fault.message,
        id: fault.id,
        reason: 'Fault occurred',
      });
    }
  });

  it('a fault has the shape of a captured one', () => {
    const captured = readFileSync(new URL('../../wsus-m0-wsusss/exchanges/000018/response.body', scan), 'utf8');
    const ours = writeFault(
      {
        code: 'InvalidParameters',
        message: 'filter',
        id: '94327110-fc7e-4c3c-878d-186ab273d9fd',
        method: `${reporting.namespace}/GetRevisionIdList`,
        actor: 'http://127.0.0.1:8530/ServerSyncWebService/ServerSyncWebService.asmx',
      },
      'soap',
    );
    assert.equal(ours, captured.trim());
  });

  it('faults that others write are read: without error code, with Detail in no namespace', () => {
    const folder = new URL('../../crates/wsus-protocol/tests/fixtures/', scan);
    const read = (name: string) => readFault(readEnvelope(readFileSync(new URL(name, folder), 'utf8')).content);
    assert.equal(read('fault_soap11_invalid_cookie.xml')?.code, 'InvalidCookie');
    assert.deepEqual(read('fault_soap11_no_errorcode.xml'), { code: undefined, message: '', id: '', reason: 'boom' });
    assert.deepEqual(read('fault_soap12_wsusss_detail.xml')?.message, 'AAAA|BBBB');
  });
});

it('any event text survives the way, control characters replaced', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' })),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      (strings, result) => {
        const event = {
          basicData: {
            sequenceNumber: 0,
            timeAtTarget: new Date('2026-11-22T10:00:00.120Z'),
            eventInstanceId: '6e8d0c3a-3f1e-4b66-9d3e-0a1b2c3d4e5f',
            namespaceId: 1,
            eventId: 147,
            sourceId: 101,
            win32HResult: result,
          },
          extendedData: {
            replacementStrings: strings,
            miscData: [],
            processorArchitecture: 'Amd64Compatible' as const,
            osVersion: { major: 10, minor: 0, build: 26200, revision: 0, servicePackMajor: 0, servicePackMinor: 0 },
            osLocaleId: 1033,
          },
        };
        const text = writeCall(reporting, 'ReportEventBatch', { clientTime: new Date(0), eventBatch: [event] });
        const read = readCall(reporting, text).parameters() as { eventBatch: (typeof event)[] };
        assert.equal(read.eventBatch[0]?.basicData.win32HResult, result);
        const said = read.eventBatch[0]?.extendedData.replacementStrings ?? [];
        assert.equal(said.length, strings.length);
        assert.ok(said.every((line, index) => line.length === (strings[index] ?? '').length));
      },
    ),
  );
});
