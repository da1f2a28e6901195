// Small test files that share one process: half of their cost is the start, and the same modules. Only files that
// leave nothing behind for the next one may share. Each test still has its name, and its place in its own file.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A file with one of these changes, or waits for, something of the whole process. A hook for each test that is not in a
 * suite is for the tests of all files.
 */
const needsOwnProcess =
  /\bprocess\.(?!platform|arch|execPath|cwd\(\)|memoryUsage|cpuUsage|hrtime)|\bmock\b|^(?:before|after)Each\(|node:(?:child_process|worker_threads|v8|vm|diagnostics_channel)|globalThis|overrideBounds|postgres|chromium|playwright/im;

/** Tests of whole programs, and of the agent, which changes machines, never share. */
const shared = /^packages\/(?!agent\/)[a-z]+\/src\//;
const filesPerProcess = 15;

/**
 * Test files for one process each. Of files that can share a process, one file that imports them stands for each group.
 * Groups are written below `folder`, which is emptied first.
 */
export function groupTestFiles(root: string, files: readonly string[], folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const canShare = files.filter((file) => shared.test(file) && sharesProcess(readFileSync(join(root, file), 'utf8')));
  const apart = new Set(canShare);
  const groups: string[] = [];
  for (let at = 0; at < canShare.length; at += filesPerProcess) {
    const group = join(folder, `group-${groups.length + 1}.test.mjs`);
    const imports = canShare
      .slice(at, at + filesPerProcess)
      .map((file) => `import ${JSON.stringify(join(root, file))};\n`);
    writeFileSync(group, imports.join(''));
    groups.push(group);
  }
  return [...groups, ...files.filter((file) => !apart.has(file))];
}

/** Whether a test file with this text leaves nothing behind for others in its process. */
export function sharesProcess(text: string): boolean {
  return !needsOwnProcess.test(text);
}
