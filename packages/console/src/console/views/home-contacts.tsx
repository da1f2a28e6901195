// Check-ins: how many computers were here within a day, a week and a month. A computer that is seldom on gets its updates late.
import type { ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Page } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Meter } from '../kit/meter.tsx';
import { numberIn } from '../kit/numbers.ts';
import { useLanguage, useWords } from '../kit/words.tsx';

/** Computers that were silent for so many days: one count of the server. */
function useSilent(days: number): number | undefined {
  const given = { query: { silentDays: days, limit: 1 } };
  return useAnswer<Page<unknown>>('listComputers', given, { everyMs: 300_000 }).document?.total;
}

export function HomeContacts({ total }: { total: number }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const [day, week, month] = [useSilent(1), useSilent(7), useSilent(30)];
  if (day === undefined || week === undefined || month === undefined || total === 0) return null;
  const rows = [
    { days: 1, amount: total - day, className: 'fill-state-installed', from: undefined },
    { days: 7, amount: day - week, className: 'fill-wsus', from: 1 },
    { days: 30, amount: week - month, className: 'fill-sus', from: 7 },
    { days: undefined, amount: month, className: 'fill-unknown', from: 30 },
  ].map((row) => ({ ...row, amount: Math.max(0, row.amount) }));
  const text = ({ days }: { days: number | undefined }) =>
    days === undefined ? words.home.contacts.longer(30) : words.home.contacts.within(days);
  return (
    <section className="card" aria-labelledby="home-contacts">
      <h2 id="home-contacts">{words.home.contacts.title}</h2>
      <Meter parts={rows} label={words.home.contacts.title} />
      <table>
        <tbody>
          {rows.map((row) => (
            <tr key={row.days ?? 'longer'}>
              <th scope="row">
                <svg className="key" viewBox="0 0 10 10" aria-hidden="true" focusable="false">
                  <rect className={row.className} width="10" height="10" rx="3" />
                </svg>
                {text(row)}
              </th>
              <td className="amount">
                {row.from === undefined ? (
                  numberIn(row.amount, language)
                ) : (
                  <Link
                    href={hrefOf('computers', {
                      ...{ silentDays: String(row.from), sort: 'last-contact', order: 'desc' },
                    })}
                  >
                    {numberIn(row.amount, language)}
                  </Link>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="dim">{words.home.contacts.why}</p>
    </section>
  );
}
