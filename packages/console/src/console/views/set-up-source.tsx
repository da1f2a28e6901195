// Step 2: where updates come from. The choice is kept. The setting `upstream` makes it so, with a restart.
import { type ReactNode, useState } from 'react';
import { change } from '../api/changes.ts';
import type { SetUpDocument, UpdateSource } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { useDoing } from '../kit/doing.ts';
import { Link } from '../kit/link.tsx';
import { useWords } from '../kit/words.tsx';

const exampleUpstream = 'https://wsus.example.org:8531';
const sources: readonly UpdateSource[] = ['microsoft', 'server', 'files'];

export function SetUpSource({ setUp: { source, upstream, isMicrosoft } }: { setUp: SetUpDocument }): ReactNode {
  const words = useWords();
  const doing = useDoing();
  const [chosen, setChosen] = useState(source ?? (isMicrosoft ? 'microsoft' : 'server'));
  const save = () =>
    doing(
      () => change('noteSetUpStep', { path: { step: 'source' }, body: { state: 'done', source: chosen } }),
      words.guide.sourceSaved(words.guide.sources[chosen]),
    );
  const isOther = chosen !== 'files' && isMicrosoft !== (chosen === 'microsoft');
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <fieldset className="stack-choices">
        <legend>{words.guide.names.source}</legend>
        {sources.map((one) => (
          <label key={one} className="choice">
            <input type="radio" name="source" checked={chosen === one} onChange={() => setChosen(one)} />
            {words.guide.sources[one]}
          </label>
        ))}
      </fieldset>
      <p className="wrap">
        <span className="dim">{words.guide.upstreamNow}</span> <code>{upstream}</code>
      </p>
      {isOther && (
        <div className="notice">
          <p>{words.guide.changeUpstream}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
          <pre className="lines" tabIndex={0}>
            {`upstream = "${chosen === 'microsoft' ? 'https://sws.update.microsoft.com' : exampleUpstream}"`}
          </pre>
        </div>
      )}
      {chosen === 'files' && (
        <p>
          {words.guide.filesText} <a href="/docs/closed-networks">{words.guide.filesDocs}</a> ·{' '}
          <Link href={hrefOf('catalogs')}>{words.nav.catalogs}</Link>
        </p>
      )}
      <button type="submit" className={source === chosen ? '' : 'primary'}>
        {words.kit.save}
      </button>
    </form>
  );
}
