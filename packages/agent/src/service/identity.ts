// The names of a service. A vendor's agent has names of its own, so that two agents can live on one machine.
import { type Brand, moultBrand } from '@moult/protocol/self-update';

/** The names of one service on each system. */
export interface ServiceNames {
  /** The name of the unit of systemd, without `.service`. */
  unit: string;
  /** The label of launchd. */
  label: string;
  /** The name of the task of Windows. */
  task: string;
  /** For people. */
  title: string;
  /** The command that makes it: `moult agent`. */
  command: string;
}

/** The service of the agent of this brand. The id is one of a machine, and it stays when a release changes the name. */
export function serviceNames({ id, name }: Brand): ServiceNames {
  return id === moultBrand.id ? moultService : { unit: id, label: id, task: id, title: name, command: id };
}

/** The service of Moult's own agent. */
export const moultService: ServiceNames = {
  unit: 'moult-agent',
  label: 'org.moult.agent',
  task: 'Moult Agent',
  title: 'Moult agent (Automatic Updates)',
  command: 'moult agent',
};

/** One service as its definition is made of it. Paths are absolute. */
export interface ServiceSpec {
  names: ServiceNames;
  /** The program that the system starts: Node. */
  program: string;
  /** On Windows: the program that answers the Service Control Manager. Undefined without one. */
  serviceHost?: string;
  /** Its arguments: the host of the agent, and which machine it is for. */
  args: readonly string[];
  /** The folder of the machine: the service needs its file system. */
  folder: string;
  /** The output of the service goes here, if the system keeps no log of it. */
  output: string;
}
