import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before } from 'node:test';
import { keys } from '../src/machine/keys.ts';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import { number, openRegistry } from '../src/machine/registry.ts';
import { installService } from '../src/service/service.ts';
import { makePlainAgents, type PlainAgents } from './plain-machine.ts';

export const linux = { platform: 'linux', waitMs: 5000 } as const;
export const preload = new URL('kill-at-step.mjs', import.meta.url).href;

export let folder: string;
export let agents: PlainAgents;
let made = 0;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-uninstall-'));
  agents = await makePlainAgents(folder);
});
after(() => rmSync(folder, { recursive: true }));

/** No two machines have the same folder. */
export function nextNumber(): number {
  made += 1;
  return made;
}

/** A machine with an agent that has worked for a while, and is a service. */
export async function usedMachine(): Promise<MachineRoot> {
  const root = await agents.install(join(folder, `machine-${nextNumber()}`));
  await use(root);
  return root;
}

export async function use(root: MachineRoot): Promise<void> {
  await installService(root, { ...linux, start: false });
  const files = [
    ...[join(root.selfUpdateFolder, 'wuident.cab'), join(root.dataStoreFolder, 'session.json'), root.urlLog],
    ...[join(root.downloadFolder, 'a'.repeat(40)), join(root.windows, 'SoftwareDistribution/EventCache/1.json')],
    ...[root.wsusLog, `${root.wsusLog}.old`, root.reportingEventsLog, join(root.windows, 'moult-agent-host.out')],
    ...[join(root.hostsFolder, '7.9.9.9', 'host.mjs'), join(root.keptFolder, 'operator-ca.cer'), root.detectRequest],
    ...[join(root.trustFolder, 'root.json'), join(root.agentFolder, 'proxy-credentials.json'), `${root.hostLock}.4711`],
  ];
  for (const file of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '{"user":"u","password":"p"}');
  }
  openRegistry(root).change([
    { key: keys.agent, name: 'LegacyMode', value: number(0) },
    { key: keys.autoUpdate, name: 'AUState', value: number(5) },
    { key: `${keys.results}\\Detect`, name: 'LastError', value: number(0) },
  ]);
}

export function filesOf({ folder: machine }: Pick<MachineRoot, 'folder'>): string[] {
  if (!existsSync(machine)) return [];
  const all = readdirSync(machine, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(machine, join(entry.parentPath, entry.name)))
    .sort();
}
