// The doctor against ports: 80 beside the main one, and those where no update server answers.
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { before, describe, it } from 'node:test';
import { defaultProbeLimits } from '../bounds.ts';
import { makeReport } from '../report/report.ts';
import { failures, onPort } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { defaultClientKinds } from './client-kind.ts';
import { collectServerFacts } from './collect.ts';
import { observeServer } from './rungs.ts';
import {
  always,
  closedPort,
  examine,
  files,
  nothing,
  now,
  onPath,
  prepareFiles,
  sendFile,
} from './test/broken-server.ts';

before(prepareFiles);

describe('port 80', () => {
  it('where nobody listens is one finding, with the event ids admins know', async () => {
    const report = await examine(nothing, { port80: 'closed' });
    assert.deepEqual(failures(report), ['DOCTOR_PORT80_MISSING']);
    assert.deepEqual(report.findings[0]?.eventIds, [506, 13042]);
  });

  it('with another site on it lacks the tree', async () => {
    assert.deepEqual(failures(await examine(nothing, { port80: always(404) })), ['DOCTOR_PORT80_TREE_MISSING']);
  });

  it('with an older copy of the tree differs', async () => {
    const old = onPath(/iuident/, (request, response) => {
      sendFile(request, response, files.get('other'));
      return true;
    });
    assert.deepEqual(failures(await examine(nothing, { port80: old })), ['DOCTOR_TREES_DIFFER']);
  });

  it('behind the same SharePoint is one root, not two', async () => {
    const sharePoint = always(401, '', { MicrosoftSharePointTeamServices: '6.0.2.6568' });
    const report = await examine(sharePoint, { port80: sharePoint });
    assert.deepEqual(failures(report), ['DOCTOR_SHAREPOINT']);
  });
});

describe('a port', () => {
  it('where nobody listens is refused', async () => {
    const url = new URL(`http://127.0.0.1:${await closedPort()}`);
    assert.deepEqual(await failuresOf(url), ['DOCTOR_CONNECTION_REFUSED']);
  });

  it('that takes connections and stays silent is given up on after two questions', async () => {
    let asked = 0;
    const silent = () => {
      asked++;
    };
    await onPort(silent, async (origin) => {
      assert.deepEqual(await failuresOf(new URL(origin)), ['DOCTOR_NO_ANSWER']);
    });
    assert.equal(asked, 2);
  });

  it('with a server of plain files, which refuses POST, lacks the tree and nothing more', async () => {
    const plainFiles: RequestListener = (request, response) => {
      response.writeHead(request.method === 'POST' ? 501 : 404).end();
    };
    await onPort(plainFiles, async (origin) => {
      assert.deepEqual(await failuresOf(new URL(origin)), ['DOCTOR_TREE_MISSING']);
    });
  });

  it('that answers everything with a page is one finding, web services included', async () => {
    const page: RequestListener = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><title>Welcome</title></html>');
    };
    await onPort(page, async (origin) => {
      assert.deepEqual(await failuresOf(new URL(origin)), ['DOCTOR_HTML_FOR_CABINET']);
    });
  });

  it('that does not speak HTTP is said so', async () => {
    await using server = createTcp((socket) => void socket.end('220 mail.example ESMTP\r\n'));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    assert.deepEqual(await failuresOf(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)), [
      'DOCTOR_NOT_HTTP',
    ]);
    server.close();
  });

  it('of a name that does not exist is not resolved', async () => {
    assert.deepEqual(await failuresOf(new URL('http://no-such-host.invalid:8530')), ['DOCTOR_NAME_NOT_RESOLVED']);
  });
});

async function failuresOf(url: URL): Promise<FindingCode[]> {
  const limits = { ...defaultProbeLimits, connectMs: 4000, firstByteMs: 2000 };
  const facts = await collectServerFacts({
    url,
    clients: defaultClientKinds.slice(0, 1),
    selfUpdatePort: undefined,
    ca: [],
    limits,
    now: () => now,
    progress: () => {},
  });
  return failures(makeReport(url.origin, observeServer(facts)));
}
