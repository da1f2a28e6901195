// The forecast of a decision, as the server counts it: computers, bytes, files, restarts, hours.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Action } from '../api/documents.ts';
import { numberIn, sizeIn } from '../kit/numbers.ts';
import { Asked } from '../kit/states.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';

interface Preview {
  computers: number;
  needing: number;
  updates: {
    updateId: string;
    title: string;
    needing: number;
    downloadBytes: number;
    missingBytes: number;
    restart: 'never' | 'can' | 'always' | 'unknown';
  }[];
}

interface Props {
  updateIds: readonly string[];
  groupIds: readonly string[];
  action: Action;
}

const speeds = [10, 100, 1000];

/** Bits of a megabit, and the part of a line that downloads get at best. */
const secondsFor = (bytes: number, megabits: number) => (bytes * 8) / (megabits * 1_000_000);

export function Forecast({ updateIds, groupIds, action }: Props): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const [megabits, setMegabits] = useState(100);
  const isInstall = action === 'Install' || action === 'OptionalInstall';
  const preview = useAnswer<Preview>(
    'previewApproval',
    isInstall ? { query: { update: updateIds, group: groupIds } } : undefined,
  );
  if (!isInstall) return <p className="forecast">{words.forecast.noDownload}</p>;
  return (
    <section className="forecast" aria-label={words.forecast.title} aria-live="polite">
      <h3>{words.forecast.title}</h3>
      <Asked kept={preview}>
        {({ computers, updates }) => {
          const downloads = updates.reduce((sum, one) => sum + one.needing * one.downloadBytes, 0);
          const missing = updates.reduce((sum, one) => sum + one.missingBytes, 0);
          const installs = updates.reduce((sum, one) => sum + one.needing, 0);
          const restarts = updates.filter(({ restart }) => restart !== 'never').length;
          const hours = secondsFor(downloads, megabits) / 3600;
          return (
            <ul>
              <li>{words.forecast.computers(numberIn(computers, language), numberIn(installs, language), installs)}</li>
              <li>{words.forecast.bytes(sizeIn(downloads, language))}</li>
              {missing > 0 && <li className="bad">{words.forecast.missing(sizeIn(missing, language))}</li>}
              <li>{words.forecast.restarts(restarts, updates.length)}</li>
              <li>
                <label>
                  {words.forecast.line}{' '}
                  <select value={megabits} onChange={(event) => setMegabits(Number(event.currentTarget.value))}>
                    {speeds.map((speed) => (
                      <option key={speed} value={speed}>
                        {numberIn(speed, language)} Mbit/s
                      </option>
                    ))}
                  </select>
                </label>{' '}
                {words.forecast.hours(
                  hours < 0.1 ? words.forecast.minutes : hours.toLocaleString(language, { maximumFractionDigits: 1 }),
                )}
              </li>
            </ul>
          );
        }}
      </Asked>
    </section>
  );
}
