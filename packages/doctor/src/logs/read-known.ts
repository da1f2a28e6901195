// A file that a reader of its own knows: its lines become events, and those the story of its computer.
import { clientLogBounds } from '../bounds.ts';
import { DoctorError } from '../errors.ts';
import { readNamedFile } from '../named-file.ts';
import type { LogEvent } from '../story/event.ts';
import type { LogReader } from '../story/reader.ts';
import { Story } from '../story/story.ts';
import { forEachLine, lineChunks } from '../text/chunks.ts';
import { decodeLine } from '../text/encoding.ts';
import { clientNameOf } from './client-name.ts';
import type { LogFacts } from './facts.ts';

/** Reads the file into `facts`; answers how many lines it has. Throws DoctorError CLI_DOCTOR_INPUT_UNREADABLE. */
export async function readKnown(
  reader: LogReader,
  path: string,
  facts: LogFacts,
  progress: (bytes: number) => void,
): Promise<number> {
  const computer = clientNameOf(path);
  const file = { path, computer };
  const take = (events: Iterable<LogEvent>) => {
    for (const event of events) storyOf(facts, computer, event).add(event);
  };
  const log = reader.open(file);
  let next = 1;
  if (reader.readBytes) take(reader.readBytes(readWhole(path), file));
  else {
    for await (const chunk of lineChunks(path, progress)) {
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

function readWhole(path: string): Buffer {
  try {
    return readNamedFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', why, { cause });
  }
}

function storyOf(facts: LogFacts, computer: string, { source }: LogEvent): Story {
  if (source.side === 'server') return facts.serverStory;
  const known = facts.stories.get(computer) ?? new Story();
  facts.stories.set(computer, known);
  return known;
}
