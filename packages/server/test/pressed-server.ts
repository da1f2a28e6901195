// Requests that the default of a bound allows and a tight value refuses, each by the name of its bound.
import { connect } from 'node:net';
import { clientWebService } from '@moult/protocol/client-web-service';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { soapActionOf, writeCall } from '@moult/protocol/soap';
import { computerInfo, getCookie } from './agent-session.ts';
import { call, post } from './soap-client.ts';

const computerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';

/** What a server answers to each of them. */
export async function answersOf(url: string): Promise<Record<string, string>> {
  const outcome = (answer: Awaited<ReturnType<typeof call>>) =>
    answer.kind === 'fault' ? `${answer.fault.code} ${answer.fault.message}` : answer.kind;
  const authorize = async (dnsName: string, targetGroupName: string | undefined) =>
    outcome(await call(url, simpleAuth, 'GetAuthorizationCookie', { clientId: computerId, dnsName, targetGroupName }));
  const cookie = await getCookie(url);
  await call(url, clientWebService, 'RegisterComputer', { cookie, computerInfo });
  const ask = async (...[operation, request]: [Parameters<typeof call>[2], object]) =>
    outcome(await call(url, clientWebService, operation as 'GetConfig', request as never));
  const extended = { cookie, revisionIds: [1], infoTypes: ['Extended'], locales: ['en', 'de'] };
  const category = { indexOfAndGroup: 0, categoryId: computerId };
  return {
    'call.max-name-characters': await authorize('a-name-of-thirty-characters.xy', undefined),
    'call.max-groups': await authorize('client-1.example.test', 'one;two'),
    'call.max-locales': await ask('GetExtendedUpdateInfo', extended),
    'call.max-digests': await ask('GetFileLocations', {
      cookie,
      fileDigests: [new Uint8Array(20), new Uint8Array(20).fill(1)],
    }),
    'call.max-categories': await ask('StartCategoryScan', { requestedCategories: [category, category] }),
    'call.max-depth': await withHeader(url, `${'<a>'.repeat(15)}${'</a>'.repeat(15)}`),
    'call.max-elements': await withHeader(url, '<a/>'.repeat(1500)),
    'http.max-head-bytes': String((await post(url, '', { 'x-long': 'x'.repeat(6000) }, 'GET')).status),
    'http.max-pipelined': String(await pipelined(url)),
  };
}

function configCall(header: string): { path: string; body: string; headers: Record<string, string> } {
  const { service, body, action } = getConfigCall();
  return {
    path: service,
    body: body.replace(/<(\w+):Body/, `<$1:Header>${header}</$1:Header><$1:Body`),
    headers: { soapaction: action },
  };
}

function getConfigCall() {
  const body = writeCall(clientWebService, 'GetConfig', { protocolVersion: '1.8' }, '1.1');
  const [service = ''] = clientWebService.paths;
  return { service, body, action: `"${soapActionOf(clientWebService, 'GetConfig')}"` };
}

async function withHeader(url: string, header: string): Promise<string> {
  const { path, body, headers } = configCall(header);
  return String((await post(url + path, body, headers)).status);
}

/** How many of three requests that are sent at once are answered. */
function pipelined(url: string): Promise<number> {
  const { path, body, headers } = configCall('');
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: a',
    'content-type: text/xml; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `soapaction: ${headers.soapaction}`,
  ];
  const request = `${lines.join('\r\n')}\r\n\r\n${body}`;
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(request.repeat(3)));
    let text = '';
    const count = () => text.match(/HTTP\/1\.1 /g)?.length ?? 0;
    socket.on('data', (piece) => {
      text += piece;
      if (count() === 3) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(count()));
  });
}
