// A report of the doctor: what is wrong and how to fix it, what is in order, and the story of the files.
import type { ReactNode } from 'react';
import { DataTable } from '../kit/data-table.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import { Marked } from './marks.tsx';

interface Evidence {
  source: string;
  line?: number;
  text: string;
  at?: string;
}

interface Finding {
  code: string;
  verdict: 'pass' | 'fail' | 'unknown' | 'answer';
  what: string;
  evidence: Evidence[];
  cause: string;
  remedy: string[];
  consequences: Finding[];
  settles?: string;
}

interface Story {
  client: string;
  generation: string;
  versions: string[];
  lastStage: string;
  outcome: keyof Words['doctor']['outcomes'];
  events: { at?: string; what: string; outcome: 'good' | 'bad' | 'neutral' }[];
}

export interface Report {
  subject: string;
  verdict: keyof Words['doctor']['verdicts'];
  findings: Finding[];
  passes?: Finding[];
  stories?: Story[];
  looked?: { what: string; result: string }[];
  leftOut?: string[];
}

const tones = { fail: 'bad', unknown: 'pending', answer: 'quiet', pass: 'good' } as const;
const ofVerdict = { healthy: 'good', findings: 'bad', undecided: 'pending' } as const;
const ofOutcome = { 'up to date': 'good', 'in progress': 'pending', failing: 'bad', 'not known': 'quiet' } as const;
const ofEvent = { good: 'good', bad: 'bad', neutral: 'quiet' } as const;
/** As the server calls a computer whose logs do not name it. */
const noName = 'the computer';
/** A browser can show as many. The rest is in the report that can be saved. */
const mostFindings = 100;
const mostEvents = 100;
const mostEvidence = 8;

export function ReportView({ report }: { report: Report }): ReactNode {
  const words = useWords();
  const { verdict, findings, passes = [], stories = [], looked = [], leftOut = [] } = report;
  return (
    <div className="outcome">
      <p>
        <strong>
          <Marked tone={ofVerdict[verdict]} text={words.doctor.verdicts[verdict]} />
        </strong>
      </p>
      {findings.slice(0, mostFindings).map((finding, at) => (
        <OneFinding key={at} finding={finding} />
      ))}
      {findings.length > mostFindings && <p className="dim">{words.computers.first(mostFindings, findings.length)}</p>}
      {passes.length > 0 && (
        <details>
          <summary>{words.doctor.passes(passes.length)}</summary>
          <ul className="plain">
            {passes.slice(0, mostFindings).map(({ what, code }) => (
              <li key={`${code} ${what}`} className="wrap">
                <Marked tone="good" text="" />
                <bdi>{what}</bdi>
              </li>
            ))}
          </ul>
        </details>
      )}
      {stories.map((story) => (
        <OneStory key={story.client} story={story} />
      ))}
      {looked.length > 0 && (
        <details>
          <summary>{words.doctor.looked(looked.length)}</summary>
          <DataTable
            rows={looked.slice(0, mostEvents)}
            keyOf={({ what }) => what}
            empty=""
            isSmall
            columns={[
              { label: words.doctor.what, cell: ({ what }) => <bdi>{what}</bdi> },
              { label: words.doctor.result, cell: ({ result }) => <bdi>{result}</bdi> },
            ]}
          />
        </details>
      )}
      {leftOut.length > 0 && <p className="dim wrap">{leftOut.join(' ')}</p>}
    </div>
  );
}

function OneFinding({ finding }: { finding: Finding }): ReactNode {
  const words = useWords();
  const { code, verdict, what, cause, remedy, evidence, consequences, settles } = finding;
  return (
    <article className={`finding finding-${tones[verdict]}`}>
      <h3 className="wrap">
        <Marked tone={tones[verdict]} text="" />
        <bdi>{what}</bdi>
      </h3>
      <p className="wrap">{cause}</p>
      {remedy.length > 0 && (
        <ol className="steps">
          {remedy.map((step) => (
            <li key={step} className="wrap">
              <Spelled text={step} />
            </li>
          ))}
        </ol>
      )}
      {settles && (
        <p className="wrap">
          <span className="dim">{words.doctor.settles}:</span> {settles}
        </p>
      )}
      {evidence.length > 0 && (
        <details>
          <summary>{words.doctor.evidence(evidence.length)}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
          <pre className="lines" tabIndex={0}>
            {evidence
              .slice(0, mostEvidence)
              .map(({ source, line, text }) => `${source}${line === undefined ? '' : `:${line}`}\n  ${text}`)
              .join('\n')}
          </pre>
        </details>
      )}
      <p>
        <a href={`/docs/findings/${encodeURIComponent(code)}`}>{words.doctor.more}</a>
      </p>
      {consequences.length > 0 && (
        <details>
          <summary>{words.doctor.consequences(consequences.length)}</summary>
          {consequences.slice(0, mostFindings).map((one, at) => (
            <OneFinding key={at} finding={one} />
          ))}
        </details>
      )}
    </article>
  );
}

/** Text with `code` in it. */
function Spelled({ text }: { text: string }): ReactNode {
  return text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}

function OneStory({ story }: { story: Story }): ReactNode {
  const words = useWords();
  const { client, generation, versions, lastStage, outcome, events } = story;
  const skipped = Math.max(0, events.length - mostEvents);
  return (
    <section className="outcome">
      <h3 className="wrap">
        {client === noName ? (
          words.doctor.storyOfOne
        ) : (
          <>
            {words.doctor.story} <bdi>{client}</bdi>
          </>
        )}
      </h3>
      <p className="wrap">
        <Marked tone={ofOutcome[outcome] ?? 'quiet'} text={words.doctor.outcomes[outcome] ?? outcome} />{' '}
        <span className="dim">
          {[generation, versions.join(', '), `${words.doctor.lastStage}: ${lastStage}`].filter(Boolean).join(' · ')}
        </span>
      </p>
      {events.length > 0 && (
        <ol className="timeline">
          {events.slice(skipped).map(({ at, what, outcome: how }, index) => (
            <li key={index}>
              <time>{at === undefined ? '–' : at.replace('T', ' ').replace(/\.\d+/, '')}</time>
              <span className="wrap">
                <Marked tone={ofEvent[how]} text="" />
                <bdi>{what}</bdi>
              </span>
            </li>
          ))}
        </ol>
      )}
      {skipped > 0 && <p className="dim">{words.doctor.lastEvents(mostEvents, events.length)}</p>}
    </section>
  );
}
