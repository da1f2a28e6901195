// Reports about the whole fleet: each has its tab, its plot and its list. The list can be filtered, taken away and printed.
import type { ReactNode } from 'react';
import { useAddress } from '../kit/address.ts';
import { useSession } from '../kit/session.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { useWords } from '../kit/words.tsx';
import { queryOf } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { type ReportKind, type ReportList, reportLists } from './report-lists.tsx';
import { ReportPlot } from './report-plot.tsx';

export default function Reports({ id = '' }: { id: string | undefined }): ReactNode {
  const kind: ReportKind = isKind(id) ? id : 'compliance';
  // Another report is another list: nothing of the one before stays.
  return <OneReport key={kind} kind={kind} report={reportLists[kind] as unknown as ReportList<unknown>} />;
}

function OneReport({ kind, report }: { kind: ReportKind; report: ReportList<unknown> }): ReactNode {
  const words = useWords();
  const { query } = useAddress();
  const { isWholeServer } = useSession();
  const { list, partsOf, plotQuery, isShare = false } = report;
  const shown = (Object.keys(reportLists) as ReportKind[]).filter(
    (one) => reportLists[one].isForGroups || isWholeServer,
  );
  const tabs = shown.map((one) => [one === 'compliance' ? '' : one, words.reports.kinds[one]] as const);
  const label = words.reports.kinds[kind];
  const asked = queryOf(list, query);
  const print = (
    <button type="button" className="no-print" onClick={() => window.print()}>
      {words.reports.print}
    </button>
  );
  return (
    <ListView list={list} actions={print}>
      <Tabs label={words.nav.reports} view="reports" tabs={tabs} chosen={kind === 'compliance' ? '' : kind} />
      <h2 className="report-title">{label}</h2>
      <p className="dim">{words.reports.about[kind]}</p>
      {partsOf && (
        <ReportPlot
          {...{ operation: list.operation, partsOf, isShare, query: plotQuery?.(asked) ?? asked }}
          label={words.reports.plot(label)}
        />
      )}
    </ListView>
  );
}

function isKind(text: string): text is ReportKind {
  return Object.hasOwn(reportLists, text);
}
