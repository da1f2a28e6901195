// Foreign SOAP stacks beside zeep: each loads the contracts that a server shows and does one scan, in SOAP 1.1 and 1.2.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type SoapVersion = '1.1' | '1.2';

export interface Stack {
  name: string;
  /** Debian packages that bring it. Empty for a stack from npm. */
  packages: readonly string[];
  isThere(): boolean;
  /** Does the scan. If the program fails, throws with its output. */
  scan(url: string, version: SoapVersion): Promise<ScanResult>;
}

/** The findings of one scan. */
export interface ScanResult {
  updates: number;
  pages: number;
  extended: number;
  reported: boolean;
}

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const succeeds = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 }).status === 0;
/** Debian's own Python: another one on the path does not see Debian's packages. */
const python = '/usr/bin/python3';

/** Those of npm test. */
export const smallStacks: readonly Stack[] = [
  {
    name: 'suds',
    packages: ['python3-suds'],
    isThere: () => succeeds(python, '-c', 'import suds'),
    scan: (url, version) => run(python, ['-B', program('suds-scan.py'), url, version]),
  },
  {
    name: 'PHP',
    packages: ['php-cli', 'php-soap'],
    isThere: () => succeeds('php', '-r', 'exit(class_exists("SoapClient") ? 0 : 1);'),
    scan: (url, version) => run('php', [program('php-scan.php'), url, version]),
  },
  {
    name: 'node-soap',
    packages: [],
    isThere: () => true,
    scan: (url, version) => run(process.execPath, [program('node-soap-scan.ts'), url, version]),
  },
];

/** A large package: npm run conformance -- --all. */
export const monoStack: Stack = {
  name: 'Mono',
  packages: ['mono-devel'],
  isThere: () => succeeds('mono', '--version') && succeeds('which', 'wsdl') && succeeds('which', 'mcs'),
  scan: scanWithMono,
};

/** Makes proxies from the contracts as .NET's wsdl.exe does, compiles them and scans with them. */
async function scanWithMono(url: string, version: SoapVersion): Promise<ScanResult> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-mono-'));
  try {
    const paths = {
      Client: 'ClientWebService/client.asmx',
      Auth: 'SimpleAuthWebService/SimpleAuth.asmx',
      Reporting: 'ReportingWebService/ReportingWebService.asmx',
    };
    const protocol = version === '1.2' ? 'SOAP12' : 'SOAP';
    const files = Object.entries(paths).map(([name, path]) => ({ name, path, file: join(folder, `${name}.cs`) }));
    for (const { name, path, file } of files) {
      await output('wsdl', [`-protocol:${protocol}`, `-namespace:${name}Proxy`, `-out:${file}`, `${url}/${path}?wsdl`]);
    }
    const binary = join(folder, 'scan.exe');
    const references = ['-r:System.Web.Services', '-r:System.Xml', '-r:System.Data'];
    await output('mcs', [`-out:${binary}`, ...references, program('MonoScan.cs'), ...files.map(({ file }) => file)]);
    return await run('mono', [binary, url, version]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(command: string, args: readonly string[]): Promise<ScanResult> {
  const text = await output(command, args);
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '') as ScanResult;
  } catch {
    throw new Error(`${command} ended well and printed no result: ${text}`);
  }
}

/** The output of the program. It runs beside this process, which may be the server. */
function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 });
    const [printed, said]: [string[], string[]] = [[], []];
    child.stdout.on('data', (text) => printed.push(String(text)));
    child.stderr.on('data', (text) => said.push(String(text)));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(printed.join(''));
      else reject(new Error(`${command} ended with ${code ?? signal}:\n${printed.join('')}${said.join('')}`));
    });
  });
}
