// The options that every command of the agent has.
import { type MachineRoot, machineRoot, realMachine } from '@moult/agent';
import { Option } from 'commander';
import { installedBundle } from '../bundle/installed-bundle.ts';

export interface CommonOptions {
  root?: string;
  json?: true;
}

export function rootOption(): Option {
  return new Option('--root <dir>', 'folder that holds a whole machine. Default: this machine');
}

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document');
}

/** The machine that the options name. */
export function machineOf({ root }: CommonOptions): MachineRoot {
  const brand = installedBundle()?.brand;
  return root === undefined ? realMachine(process.env, process.platform, brand) : machineRoot(root, brand);
}
