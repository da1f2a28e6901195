// The doctor against servers on real ports, each broken in one way.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { before, describe, it } from 'node:test';
import { allCodes, failures } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import {
  type Answer,
  always,
  examine,
  files,
  healthy,
  nothing,
  onPath,
  prepareFiles,
  sendFile,
} from './test/broken-server.ts';

before(prepareFiles);

const broken: [string, Answer, FindingCode][] = [
  ['404 for all of /selfupdate', onPath(/selfupdate/i, always(404)), 'DOCTOR_TREE_MISSING'],
  ['no iuident.cab', onPath(/iuident/, always(404)), 'DOCTOR_IUIDENT_MISSING'],
  ['no wuident.cab', onPath(/wuident/, always(404)), 'DOCTOR_WUIDENT_MISSING'],
  ['no package', onPath(/wuaucomp/, always(404)), 'DOCTOR_TREE_INCOMPLETE'],
  ['401 everywhere', always(401, '', { 'WWW-Authenticate': 'NTLM' }), 'DOCTOR_ANONYMOUS_OFF'],
  [
    '401.3 in the error page',
    onPath(/cab/, always(401, '<html><h2>HTTP Error 401.3 - Unauthorized</h2> 0x80070005')),
    'DOCTOR_FILE_ACCESS_DENIED',
  ],
  [
    'a disabled account in the error page',
    always(401, '<html>HTTP Error 401.1 0x80070533'),
    'DOCTOR_ANONYMOUS_ACCOUNT',
  ],
  ['403', always(403, 'Forbidden'), 'DOCTOR_FORBIDDEN'],
  [
    '403.4 in the words of IIS 6',
    onPath(/cab/, always(403, '<html>The page must be viewed over a secure channel')),
    'DOCTOR_SSL_REQUIRED',
  ],
  ['403.6', always(403, '<html>HTTP Error 403.6'), 'DOCTOR_ADDRESS_REFUSED'],
  ['403.7', always(403, '<html>HTTP Error 403.7'), 'DOCTOR_CLIENT_CERTIFICATE'],
  ['404.3', onPath(/\.cab/, always(404, '<html>HTTP Error 404.3 - Not Found')), 'DOCTOR_MIME_MISSING'],
  ['404.7', onPath(/\.cab/, always(404, '<html>HTTP Error 404.7 - Not Found')), 'DOCTOR_REQUEST_FILTERED'],
  ['500', onPath(/\.cab/, always(500)), 'DOCTOR_SERVER_ERROR'],
  ['500.19', onPath(/\.cab/, always(500, 'HTTP Error 500.19')), 'DOCTOR_CONFIGURATION_ERROR'],
  ['503 everywhere', always(503, 'Service Unavailable'), 'DOCTOR_SERVICE_UNAVAILABLE'],
  ['502 everywhere', always(502), 'DOCTOR_GATEWAY'],
  ['407 everywhere', always(407), 'DOCTOR_PROXY_AUTHENTICATION'],
  ['400 everywhere', always(400), 'DOCTOR_BAD_REQUEST'],
  ['418 everywhere', always(418), 'DOCTOR_HTTP_STATUS'],
  ["SharePoint's header", always(401, '', { MicrosoftSharePointTeamServices: '6.0.2.6568' }), 'DOCTOR_SHAREPOINT'],
  [
    "SharePoint's page",
    onPath(/cab|asmx/, always(200, '<html><a href="/_layouts/AccessDenied.aspx">')),
    'DOCTOR_SHAREPOINT',
  ],
  [
    'a redirect to a portal',
    always(302, '', { Location: 'http://login.hotspot.example/?u=1' }),
    'DOCTOR_CAPTIVE_PORTAL',
  ],
  ['a logon page', always(200, '<html><form><input type="password" name="p">Sign in'), 'DOCTOR_CAPTIVE_PORTAL'],
  [
    'a redirect to TLS',
    (request, response) =>
      always(301, '', { Location: `https://${request.headers.host}${request.url}` })(request, response),
    'DOCTOR_REDIRECTED',
  ],
  [
    'a page in place of a cabinet',
    onPath(/wuaucomp/, always(200, '<!DOCTYPE html><title>Oops</title>')),
    'DOCTOR_HTML_FOR_CABINET',
  ],
  ['an empty package', onPath(/wuaucomp/, always(200)), 'DOCTOR_CABINET_TRUNCATED'],
  ['rubbish for a package', onPath(/wuaucomp/, always(200, 'PK\u0003\u0004 not a cabinet')), 'DOCTOR_CABINET_DAMAGED'],
  [
    'an ident without sections',
    onPath(/iuident/, (request, response) => {
      sendFile(request, response, files.get('no sections'));
      return true;
    }),
    'DOCTOR_IDENT_MALFORMED',
  ],
  [
    'HEAD refused',
    (request, response) => request.method === 'HEAD' && always(405)(request, response),
    'DOCTOR_HEAD_REFUSED',
  ],
  [
    'a wrong HEAD',
    (request, response) => request.method === 'HEAD' && always(200, '', { 'Content-Length': '5' })(request, response),
    'DOCTOR_HEAD_WRONG',
  ],
  [
    'no ranges',
    (request, response) => {
      if (request.headers.range === undefined) return false;
      delete request.headers.range;
      healthy(request, response);
      return true;
    },
    'DOCTOR_RANGES_REFUSED',
  ],
  [
    'a stale cache',
    onPath(/^\/iuident\.cab$/, (request, response) => {
      sendFile(request, response, files.get('other'), { Age: '86400', 'X-Cache': 'HIT' });
      return true;
    }),
    'DOCTOR_CACHE_STALE',
  ],
  ['no answer', onPath(/cab|asmx|bin/, () => true), 'DOCTOR_NO_ANSWER'],
  ['no web services', onPath(/asmx/i, always(404)), 'DOCTOR_WEB_SERVICES'],
  ['a broken client web service', onPath(/client\.asmx/i, always(500, 'crash')), 'DOCTOR_CLIENT_WEB_SERVICE'],
  ['a broken authorisation service', onPath(/SimpleAuth\.asmx/i, always(404)), 'DOCTOR_SIMPLE_AUTH'],
  ['a broken reporting service', onPath(/ReportingWebService\.asmx/i, always(500, 'crash')), 'DOCTOR_REPORTING'],
  ['services that are not there in two ways', withoutServices, 'DOCTOR_WEB_SERVICES'],
  ['a verb that is not allowed', onPath(/client\.asmx/i, always(405)), 'DOCTOR_METHOD_REFUSED'],
  ['nothing for SUS clients', onPath(/iuident|wuaucomp/, always(404)), 'DOCTOR_IUIDENT_MISSING'],
  ['no content', onPath(/\.cab/, always(204)), 'DOCTOR_HTTP_STATUS'],
  ['511', always(511), 'DOCTOR_CAPTIVE_PORTAL'],
  [
    'a jump to another machine',
    always(200, '<HTML><META HTTP-EQUIV="refresh" CONTENT="0; url=http://10.1.0.1:8002/?zone=guest">'),
    'DOCTOR_CAPTIVE_PORTAL',
  ],
  [
    'an ordinary site with a link to sign in',
    always(200, '<!DOCTYPE html><title>Intranet</title><a href="/signin">Sign in</a><input type="search">'),
    'DOCTOR_HTML_FOR_CABINET',
  ],
  ['TLS on its port', always(400, '<html>400 The plain HTTP request was sent to HTTPS port'), 'DOCTOR_WUSERVER_PORT'],
  [
    'HEAD redirected',
    (request, response) => request.method === 'HEAD' && always(302, '', { Location: '/x' })(request, response),
    'DOCTOR_HEAD_WRONG',
  ],
  [
    'ranges of other bytes',
    (request) => {
      if (request.headers.range !== undefined) request.headers.range = 'bytes=0-15';
      return false;
    },
    'DOCTOR_RANGES_REFUSED',
  ],
];

const refusedServices: [string, Answer, FindingCode, FindingCode][] = [
  ['with its pool stopped', always(503, 'Service Unavailable'), 'DOCTOR_SERVICE_UNAVAILABLE', 'DOCTOR_WEB_SERVICES'],
  ['with services that want a logon', always(401), 'DOCTOR_ANONYMOUS_OFF', 'DOCTOR_WEB_SERVICES'],
  [
    'with one service that wants a logon',
    onPath(/ClientWebService/i, always(401)),
    'DOCTOR_ANONYMOUS_OFF',
    'DOCTOR_CLIENT_WEB_SERVICE',
  ],
];

/** An IIS without ASP.NET: the static file handler refuses POST and does not know .asmx. */
function withoutServices(request: IncomingMessage, response: ServerResponse): boolean {
  if (!/asmx/i.test(request.url ?? '')) return false;
  return always(request.method === 'POST' ? 405 : 404, request.method === 'POST' ? '' : 'HTTP Error 404.3')(
    request,
    response,
  );
}

describe('a server on a real port', () => {
  for (const [what, answer, code] of broken) {
    it(`with ${what} has the one root ${code}`, async () => {
      const report = await examine(answer);
      assert.deepEqual(failures(report), [code], JSON.stringify(report.looked));
      assert.ok(report.findings[0]?.evidence[0]?.source.startsWith('http://'));
    });
  }

  for (const [what, answer, code, service] of refusedServices) {
    it(`${what} names the cause, and the service with its own event ids under it`, async () => {
      const [root, ...others] = (await examine(onPath(/asmx/i, answer))).findings;
      assert.deepEqual(others, []);
      assert.equal(root?.code, code);
      assert.ok(root?.consequences.some((each) => each.code === service));
      assert.ok(root?.eventIds.includes(12022) && !root.eventIds.includes(506), String(root?.eventIds));
    });
  }

  it('whose web services answer with a page gets no SOAP, and no other root', async () => {
    const report = await examine(onPath(/client\.asmx/i, always(200, '<html><title>Welcome</title>')));
    assert.deepEqual(failures(report), ['DOCTOR_NOT_SOAP']);
    assert.ok(allCodes(report).includes('DOCTOR_CLIENT_WEB_SERVICE'));
  });

  it('broken in two places has two roots, one each', async () => {
    const pairs: [Answer, Answer, FindingCode[]][] = [
      [
        onPath(/\.cab/, always(404, 'HTTP Error 404.3')),
        onPath(/asmx/i, always(404)),
        ['DOCTOR_MIME_MISSING', 'DOCTOR_WEB_SERVICES'],
      ],
      [
        onPath(/wuaucomp/, always(200, '<html><title>Oops</title>')),
        (request, response) => request.method === 'HEAD' && always(405)(request, response),
        ['DOCTOR_HTML_FOR_CABINET', 'DOCTOR_HEAD_REFUSED'],
      ],
    ];
    for (const [one, other, codes] of pairs) {
      const report = await examine((request, response) => one(request, response) || other(request, response));
      assert.deepEqual(failures(report), codes);
    }
  });

  it('with an ident and neither folder nor services is no SUS server: the folder is gone', async () => {
    assert.deepEqual(failures(await examine(onPath(/asmx|selfupdate/i, always(404)))), [
      'DOCTOR_TREE_MISSING',
      'DOCTOR_WEB_SERVICES',
    ]);
  });

  it('without a fault is healthy', async () => {
    const report = await examine(nothing);
    assert.equal(report.verdict, 'healthy');
    assert.deepEqual(report.findings, []);
    assert.ok(allCodes(report).includes('DOCTOR_SERVER_HEALTHY'));
  });

  it('whose signer nobody vouches for is unknown, not failed', async () => {
    const report = await examine(nothing, { ca: false });
    assert.equal(report.verdict, 'healthy');
    assert.ok(allCodes(report).includes('DOCTOR_CABINET_SIGNER_UNKNOWN'));
    assert.match(report.findings[0]?.settles ?? '', /CA/);
  });

  it('without wutrack.bin is healthy and says so', async () => {
    const report = await examine(onPath(/wutrack/, always(404)));
    assert.equal(report.verdict, 'healthy');
    assert.ok(allCodes(report).includes('DOCTOR_WUTRACK_MISSING'));
  });

  it('that is SUS 1.0 is recognised', async () => {
    assert.deepEqual(failures(await examine(onPath(/asmx|wuident/i, always(404)))), ['DOCTOR_SUS_SERVER']);
  });

  it('that is no update server at all says what else it may be', async () => {
    const report = await examine(always(404));
    assert.deepEqual(failures(report), ['DOCTOR_TREE_MISSING']);
    assert.ok(allCodes(report).includes('DOCTOR_WRONG_SERVER'));
  });

  it('named with a path is told that clients append theirs', async () => {
    assert.ok(allCodes(await examine(nothing, { path: '/wsus' })).includes('DOCTOR_WUSERVER_PATH'));
  });

  it('with a clock far off is unknown', async () => {
    const report = await examine((_, response) => {
      response.setHeader('Date', 'Mon, 01 Jan 2001 00:00:00 GMT');
      return false;
    });
    assert.ok(allCodes(report).includes('DOCTOR_CLOCK'));
  });
});
