// Installing one revision: its files are verified again (signature of the content) and laid out in a folder of their
// own. Its handler's program is run. Only command-line installation is done here. Every other handler says so.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Handler, ReturnCode } from '@moult/catalog';
import { FolderTree, isThere, makeFolders, pathInside, removeIfPossible, removeWhenFree } from '@moult/disk';
import { extractAll, readCabinet } from '@moult/formats/cab';
import { visibleText } from '@moult/formats/text';
import { hresult } from '@moult/protocol/hresult';
import { isUpdatePurpose } from '@moult/protocol/self-update';
import { AgentError } from '../../errors.ts';
import { noteProcess } from '../../machine/lock.ts';
import type { MachineRoot } from '../../machine/machine-root.ts';
import { messageOf, verifyCabinet } from '../../self-update/verify-cabinet.ts';

interface InstallParts {
  root: MachineRoot;
  operatorCaPem: string;
  /** After this an installer is killed (WU_E_UH_INSTALLERHUNG). */
  timeoutMs: number;
}

export interface InstallRequest {
  updateId: string;
  handler: Handler | undefined;
  /** `sha256` (base64): the digest that the file must have, again, when it is read. */
  files: { name: string; path: string; sha256: string | undefined }[];
}

type CommandLine = Extract<Handler, { kind: 'command-line' }>;

/** Answers whether a restart is needed. Throws AgentError AGENT_INSTALL_…. */
export async function installRevision(
  parts: InstallParts,
  request: InstallRequest,
): Promise<{ rebootRequired: boolean }> {
  const { handler } = request;
  if (handler?.kind !== 'command-line') {
    const text = `Update ${request.updateId} is installed by ${handler?.kind ?? 'no handler'}, which this agent does not run.`;
    throw new AgentError('AGENT_INSTALL_UNSUPPORTED', text, { hresult: hresult.unknownHandler });
  }
  const folder = pathInside(parts.root.downloadFolder, `Install/${request.updateId}`);
  removeWhenFree(folder);
  makeFolders(folder);
  try {
    for (const file of request.files) await layOut(parts, file, folder);
    return judge(handler, await run(parts, handler, folder));
  } finally {
    // A file that a program has open is removed before the next installation. The installation does not fail for it.
    removeIfPossible(folder);
  }
}

/** A cabinet is unpacked. Anything else is there as it is. Either way it must be the operator's. */
async function layOut(
  parts: InstallParts,
  { name, path, sha256 }: InstallRequest['files'][number],
  folder: string,
): Promise<void> {
  try {
    const bytes = readFileSync(path);
    if (sha256 !== undefined && createHash('sha256').update(bytes).digest('base64') !== sha256)
      throw new Error('it is not the file that was downloaded');
    const { description } = await verifyCabinet(bytes, parts.operatorCaPem, name);
    if (!isUpdatePurpose(description)) throw new Error(`the operator signed it as "${description}", not as an update`);
    if (bytes.subarray(0, 4).toString('latin1') !== 'MSCF') return writeInside(folder, name, bytes);
    for (const [member, content] of extractAll(readCabinet(bytes))) writeInside(folder, member, content);
  } catch (error) {
    const result = error instanceof AgentError ? error.hresult : hresult.installerFailure;
    const text = `${name} is not installed: ${messageOf(error)}`;
    throw new AgentError('AGENT_INSTALL_BAD_CONTENT', text, { hresult: result, cause: error });
  }
}

function writeInside(folder: string, name: string, bytes: Uint8Array): void {
  const tree = new FolderTree(folder);
  try {
    tree.write(name, bytes);
  } finally {
    tree.close();
  }
}

function run({ root, timeoutMs }: InstallParts, handler: CommandLine, folder: string): Promise<number> {
  const program = programIn(folder, handler.program);
  return new Promise((resolve, reject) => {
    const fail = (text: string, result: number) =>
      reject(new AgentError('AGENT_INSTALL_FAILED', `${handler.program} ${text}.`, { hresult: result }));
    let child: ChildProcess;
    try {
      child = startInstaller(root, program, handler.arguments, folder);
    } catch (error) {
      // Node refuses some programs (a .cmd on Windows) before there is a process.
      return fail(`cannot be run: ${messageOf(error)}`, hresult.installerFailure);
    }
    noteInstaller(root, child.pid);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', (error) => fail(`cannot be run: ${error.message}`, hresult.installerFailure));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      removeIfPossible(root.installerMark);
      if (code !== null) resolve(code);
      else fail(`was ended by ${signal} (longest time: ${timeoutMs / 1000} s)`, hresult.installerHung);
    });
  });
}

/** A program of the update itself. Metadata that names another one, in any spelling, is told in one line. */
function programIn(folder: string, name: string): string {
  const refuse = (why: string, cause?: unknown) => {
    const text = `The program ${visibleText(name.slice(0, 200))} ${why}.`;
    return new AgentError('AGENT_INSTALL_BAD_CONTENT', text, { hresult: hresult.inconsistentFileNames, cause });
  };
  let program: string;
  try {
    program = pathInside(folder, name);
  } catch (cause) {
    throw refuse('leads out of the files of the update, and is not run', cause);
  }
  if (!isThere(program)) throw refuse('is not among the files of the update');
  return program;
}

/** Notes the installer. It goes on when the agent is ended. A removal or a new start of the agent waits for it. */
function noteInstaller({ installerMark }: MachineRoot, pid: number | undefined): void {
  try {
    if (pid !== undefined) noteProcess(installerMark, pid);
  } catch {
    // A full disk must not keep an update out that may make room.
  }
}

/** Windows hands a program one line, and each program splits it in its own way: there the line stays as it was written. */
export function startInstaller(root: MachineRoot, program: string, line: string, folder: string): ChildProcess {
  const options = {
    cwd: folder,
    env: { ...process.env, MOULT_ROOT: root.folder, MOULT_PROGRAM_FILES: root.programFiles },
    stdio: 'ignore',
    windowsHide: true,
  } as const;
  const isScript = /\.m?js$/i.test(program);
  if (process.platform !== 'win32') {
    const args = splitArguments(line);
    return isScript ? spawn(process.execPath, [program, ...args], options) : spawn(program, args, options);
  }
  const verbatim = { ...options, windowsVerbatimArguments: true };
  return isScript
    ? spawn(process.execPath, [`"${program}"`, line], { ...verbatim, argv0: `"${process.execPath}"` })
    : spawn(program, [line], { ...verbatim, argv0: `"${program}"` });
}

/** Words between blanks. Double quotes hold a word, or a part of one, together: `DIR="C:\x y"` is one word. */
function splitArguments(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([word]) => word.replaceAll('"', ''));
}

function judge(handler: CommandLine, exitCode: number): { rebootRequired: boolean } {
  const known = handler.returnCodes.find(({ code }) => (code | 0) === (exitCode | 0));
  const result: ReturnCode['result'] = known?.result ?? handler.defaultResult;
  if (result === 'Succeeded') return { rebootRequired: known?.reboot ?? handler.rebootByDefault };
  const text = `${handler.program} ended with code ${exitCode}: ${known?.description ?? result.toLowerCase()}.`;
  throw new AgentError('AGENT_INSTALL_FAILED', text, {
    hresult: result === 'Cancelled' ? hresult.installerCancelled : hresult.installerFailure,
  });
}
