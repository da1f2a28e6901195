// The doctor: a log or a folder is dropped, the server reads it, and the story is shown. The server does not keep it or
// send it on.
import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { call } from '../api/call.ts';
import { say } from '../kit/announce.tsx';
import { useDoing } from '../kit/doing.ts';
import { download } from '../kit/download.ts';
import { numberIn, sizeIn } from '../kit/numbers.ts';
import { filesIn, mostBytes, mostFiles, toSent } from '../kit/read-files.ts';
import { useMay } from '../kit/session.tsx';
import { Asked, wordsOf } from '../kit/states.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { type Job, JobLine, startJob, useJobs } from './job.tsx';
import { type Report, ReportView } from './report.tsx';

export default function Doctor(): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  return (
    <>
      <ViewHead title={words.nav.doctor} />
      <Files />
      {mayAdminister && <Own />}
    </>
  );
}

function Files(): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const [report, setReport] = useState<Report | undefined>();
  const [reading, setReading] = useState(0);
  const [isOver, setIsOver] = useState(false);
  const [isMasked, setIsMasked] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const examine = async (given: File[] | Promise<File[]>) => {
    try {
      const files = await given;
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      if (files.length === 0) return;
      if (files.length > mostFiles || bytes > mostBytes) {
        say(words.doctor.tooMuch(mostFiles, sizeIn(mostBytes, language)), { isBad: true });
        return;
      }
      setReading(files.length);
      setReport(undefined);
      const body = { files: await toSent(files), redact: isMasked };
      setReport((await call<Report>('examineFiles', { body })).document);
    } catch (error) {
      say(wordsOf(error, words), { isBad: true });
    } finally {
      setReading(0);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    // The answer of the files before must not replace the answer of these.
    if (reading > 0) return;
    void examine(filesIn(event.dataTransfer.items));
  };
  return (
    <section className="card" aria-labelledby="files">
      <h2 id="files">{words.doctor.files}</h2>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same by the keyboard */}
      <div
        className={`drop ${isOver ? 'drop-over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault();
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={drop}
      >
        <p>{words.doctor.drop}</p>
        <button type="button" className="primary" disabled={reading > 0} onClick={() => input.current?.click()}>
          {words.doctor.choose}
        </button>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label={words.doctor.choose}
          onChange={(event) => {
            const { currentTarget: field } = event;
            void examine([...(field.files ?? [])]);
            field.value = '';
          }}
        />
        <label className="choice">
          <input type="checkbox" checked={isMasked} onChange={(event) => setIsMasked(event.currentTarget.checked)} />
          {words.doctor.mask}
        </label>
        <p className="dim">{words.doctor.bounds(mostFiles, sizeIn(mostBytes, language))}</p>
      </div>
      {reading > 0 && (
        <p className="loading" role="status">
          {words.doctor.reading(numberIn(reading, language))}
        </p>
      )}
      {report && (
        <div role="status" className="outcome">
          <p>
            <button
              type="button"
              onClick={() => download('doctor.json', JSON.stringify(report, undefined, 2), 'application/json')}
            >
              {words.doctor.save}
            </button>
          </p>
          <ReportView report={report} />
        </div>
      )}
    </section>
  );
}

/** The server itself. Its result is found again in the job. */
function Own(): ReactNode {
  const words = useWords();
  const doing = useDoing();
  const jobs = useJobs();
  const job = jobs.document?.items.find(({ operation }) => operation === 'examineServer');
  return (
    <section className="card" aria-labelledby="own">
      <div className="card-head">
        <h2 id="own">{words.doctor.own}</h2>
        <button
          type="button"
          disabled={job !== undefined && job.endedAt === undefined}
          onClick={() => doing(() => startJob('examineServer', { body: {} }), words.jobs.began)}
        >
          {words.doctor.examine}
        </button>
      </div>
      <p>{words.doctor.ownText}</p>
      {job && <JobLine job={job} />}
      {job?.state === 'done' && <Result job={job} />}
    </section>
  );
}

function Result({ job }: { job: Job }): ReactNode {
  const words = useWords();
  const done = useAnswer<{ result?: Report }>('showJob', { path: { job: job.jobId } }, { everyMs: 3_600_000 });
  return (
    <Asked kept={done}>
      {({ result }) => (result ? <ReportView report={result} /> : <p className="dim">{words.jobs.noResult}</p>)}
    </Asked>
  );
}
