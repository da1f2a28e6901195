// The real nginx, Apache and HAProxy load what we print, in front of a SharePoint that takes every path.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { proxyKinds, proxySnippet } from './snippets.ts';

const excluded = [
  '/iuident.cab',
  '/wutrack.bin',
  '/ClientWebService/client.asmx',
  '/Selfupdate/wuident.cab',
  '/SELFUPDATE/au/x86/XP/EN/wuaucomp.cab',
];

interface Proxy {
  program: string;
  file: string;
  arguments(folder: string): string[];
  configuration(snippet: string, port: number, sharePoint: number, folder: string): string;
}

const proxies: Record<'nginx' | 'apache' | 'haproxy', Proxy> = {
  nginx: {
    program: '/usr/sbin/nginx',
    file: 'nginx.conf',
    arguments: (folder) => ['-c', join(folder, 'nginx.conf'), '-p', folder],
    configuration: (snippet, port, sharePoint, folder) => `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
server { listen 127.0.0.1:${port};
${snippet}
location / { proxy_pass http://127.0.0.1:${sharePoint}; } } }
`,
  },
  apache: {
    program: '/usr/sbin/apache2',
    file: 'apache.conf',
    arguments: (folder) => ['-X', '-f', join(folder, 'apache.conf')],
    configuration: (snippet, port, sharePoint, folder) => `ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
Mutex file:${folder} default
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
${['mpm_event', 'authz_core', 'authn_core', 'proxy', 'proxy_http', 'env'].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
<VirtualHost *:${port}>
${snippet}
ProxyPass / http://127.0.0.1:${sharePoint}/
</VirtualHost>
`,
  },
  haproxy: {
    program: '/usr/sbin/haproxy',
    file: 'haproxy.cfg',
    arguments: (folder) => ['-db', '-f', join(folder, 'haproxy.cfg')],
    configuration(snippet, port, sharePoint) {
      const [frontend, backend] = snippet.split('\n\n');
      return `defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend site
    bind 127.0.0.1:${port}
${frontend}
    default_backend sharepoint
${backend}
backend sharepoint
    server sharepoint1 127.0.0.1:${sharePoint}
`;
    },
  },
};

describe('the exclusion for proxies', () => {
  let updates: Server;
  let sharePoint: Server;

  before(async () => {
    updates = createServer((request, response) => response.end(`MSCF for ${request.url}`));
    sharePoint = createServer((_, response) => {
      response.writeHead(401, { MicrosoftSharePointTeamServices: '12.0.0.6219' }).end('<html>Access denied</html>');
    });
    for (const server of [updates, sharePoint]) {
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    }
  });

  after(() => {
    updates.close();
    sharePoint.close();
  });

  for (const kind of ['nginx', 'apache', 'haproxy'] as const) {
    it(`is at work in the real ${kind}`, async () => {
      const proxy = proxies[kind];
      assert.ok(
        existsSync(proxy.program),
        `${proxy.program} is not installed (apt-get install ${kind === 'apache' ? 'apache2' : kind})`,
      );
      const folder = mkdtempSync(join(tmpdir(), 'moult-proxy-'));
      chmodSync(folder, 0o755);
      const port = await freePort();
      const snippet = proxySnippet(kind, new URL(`http://127.0.0.1:${portOf(updates)}`));
      for (const name of ['body', 'proxy']) mkdirSync(join(folder, name));
      writeFileSync(join(folder, proxy.file), proxy.configuration(snippet, port, portOf(sharePoint), folder));
      const child = spawn(proxy.program, proxy.arguments(folder), { stdio: ['ignore', 'pipe', 'pipe'] });
      try {
        await answering(child, port);
        for (const path of excluded) {
          const answer = await fetch(`http://127.0.0.1:${port}${path}?2611221200`);
          assert.equal(answer.status, 200, path);
          assert.match(await answer.text(), /^MSCF for .*2611221200$/, path);
        }
        for (const path of ['/', '/sites/team/iuident.cab.aspx', '/selfupdates/x']) {
          const answer = await fetch(`http://127.0.0.1:${port}${path}`);
          assert.equal(answer.status, 401, path);
          await answer.body?.cancel();
        }
      } finally {
        child.kill('SIGTERM');
        await new Promise((resolve) => child.once('exit', resolve));
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }

  it('names the four paths of the page in every kind', () => {
    for (const kind of proxyKinds) {
      const text = proxySnippet(kind, new URL('http://updates.example:8530'));
      for (const path of ['iuident', 'wutrack', 'clientwebservice', 'selfupdate'])
        assert.match(text, new RegExp(path), `${kind}: ${path}`);
      assert.match(text, /updates\.example:8530/, kind);
    }
  });
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createTcpServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Waits until the port takes connections; a proxy that refuses its configuration ends instead, with its words. */
async function answering(child: ChildProcess, port: number): Promise<void> {
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: Buffer) => {
      words += text.toString();
    });
  }
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) throw new Error(`the proxy ended with ${child.exitCode}: ${words}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the proxy does not answer: ${words}`);
}
