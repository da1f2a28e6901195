// Systems for tests of the service: a machine in a folder, and programs of systemd, launchd and Windows that note what they
// are asked.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import type { RunProgram } from '../src/service/commands.ts';
import type { ServiceOptions } from '../src/service/service.ts';
import { makePlainAgents, type PlainAgents } from './plain-machine.ts';

/** Of all machines of the file. */
export let folder: string;
let agents: PlainAgents;
let machines = 0;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-service-'));
  agents = await makePlainAgents(folder);
});
after(() => rmSync(folder, { recursive: true }));

/** An installed agent in a folder of its own. */
export const aMachine = () => agents.install(join(folder, `machine ${++machines}`));
export const unitOf = ({ folder: machine }: MachineRoot) => join(machine, 'etc/systemd/system/moult-agent.service');
export const linux = { platform: 'linux', now: () => new Date('2026-12-02T01:16:00Z') } as const;

/** A system whose programs note what they are asked. `answer`: in place of success. */
export function system(answer: (line: string) => { code?: number; out?: string; err?: string } = () => ({})) {
  const asked: string[] = [];
  const run: RunProgram = (program, args) => {
    const line = [program.replace(/.*[\\/]/, ''), ...args].join(' ');
    asked.push(line);
    return { code: 0, out: '', err: '', ...answer(line) };
  };
  return { asked, run };
}

/** A machine that counts as this one, with a system in a folder. */
export async function realMachine(platform: NodeJS.Platform, run: RunProgram): Promise<[MachineRoot, ServiceOptions]> {
  const root = await aMachine();
  const at = join(folder, `system ${machines}`);
  mkdirSync(join(at, 'run/systemd/system'), { recursive: true });
  return [root, { ...linux, platform, run, isReal: true, system: at, waitMs: 0, program: '/usr/bin/env' }];
}

/** A machine that counts as Windows: its services and tasks are in the maps. */
export async function aWindows() {
  const services = new Map<string, { line: string; state: number; start: number }>();
  const tasks = new Set<string>();
  const asked: string[] = [];
  const after = (args: readonly string[], word: string) => args[args.indexOf(word) + 1] ?? '';
  const missing = { code: 1060, out: '', err: '' };
  const made = { services, tasks, asked, refuse: undefined as RegExp | undefined };
  const sc = ([verb = '', name = '', ...args]: readonly string[]) => {
    const found = services.get(name);
    if (verb === 'create') services.set(name, { line: after(args, 'binPath='), state: 1, start: 2 });
    else if (!found) return missing;
    else if (verb === 'config') found.line = after(args, 'binPath=');
    else if (verb === 'start') found.state = 4;
    // The first look still finds it on its way.
    else if (verb === 'stop') found.state = 3;
    else if (verb === 'delete') services.delete(name);
    const shown = `SERVICE_NAME: ${name}\r\n        TYPE               : 10  WIN32_OWN_PROCESS  \r\n        STATE              : ${found?.state}  WORD \r\n`;
    if (verb === 'query' && found?.state === 3) found.state = 1;
    return { code: 0, out: verb === 'query' ? shown : '', err: '' };
  };
  const run: RunProgram = (program, args) => {
    const name = program.replace(/.*[\\/]/, '');
    asked.push([name, ...args].join(' '));
    if (made.refuse?.test(args.join(' '))) return { code: 5, out: '', err: 'Access is denied.\r\n' };
    if (name === 'sc.exe') return sc(args);
    if (name === 'reg.exe') {
      const found = services.get(/[^\\]+$/.exec(args[1] ?? '')?.[0] ?? '');
      const out = `\r\n${args[1]}\r\n    ImagePath    REG_EXPAND_SZ    ${found?.line}\r\n    Start    REG_DWORD    0x2\r\n`;
      return found ? { code: 0, out, err: '' } : { code: 1, out: '', err: '' };
    }
    const kept = join(root.windows, 'System32', 'Tasks', after(args, '/TN'));
    if (args[0] === '/Create') {
      mkdirSync(join(kept, '..'), { recursive: true });
      writeFileSync(kept, readFileSync(after(args, '/XML')));
      tasks.add(after(args, '/TN'));
    }
    if (args[0] === '/Delete') {
      rmSync(kept);
      tasks.delete(after(args, '/TN'));
    }
    return { code: 0, out: '', err: '' };
  };
  const [root, options] = await realMachine('win32', run);
  return Object.assign(made, { root, options: { ...options, serviceHost: 'C:\\a b\\agent-service.exe' } });
}
