// The line that installs the agent on a computer. The address of the view holds the server and the group of the line.
import type { FormEvent, ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import { goWith, useAddress } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { Asked } from '../kit/states.tsx';
import { useWords } from '../kit/words.tsx';

interface InstallLine {
  server: string;
  publicUrl?: string;
  linux?: string;
  windows?: string;
  trustRoot?: string;
}

const serverForm = '^https?://([A-Za-z0-9_.\\-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$';

export function InstallCard(): ReactNode {
  const words = useWords().releases.install;
  const { query } = useAddress();
  // Without another choice: the public address, else the address in this browser.
  const first = useAnswer<InstallLine>('readInstallLine', { query: { server: location.origin } });
  const server = query.get('server') ?? first.document?.publicUrl ?? location.origin;
  const group = query.get('group') ?? '';
  const line = useAnswer<InstallLine>('readInstallLine', { query: { server, ...(group !== '' && { group }) } });
  const show = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    goWith({ server: String(form.get('server')), group: String(form.get('group')) || undefined });
  };
  return (
    <section className="card" aria-labelledby="install">
      <h2 id="install">{words.title}</h2>
      <form className="form" onSubmit={show} key={`${server} ${group}`}>
        <div className="fields">
          <label>
            {words.server}
            <input name="server" type="url" required maxLength={256} pattern={serverForm} defaultValue={server} />
          </label>
          <label>
            {words.group}
            <input name="group" maxLength={256} autoComplete="off" defaultValue={group} />
          </label>
        </div>
        <button type="submit">{words.show}</button>
      </form>
      <Asked kept={line}>{(found) => <Lines line={found} />}</Asked>
    </section>
  );
}

function Lines({ line: { server, trustRoot, linux, windows } }: { line: InstallLine }): ReactNode {
  const words = useWords().releases.install;
  if (trustRoot === undefined)
    return (
      <>
        <p>{words.none}</p>
        <Pasted text={`moult agent install-line --server ${server}`} label={words.title} />
      </>
    );
  return (
    <>
      <p>{words.text}</p>
      <p className="wrap">
        <code>{trustRoot}</code>
      </p>
      {linux === undefined ? (
        <p className="dim">{words.missing('Linux')}</p>
      ) : (
        <Pasted text={linux} label={words.linux} />
      )}
      {windows === undefined ? (
        <p className="dim">{words.missing('Windows')}</p>
      ) : (
        <Pasted text={windows} label={words.windows} />
      )}
    </>
  );
}

function Pasted({ text, label }: { text: string; label: string }): ReactNode {
  const words = useWords();
  return (
    <>
      <h3>{label}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className="lines" tabIndex={0}>
        {text}
      </pre>
      <p>
        <button
          type="button"
          aria-label={`${words.kit.copy}: ${label}`}
          onClick={() => void navigator.clipboard?.writeText(text).then(() => say(words.kit.copied))}
        >
          {words.kit.copy}
        </button>
      </p>
    </>
  );
}
