// The timeline as an inline SVG: one row per client, one mark per event, time from left to right. A table under it says
// the same in words, for readers who cannot see the picture.
import { reportBounds } from '../bounds.ts';
import type { Story, StoryEvent } from '../logs/client-stories.ts';
import { escapeHtml } from './escape-html.ts';

const width = 900;
const left = 190;
const rowHeight = 30;

/** The picture and its table. */
export function renderTimeline(stories: readonly Story[]): string {
  const rows = stories.filter(({ events }) => events.length > 0).slice(0, reportBounds.maxTimelineRows);
  const times = rows.flatMap(({ events }) => events.map(({ atMs }) => atMs)).filter((at) => at !== undefined);
  if (times.length === 0) return renderTable(rows);
  const place = placesOf(times);
  const moments = [...place.keys()];
  const [from = 0] = moments;
  const to = moments.at(-1) ?? from;
  const x = (at: number) => left + 10 + (place.get(at) ?? 0) * (width - left - 30);
  const height = rows.length * rowHeight + 40;
  const marks = rows.map((story, index) => renderRow(story, 20 + index * rowHeight, x)).join('');
  const label = `Timeline of ${rows.length} client${rows.length === 1 ? '' : 's'} from ${show(from)} to ${show(to)}`;
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeHtml(label)}">
<title>${escapeHtml(label)}</title>${marks}
<text x="${left}" y="${height - 8}">${escapeHtml(show(from))}</text>
<text x="${width - 10}" y="${height - 8}" text-anchor="end">${escapeHtml(show(to))}</text>
</svg>${renderTable(rows)}`;
}

/**
 * The place of each moment, 0 to 1. Pauses count by their logarithm: the minutes of a self-update stay apart beside the
 * months before it.
 */
function placesOf(times: readonly number[]): Map<number, number> {
  const moments = [...new Set(times)].sort((a, b) => a - b);
  let reached = 0;
  const sums = moments.map((at, index) => {
    const pause = index === 0 ? 0 : at - (moments[index - 1] ?? at);
    reached += Math.log1p(pause / 1000);
    return [at, reached] as const;
  });
  return new Map(sums.map(([at, sum]) => [at, reached === 0 ? 0 : sum / reached]));
}

function renderRow(story: Story, y: number, x: (at: number) => number): string {
  const marks = story.events
    .filter((event): event is StoryEvent & { atMs: number } => event.atMs !== undefined)
    .map((event) => {
      const cx = x(event.atMs).toFixed(1);
      const tip = `<title>${escapeHtml(`${event.at ?? ''} ${event.what}`)}</title>`;
      // Bad is a cross as well as a colour: the picture must work without colours.
      if (event.outcome === 'bad') {
        return `<path class="mark bad" d="M${cx} ${y}m-6-4l2-2 4 4 4-4 2 2-4 4 4 4-2 2-4-4-4 4-2-2 4-4z">${tip}</path>`;
      }
      return `<circle class="mark ${event.outcome}" cx="${cx}" cy="${y}" r="5">${tip}</circle>`;
    })
    .join('');
  const name = story.client.length > 26 ? `${story.client.slice(0, 25)}…` : story.client;
  return `<line class="axis" x1="${left}" y1="${y}" x2="${width - 10}" y2="${y}"/><text x="0" y="${y + 4}">${escapeHtml(name)}</text>${marks}`;
}

function renderTable(rows: readonly Story[]): string {
  const moments = rows.flatMap((story) => story.events.map((event) => ({ story, event })));
  const body = moments
    .slice(-reportBounds.maxTableRows)
    .map(({ story, event }) => {
      const cells = [
        story.client,
        (event.at ?? '').replace('T', ' ').replace(/\.\d+/, ''),
        outcomeMarks[event.outcome],
        event.what,
      ];
      return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
    })
    .join('');
  const kinds = rows.map(({ client, generation, outcome }) => `${client}: ${generation}, ${outcome}`).join('; ');
  return `<p>${escapeHtml(kinds)}</p><table><tbody>${body}</tbody></table>`;
}

const outcomeMarks: Record<StoryEvent['outcome'], string> = { good: '✓', bad: '✗', neutral: '·' };

function show(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}
