// The main job on one machine: a server, an old computer in a scratch folder, and proof for every stage of the way.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  installAgent,
  type MachineRoot,
  machineRoot,
  type Outcome,
  type ProgressEvent,
  type RunningHost,
  readStatus,
  startHost,
} from '@moult/agent';
import { counted } from '@moult/formats/text';
import type { HomeDocument, HomeEvent } from '@moult/server/home-document';
import { openScratch, type Scratch } from './scratch.ts';
import { type DemoServer, startDemoServer } from './server.ts';
import { type Stage, stages, type View } from './stages.ts';
import type { Story } from './story.ts';

interface DemoOptions {
  /** 0: any free one. */
  port: number;
  keep: boolean;
  /** Before the old computer is switched on: time to open the home page. */
  pauseMs: number;
  /** For the whole story, in milliseconds. */
  timeoutMs: number;
  /** The built agent releases: packages/agent/dist. */
  releaseFolder: string;
  /** Ends the demo early. The beginnings are cleaned up. */
  signal: AbortSignal;
  story: Story;
}

export interface DemoResult {
  complete: boolean;
  stages: { name: Stage['name']; evidence: string }[];
  failed?: { stage: Stage['name']; because: string };
}

export interface Demo {
  homePage: string | undefined;
  result: DemoResult;
  scratch: string;
  /** Ends server and agent. It removes the scratch folder, unless it is kept. */
  cleanUp(): Promise<void>;
}

const pollMs = 200;
/** For one look at the home page: a slow one does not fail, and `timeoutMs` ends the demo anyway. */
const homeTimeoutMs = 30_000;

/** Tells the story to its end or to the first stage that fails. Server and agent run on until `cleanUp`. */
export async function runDemo(options: DemoOptions): Promise<Demo> {
  const scratch = openScratch(options.keep);
  const running: Running = { server: undefined, host: undefined };
  const demo: Demo = {
    homePage: undefined,
    result: { complete: false, stages: [] },
    scratch: scratch.folder,
    async cleanUp() {
      await running.host?.stop();
      await running.server?.stop();
      scratch.close();
    },
  };
  const deadline = performance.now() + options.pauseMs + options.timeoutMs;
  try {
    await tell(options, scratch, running, demo, deadline);
  } catch (error) {
    const stage = stages[demo.result.stages.length] ?? stages[0];
    const because = reasonOf(error);
    if (stage) demo.result.failed = { stage: stage.name, because };
    options.story.failed(stage?.name ?? '', because);
  }
  return demo;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An error of ours says what it comes from already.
  if ('code' in error || !(error.cause instanceof Error)) return error.message;
  return `${error.message}: ${error.cause.message}`;
}

interface Running {
  server: DemoServer | undefined;
  host: RunningHost | undefined;
}

async function tell(
  options: DemoOptions,
  scratch: Scratch,
  running: Running,
  demo: Demo,
  deadline: number,
): Promise<void> {
  const { story } = options;
  const server = await startDemoServer(options, join(scratch.folder, 'server'));
  running.server = server;
  demo.homePage = server.url;
  story.opening(server.url, scratch.folder);
  const root = machineRoot(join(scratch.folder, 'old-computer'));
  const watch: Watch = { options, deadline, root, url: server.url, demo, told: new Set(), failure: undefined };
  await reach(watch, 'server');
  const home = await readHome(server.url);
  for (const { generation, version, signer } of home.selfUpdate.releases) {
    story.server(`offers ${generation === 'sus' ? 'SUS' : 'WSUS'} client ${version}, signed by ${signer}`);
  }
  story.server(`has ${counted(home.updates.total, 'update')} in its catalog, ${home.updates.deployments} approved`);
  if (options.pauseMs > 0) {
    story.server(
      `in ${Math.round(options.pauseMs / 1000)} seconds an old computer is switched on: open the home page now`,
    );
    await wait(options.pauseMs, undefined, { signal: options.signal }).catch(() => undefined);
  }

  const installed = await installAgent(root, {
    server: server.url,
    generation: 'sus',
    releaseFolder: options.releaseFolder,
    operatorCertificate: server.operatorCertificate,
  });
  story.server(
    `an old computer is set up with SUS client ${installed.version}, which trusts ${installed.operator.subject}`,
  );
  // Ctrl+C reaches the agent's own process too. Its words then do not belong to the story.
  const onEvent = (event: ProgressEvent) => {
    if (!options.signal.aborted) story.agent(event);
  };
  running.host = startHost(root, { now: true, onEvent });
  void running.host.finished.then((outcome) => {
    watch.failure ??= whyEnded(outcome);
  });
  for (const { name } of stages.slice(1)) await reach(watch, name);
  demo.result.complete = true;
}

function whyEnded(outcome: Outcome | undefined): string | undefined {
  if (outcome?.ok) return undefined;
  return outcome ? outcome.message : 'the agent ended unasked';
}

interface Watch {
  options: DemoOptions;
  deadline: number;
  root: MachineRoot;
  url: string;
  demo: Demo;
  /** Events of the server that were told. */
  told: Set<string>;
  /** Why no further stage will be reached, once that is known. */
  failure: string | undefined;
}

/** Looks at both sides until the stage is proven. Throws, with the reason, when it will not be. */
async function reach(watch: Watch, name: Stage['name']): Promise<void> {
  const { options, demo } = watch;
  const stage = stages.find((candidate) => candidate.name === name);
  if (!stage) throw new Error(`There is no stage ${name}.`);
  for (;;) {
    if (options.signal.aborted) throw new Error('It was interrupted.');
    const view = await look(watch);
    const evidence = stage.evidence(view);
    if (evidence !== undefined) {
      demo.result.stages.push({ name, evidence });
      options.story.proven(stage, evidence);
      return;
    }
    const failure = watch.failure ?? whyFailed(view);
    if (failure !== undefined) throw new Error(failure);
    if (performance.now() > watch.deadline) {
      const seconds = Math.round(options.timeoutMs / 1000);
      throw new Error(`There is no proof of it after ${seconds} s. The agent is ${stateOf(view)}.`);
    }
    await wait(pollMs);
  }
}

async function look({ url, root, options, told }: Watch): Promise<View> {
  const home = await readHome(url);
  tellNews(home.events, told, options.story);
  const sampleFile = join(root.programFiles, 'Moult Sample', 'installed.txt');
  return { home, agent: readStatus(root), sampleFile: existsSync(sampleFile) ? sampleFile : undefined };
}

function tellNews(events: HomeEvent[], told: Set<string>, story: Story): void {
  for (const event of events.toReversed()) {
    if (told.has(event.id)) continue;
    told.add(event.id);
    story.heard(event);
  }
}

/** A failure that either side has noted: waiting for the next detection takes a day. */
function whyFailed({ agent, home }: View): string | undefined {
  for (const generation of ['wsus', 'sus'] as const) {
    if (home.selfUpdate.releases.some((release) => release.generation === generation)) continue;
    return `The server has no usable release of the ${generation.toUpperCase()} client. Run "npm run build".`;
  }
  const fault = home.selfUpdate.ports.find((port) => port.fault)?.fault;
  if (fault) return `${fault.headline} ${fault.cause}`;
  const lost = agent.failedTrials[0];
  if (lost) return `Version ${lost.version} failed its trial (${lost.code}).`;
  const heard = home.events.find(({ outcome }) => outcome === 'failed');
  return heard && `The server heard: ${heard.headline}${heard.detail ? ` (${heard.detail})` : ''}.`;
}

function stateOf({ agent }: View): string {
  return `${agent.client} ${agent.version ?? ''} (AUState ${agent.auState?.value ?? 'not set'}, ${agent.auState?.meaning ?? ''})`;
}

async function readHome(url: string): Promise<HomeDocument> {
  const answer = await fetch(new URL('/api/home', url), { signal: AbortSignal.timeout(homeTimeoutMs) });
  if (!answer.ok) throw new Error(`${url}/api/home answers ${answer.status}.`);
  return (await answer.json()) as HomeDocument;
}
