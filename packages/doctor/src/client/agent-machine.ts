// A machine with a Moult agent as the doctor sees it. The doctor knows no agent: whoever calls it says how one is read.

export interface AgentMachine {
  folder: string;
  /** Undefined on a real Windows machine, which has a registry. */
  registryFile: string | undefined;
  susLog: string;
  wsusLog: string;
  reportingEventsLog: string;
  urlLog: string;
  agentFolder: string;
  currentFile: string;
  operatorCertificate: string;
  /** The state of the agent, read from the disk. */
  status(): AgentState;
}

export interface AgentState {
  running: { pid: number } | undefined;
  /** Each file of the version is as released. */
  intact: boolean;
  version: string | undefined;
  machine: { os: string; architecture: string; language: string };
}

/** The machine whose folder this is. Without a folder the real machine. */
export type MachineAt = (root?: string) => AgentMachine;
