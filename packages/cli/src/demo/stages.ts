// The stages of the story and what proves each of them. Proof is taken from both sides, the server's store (through its
// own home document) and the agent's disk. Silence does not prove anything. Pure: one look in, evidence out.
import type { AgentStatus } from '@moult/agent';
import type { HomeDocument, HomeEvent, HomeEventKind } from '@moult/server/home-document';

/** One look at both sides. */
export interface View {
  home: HomeDocument;
  agent: AgentStatus;
  /** The trace of the sample update, if it is there. */
  sampleFile: string | undefined;
}

export interface Stage {
  name: 'server' | 'old agent' | 'self-update' | 'registration' | 'scan' | 'installation' | 'report';
  /** The facts once it is reached, for people. */
  promise: string;
  /** The proof of it in this view, in one sentence. Undefined while it is not proven. */
  evidence(view: View): string | undefined;
}

export const stages: readonly Stage[] = [
  {
    name: 'server',
    promise: 'The server is up and hands out its self-update tree',
    evidence({ home }) {
      const release = newestRelease(home);
      const ports = home.selfUpdate.ports.filter(({ files }) => files.length > 0 && files.every(({ fine }) => fine));
      if (home.selfUpdate.state !== 'available' || !release || ports.length === 0) return undefined;
      return `the SelfUpdate service is available on ${ports.length === 1 ? 'port' : 'ports'} ${ports.map(({ port }) => port).join(' and ')}, and leads to ${release.version}`;
    },
  },
  {
    name: 'old agent',
    promise: 'An old computer runs the SUS client',
    evidence({ agent }) {
      if (!agent.running || agent.generation === undefined || !agent.intact) return undefined;
      return `${agent.client} ${agent.version}, process ${agent.running.pid}, server ${agent.server}`;
    },
  },
  {
    name: 'self-update',
    promise: 'The SUS client has replaced itself by the WSUS client',
    evidence({ home, agent }) {
      const release = newestRelease(home);
      const heard = heardFrom(home, agent, 'self-update', 'succeeded');
      if (agent.generation !== 'wsus' || agent.version !== release?.version) return undefined;
      if (agent.trial || !agent.intact || !agent.running || !heard) return undefined;
      return `agent: ${agent.client} ${agent.version}, committed; server heard: ${words(heard)}`;
    },
  },
  {
    name: 'registration',
    promise: 'The WSUS client is registered',
    evidence({ home, agent }) {
      const heard = heardFrom(home, agent, 'registration', 'succeeded');
      const version = home.computers.generations
        .find(({ generation }) => generation === 'wsus')
        ?.versions.find((entry) => entry.version === agent.version);
      if (!heard || !version) return undefined;
      return `server: ${heard.computer} is computer ${agent.clientId}, a WSUS client ${version.version}`;
    },
  },
  {
    name: 'scan',
    promise: 'It has scanned and found the sample update',
    evidence({ home, agent }) {
      const { lastSuccess } = agent.results.detect;
      const heard = heardFrom(home, agent, 'scan', 'succeeded');
      if (lastSuccess === undefined || !heard) return undefined;
      return `agent: detection succeeded at ${lastSuccess}; server heard: ${words(heard)}`;
    },
  },
  {
    name: 'installation',
    promise: 'The sample update is installed',
    evidence({ agent, sampleFile }) {
      const { lastSuccess } = agent.results.install;
      if (sampleFile === undefined || lastSuccess === undefined) return undefined;
      return `${sampleFile} is there; agent: installation succeeded at ${lastSuccess}`;
    },
  },
  {
    name: 'report',
    promise: 'The installation is reported',
    evidence({ home, agent }) {
      const heard = home.events.find(
        (event) => isFrom(event, agent) && isA(event, 'install', 'succeeded') && event.detail?.includes(sampleTitle),
      );
      return heard && `server heard: ${words(heard)}`;
    },
  },
];

/** The title of the sample update, as reports carry it. */
export const sampleTitle = 'Moult sample update';

function newestRelease(home: HomeDocument) {
  return home.selfUpdate.releases.find(({ generation }) => generation === 'wsus');
}

function heardFrom(home: HomeDocument, agent: AgentStatus, kind: HomeEventKind, outcome: HomeEvent['outcome']) {
  return home.events.find((event) => isFrom(event, agent) && isA(event, kind, outcome));
}

function isFrom(event: HomeEvent, agent: AgentStatus): boolean {
  return agent.clientId !== undefined && event.computerId.toLowerCase() === agent.clientId.toLowerCase();
}

function isA(event: HomeEvent, kind: HomeEventKind, outcome: HomeEvent['outcome']): boolean {
  return event.kind === kind && event.outcome === outcome;
}

function words({ headline, detail }: HomeEvent): string {
  return detail ? `${headline} (${detail})` : headline;
}
