// A file that a reader of its own knows: its lines become events, and those the story of its computer.
import { clientLogBounds } from '../bounds.ts';
import type { LogEvent } from '../story/event.ts';
import type { LogReader } from '../story/reader.ts';
import { Story } from '../story/story.ts';
import { forEachLine, lineChunks, pathOf, type TextFile } from '../text/chunks.ts';
import { decodeLine } from '../text/encoding.ts';
import { withReadAt } from '../text/read-at.ts';
import { clientNameOf } from './client-name.ts';
import type { LogFacts } from './facts.ts';

/** Reads the file into `facts`. Answers how many lines it has. Throws DoctorError CLI_DOCTOR_INPUT_UNREADABLE. */
export async function readKnown(
  reader: LogReader,
  from: TextFile,
  facts: LogFacts,
  progress: (bytes: number) => void,
): Promise<number> {
  const path = pathOf(from);
  const computer = clientNameOf(path);
  const file = { path, computer };
  const take = (events: Iterable<LogEvent>) => {
    for (const event of events) storyOf(facts, computer, event).add(event);
  };
  const log = reader.open(file);
  let next = 1;
  const { readAt } = reader;
  if (readAt) await withReadAt(from, (read) => take(readAt(read, file)));
  else {
    for await (const chunk of lineChunks(from, progress)) {
      next = forEachLine(chunk, next, (start, end, number) => {
        const cut = Math.min(end, start + clientLogBounds.maxLine);
        if (end > start) take(log.line(decodeLine(chunk.subarray(start, cut)), number));
      });
    }
  }
  take(log.end?.() ?? []);
  facts.observations.push(...(log.observations?.() ?? []));
  return next - 1;
}

function storyOf(facts: LogFacts, computer: string, { source }: LogEvent): Story {
  if (source.side === 'server') return facts.serverStory;
  const known = facts.stories.get(computer) ?? new Story();
  facts.stories.set(computer, known);
  return known;
}
