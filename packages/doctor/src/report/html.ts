// The report as one self-contained page: no script, no link, no picture from elsewhere. Everything read is escaped.
import type { Finding } from '../finding.ts';
import { isGoodNews } from '../words/codes.ts';
import { escapeHtml } from './escape-html.ts';
import type { DoctorReport } from './report.ts';
import { renderTimeline } from './timeline.ts';

/** One HTML document. `madeAt` is shown in its foot. */
export function renderHtml(report: DoctorReport, madeAt: Date): string {
  const failures = report.findings.filter(({ verdict }) => verdict === 'fail');
  const unknowns = report.findings.filter(({ verdict }) => verdict === 'unknown');
  const answers = report.findings.filter(({ verdict }) => verdict === 'answer');
  const [root, ...others] = failures;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Moult doctor: ${escapeHtml(report.subject)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Why is this computer not updating?</h1>
<p class="subject">${escapeHtml(report.subject)}</p>
${renderVerdict(report)}
${root ? section('Root cause', renderFinding(root)) : ''}
${others.length > 0 ? section('Also', others.map(renderFinding).join('')) : ''}
${answers.length > 0 ? section('Answer', answers.map(renderFinding).join('')) : ''}
${unknowns.length > 0 ? section('Could not be decided', unknowns.map(renderFinding).join('')) : ''}
${report.stories.length > 0 ? section('Timeline', renderTimeline(report.stories)) : ''}
${renderPasses(
  'In order',
  report.passes.filter(({ code }) => isGoodNews(code)),
)}
${renderPasses(
  'Seen, but over or without harm',
  report.passes.filter(({ code }) => !isGoodNews(code)),
)}
${(report.snippets ?? []).map(({ title, text }) => section(`Ready to paste: ${escapeHtml(title)}`, `<pre><code>${escapeHtml(text)}</code></pre>`)).join('')}
${report.leftOut ? section('Left out', `<ul>${report.leftOut.map((what) => `<li>${escapeHtml(what)}</li>`).join('')}</ul>`) : ''}
${report.looked.length > 0 ? section('Looked at', renderLooked(report)) : ''}
</main>
<footer>Moult doctor, ${escapeHtml(madeAt.toISOString())}</footer>
</body>
</html>
`;
}

function renderVerdict({ verdict, findings }: DoctorReport): string {
  const [first] = findings;
  if (verdict === 'findings' && first) return `<p class="verdict bad">${escapeHtml(first.what)}</p>`;
  if (verdict === 'healthy') return '<p class="verdict good">Healthy: nothing is broken as far as can be seen.</p>';
  return `<p class="verdict maybe">Undecided: nothing is seen to be broken, but what was read does not decide it.</p>`;
}

function renderPasses(title: string, passes: readonly Finding[]): string {
  if (passes.length === 0) return '';
  return section(title, `<ul>${passes.map(({ what }) => `<li>${escapeHtml(what)}</li>`).join('')}</ul>`);
}

function section(title: string, body: string): string {
  return `<section><h2>${title}</h2>${body}</section>`;
}

function renderFinding(finding: Finding): string {
  const events = finding.eventIds.length > 0 ? `, event ${finding.eventIds.join(', ')}` : '';
  const evidence = finding.evidence
    .map(({ source, line, text }) => {
      const place = line === undefined ? source : `${source}:${line}`;
      return `<dt>${escapeHtml(place)}</dt><dd><code>${escapeHtml(text)}</code></dd>`;
    })
    .join('');
  return `<article class="${finding.verdict}">
<h3>${escapeHtml(finding.what)}</h3>
<p class="code">${finding.code}, rung ${finding.rung}${events}</p>
<p>${withCode(finding.cause)}</p>
${evidence ? `<h4>Evidence</h4><dl>${evidence}</dl>` : ''}
${finding.settles ? `<h4>What would settle it</h4><p>${escapeHtml(finding.settles)}</p>` : ''}
${finding.remedy.length > 0 ? `<h4>What to do</h4><ol>${finding.remedy.map((step) => `<li>${withCode(step)}</li>`).join('')}</ol>` : ''}
${finding.consequences.length > 0 ? `<h4>Follows from it</h4><ul>${finding.consequences.map((consequence) => `<li>${escapeHtml(consequence.what)} <small>${consequence.code}</small></li>`).join('')}</ul>` : ''}
</article>`;
}

/** Commands are in backticks in the pages. */
function withCode(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function renderLooked(report: DoctorReport): string {
  const rows = report.looked
    .map(({ what, result }) => `<tr><td>${escapeHtml(what)}</td><td>${escapeHtml(result)}</td></tr>`)
    .join('');
  return `<table><tbody>${rows}</tbody></table>`;
}

const style = `
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5b6570;--line:#d5dae0;--paper:#fff;--bad:#b3261e;--good:#1b6e3c;--maybe:#8a5a00}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#a3adb8;--line:#3a424b;--paper:#14181c;--bad:#ff8a80;--good:#7bd8a0;--maybe:#f0c060}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
h3{font-size:1.05rem;margin:.2rem 0}h4{font-size:.9rem;margin:.8rem 0 .2rem;color:var(--soft)}
.subject,.code,footer{color:var(--soft)}.code{font-size:.85rem;margin:.1rem 0}
.verdict{font-size:1.15rem;font-weight:600}.bad{color:var(--bad)}.good{color:var(--good)}.maybe{color:var(--maybe)}
article{border-left:4px solid var(--line);padding:.2rem 1rem;margin:.8rem 0}
article.fail{border-color:var(--bad)}article.unknown{border-color:var(--maybe)}
code{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}dt{color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}dd{margin:0 0 .4rem}
table{border-collapse:collapse;width:100%}td{border-bottom:1px solid var(--line);padding:.2rem .6rem .2rem 0;overflow-wrap:anywhere;vertical-align:top}
svg{max-width:100%;height:auto;display:block}svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .axis{stroke:var(--line)}
svg .mark.good{fill:var(--good)}svg .mark.bad{fill:var(--bad)}svg .mark.neutral{fill:var(--soft)}
footer{max-width:60rem;margin:0 auto;padding:0 1.5rem 2rem;font-size:.85rem}
`;
