// Pictures of our screens for the pages, in docs/pictures: the home page, light and dark, the doctor's report, and the panel
// of the agent with both faces. A real server, real agents and Chromium make them, so that they show what the program shows.
//   node scripts/pictures.ts
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const command = join(root, 'packages/cli/bin/moult.js');
const pictures = join(root, 'docs/pictures');
const scratch = mkdtempSync(join(tmpdir(), 'moult-pictures-'));
const width = 860;

/** Runs a moult command to its end. Findings (exit code 1) are not a failure here. */
function moult(...args: string[]): void {
  try {
    execFileSync(process.execPath, [command, ...args], { cwd: scratch, stdio: 'ignore' });
  } catch (error) {
    if (!(error instanceof Error && 'status' in error && error.status === 1)) throw error;
  }
}

/** Starts a command that stays, and waits for the address in what it says. */
async function startWithAddress(args: string[], address: RegExp): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const piece of child.stdout ?? []) {
    said += String(piece);
    const url = address.exec(said)?.[1];
    if (url) return { child, url };
  }
  throw new Error(`${args.join(' ')} did not start: ${said}`);
}

async function startServer(): Promise<{ server: ChildProcess; url: string }> {
  const args = ['serve', '--data-dir', join(scratch, 'server'), '--port', '0', '--self-update-port', '0'];
  const { child, url } = await startWithAddress(args, /ready (http:\S+)/);
  return { server: child, url: url.replace('127.0.0.1', 'localhost') };
}

async function shootPanel(browser: Browser, machine: string, name: string, height: number) {
  const args = ['agent', 'panel', '--json', '--root', join(scratch, machine)];
  const { child, url } = await startWithAddress(args, /"url":\s*"([^"]+)"/);
  await shoot(browser, url, name, 'light', height);
  child.kill();
  await once(child, 'exit');
}

async function shoot(browser: Browser, address: string, name: string, colorScheme: 'light' | 'dark', height: number) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height }, timezoneId: 'UTC' });
  await page.goto(address);
  await page.getByRole('heading').first().waitFor();
  await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finished))');
  await page.screenshot({ path: join(pictures, name), clip: { x: 0, y: 0, width, height } });
  await page.close();
}

mkdirSync(pictures, { recursive: true });
const { server, url } = await startServer();
const browser = await chromium.launch({
  executablePath: process.env.MOULT_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  for (const name of ['reception-07', 'lab-4', 'till-2']) {
    moult('agent', 'install', '--root', join(scratch, name), '--server', url, '--generation', 'sus');
    moult('agent', 'run', '--root', join(scratch, name), '--now', '--once');
  }
  await shoot(browser, url, 'home-light.png', 'light', 760);
  await shoot(browser, url, 'home-dark.png', 'dark', 760);
  moult('agent', 'install', '--root', join(scratch, 'attic-1'), '--server', url, '--generation', 'sus');
  await shootPanel(browser, 'attic-1', 'panel-sus.png', 790);
  await shootPanel(browser, 'reception-07', 'panel-wsus.png', 800);
  // Under the name that it has on a client, without folders of this machine.
  copyFileSync(
    join(root, 'fixtures/captures/logs/windowsupdate-selfupdate-404-2008.log'),
    join(scratch, 'WindowsUpdate.log'),
  );
  moult('doctor', 'logs', 'WindowsUpdate.log', '--report', 'report.html');
  await shoot(browser, pathToFileURL(join(scratch, 'report.html')).href, 'doctor-report.png', 'light', 640);
} finally {
  await browser.close();
  server.kill();
  await once(server, 'exit');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}
