// Pictures of our screens for the pages, in docs/pictures: the home page, light and dark, and the doctor's report. A real
// server, real agents and Chromium make them, so that they show what the program shows.
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

/** Runs a moult command to its end. Findings (exit code 1) are no failure here. */
function moult(...args: string[]): void {
  try {
    execFileSync(process.execPath, [command, ...args], { cwd: scratch, stdio: 'ignore' });
  } catch (error) {
    if (!(error instanceof Error && 'status' in error && error.status === 1)) throw error;
  }
}

async function startServer(): Promise<{ server: ChildProcess; url: string }> {
  const args = ['serve', '--data-dir', join(scratch, 'server'), '--port', '0', '--self-update-port', '0'];
  const server = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const piece of server.stdout ?? []) {
    said += String(piece);
    const url = /ready (http:\S+)/.exec(said)?.[1];
    if (url) return { server, url: url.replace('127.0.0.1', 'localhost') };
  }
  throw new Error(`The server did not start: ${said}`);
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
