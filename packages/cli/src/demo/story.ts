// The story of the demo: one line for each event, with its second and its source.
import type { ProgressEvent } from '@moult/agent';
import type { HomeEvent } from '@moult/server/home-document';
import { paint } from '../terminal.ts';
import type { Stage } from './stages.ts';

export interface Story {
  opening(homePage: string, scratch: string): void;
  server(text: string): void;
  agent(event: ProgressEvent): void;
  heard(event: HomeEvent): void;
  proven(stage: Stage, evidence: string): void;
  failed(stage: string, because: string): void;
  closing(lines: string[]): void;
}

const speakerWidth = 22;

/** A story on `stream`. `seconds` is the clock that it is told by. */
export function tellStory(stream: NodeJS.WriteStream, seconds: () => number): Story {
  const write = (text = '') => stream.write(`${text}\n`);
  const dim = (text: string) => paint('dim', text, stream);
  const say = (who: string, colour: Parameters<typeof paint>[0], text: string) =>
    write(
      `${dim(`${seconds().toFixed(1).padStart(5)} s`)}  ${paint(colour, who.padEnd(speakerWidth), stream)} ${text}`,
    );

  return {
    opening(homePage, scratch) {
      write(
        `${paint('bold', 'Home page:', stream)}  ${paint(['bold', 'underline'], homePage, stream)}   (open it and watch: it is live)`,
      );
      write(dim(`Everything happens in ${scratch}, which is removed at the end.`));
      write();
    },
    server: (text) => say('Server', 'cyan', text),
    agent: ({ generation, version, step, text }) => {
      const who = `${generation === 'sus' ? 'SUS' : 'WSUS'} client ${version}`;
      const bad = step === 'failed' || step === 'reverted';
      say(who, bad ? 'red' : generation === 'sus' ? 'yellow' : 'green', text.replace(`${who} `, ''));
    },
    heard: ({ headline, detail }) =>
      say('Server heard', 'cyan', detail ? `${headline} ${dim(`(${detail})`)}` : headline),
    proven: ({ promise }, evidence) => {
      write(`${paint(['green', 'bold'], '      ✓', stream)}  ${paint('bold', promise, stream)}`);
      write(dim(`         ${evidence}`));
    },
    failed: (stage, because) => {
      write(`${paint(['red', 'bold'], '      ✗', stream)}  ${paint('bold', `The demo stopped at: ${stage}`, stream)}`);
      write(`         ${because}`);
    },
    closing: (lines) => {
      write();
      for (const line of lines) write(line);
    },
  };
}
