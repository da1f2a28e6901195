// Settings for clients as files: the policy that points computers at a server. The address holds all choices.
import { type ReactNode, useState } from 'react';
import { addressOf, call } from '../api/call.ts';
import { goWith, useAddress } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { download } from '../kit/download.ts';
import { wordsOf } from '../kit/states.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import { zipOf } from '../kit/zip.ts';
import { shellLines } from '../list/shell-lines.ts';

type Format = keyof Words['policy']['formats'];

interface Files {
  files: { name: string; base64: string }[];
}

/** These cannot undo, nor bring trust. */
const plain: readonly string[] = ['admx', 'intune'];
const serverForm = '^https?://([A-Za-z0-9_.\\-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$';

export default function Policy(): ReactNode {
  const words = useWords();
  const { query } = useAddress();
  const [isBusy, setIsBusy] = useState(false);
  const format = (query.get('format') ?? 'reg') as Format;
  const server = query.get('server') ?? location.origin;
  const group = query.get('group') ?? '';
  const isPlain = plain.includes(format);
  const flag = (name: string) => !isPlain && query.get(name) === 'true';
  const asked = {
    ...{ format, server, group },
    ...(flag('undo') && { undo: true }),
    ...(flag('trust') && { trust: true }),
  };
  const make = async () => {
    setIsBusy(true);
    try {
      const { files } = (await call<Files>('exportPolicy', { query: asked })).document;
      const made = files.map(({ name, base64 }) => ({ name, bytes: bytesOf(base64) }));
      const [only] = made;
      const saved = only && made.length === 1 ? only : { name: `moult-policy-${format}.zip`, bytes: zipOf(made) };
      download(saved.name, saved.bytes, 'application/octet-stream');
      say(words.policy.made(saved.name));
    } catch (error) {
      say(wordsOf(error, words), { isBad: true });
    }
    setIsBusy(false);
  };
  return (
    <>
      <ViewHead title={words.nav.policy} />
      <section className="card" aria-labelledby="view-title">
        <p>{words.policy.text}</p>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            void make();
          }}
        >
          <div className="fields">
            <label>
              {words.policy.server}
              <input
                type="url"
                required
                maxLength={256}
                pattern={serverForm}
                value={server}
                onChange={(event) => goWith({ server: event.currentTarget.value })}
              />
            </label>
            <label>
              {words.policy.group}
              <input
                maxLength={256}
                autoComplete="off"
                value={group}
                onChange={(event) => goWith({ group: event.currentTarget.value })}
              />
            </label>
            <label>
              {words.policy.format}
              <select value={format} onChange={(event) => goWith({ format: event.currentTarget.value })}>
                {Object.entries(words.policy.formats).map(([name, label]) => (
                  <option key={name} value={name}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
          </div>
          <fieldset className="choices">
            {(['undo', 'trust'] as const).map((name) => (
              <label key={name} className="choice">
                <input
                  type="checkbox"
                  disabled={isPlain}
                  checked={flag(name)}
                  onChange={(event) => goWith({ [name]: event.currentTarget.checked ? 'true' : undefined })}
                />
                {words.policy[name]}
              </label>
            ))}
          </fieldset>
          <button type="submit" className="primary" disabled={isBusy}>
            {isBusy ? words.states.loading : words.policy.make}
          </button>
        </form>
        <p className="dim">{words.policy.how[format] ?? ''}</p>
        <p className="dim">{words.list.curl}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
        <pre className="lines" tabIndex={0}>
          {shellLines(location.origin, addressOf('exportPolicy', { query: asked }), false)}
        </pre>
      </section>
    </>
  );
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}
