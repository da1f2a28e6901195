// The reverse proxies that docs/reverse-proxy.md has examples for, as processes of a test. Their configuration is the example, with
// other ports and files.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const proxyNames = ['nginx', 'apache', 'caddy'] as const;
type ProxyName = (typeof proxyNames)[number];

/** nginx, or the one in MOULT_PROXY: the tests of nginx.test.ts fit every proxy. */
export function triedProxy(): ProxyName {
  const wanted = process.env.MOULT_PROXY ?? 'nginx';
  const found = proxyNames.find((name) => name === wanted);
  if (!found) throw new TypeError(`MOULT_PROXY is one of ${proxyNames.join(', ')}.`);
  return found;
}

/** The examples of the page for this proxy. */
export function examplesFor(proxy: ProxyName): string[] {
  const page = readFileSync(new URL('../../../docs/reverse-proxy.md', import.meta.url), 'utf8');
  return [...page.matchAll(new RegExp(`\`\`\`${proxy}\\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text);
}

/** Starts it in the foreground, with all that it writes in `folder`. */
export function startProxy(proxy: ProxyName, folder: string, examples: string): ChildProcess {
  const file = join(folder, `${proxy}.conf`);
  const [program, flags, text] = {
    nginx: ['/usr/sbin/nginx', ['-c', file, '-p', folder], nginxFrame(folder, examples)] as const,
    apache: [
      '/usr/sbin/apache2',
      ['-d', '/etc/apache2', '-f', file, '-DFOREGROUND'],
      apacheFrame(folder, examples),
    ] as const,
    caddy: ['/usr/bin/caddy', ['run', '--config', file, '--adapter', 'caddyfile'], caddyFrame(examples)] as const,
  }[proxy];
  writeFileSync(file, text);
  return spawn(program, flags, { stdio: 'inherit', env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder } });
}

function nginxFrame(folder: string, servers: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http { access_log off; ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
${servers} }
`;
}

/** As Debian's apache2.conf, with the modules that the page names. */
function apacheFrame(folder: string, hosts: string): string {
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers', 'ssl'];
  const loaded = modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`);
  return `${loaded.join('\n')}
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
ErrorLog ${folder}/error.log
ServerName localhost
User www-data
Group www-data
${hosts}
`;
}

function caddyFrame(sites: string): string {
  return `{\n  admin off\n  auto_https disable_redirects\n}\n${sites}`;
}
