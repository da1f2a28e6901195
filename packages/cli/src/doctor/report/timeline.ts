// The timeline as an inline SVG: one row per client, one mark per event, time from left to right. A table under it says
// the same in words, for readers who cannot see the picture.
import type { Story, StoryEvent } from '../logs/client-stories.ts';
import { escapeHtml } from './escape-html.ts';

const width = 900;
const left = 190;
const rowHeight = 30;
const maxRows = 30;

/** The picture and its table. */
export function renderTimeline(stories: readonly Story[]): string {
  const rows = stories.filter(({ events }) => events.length > 0).slice(0, maxRows);
  const times = rows.flatMap(({ events }) => events.map(({ atMs }) => atMs)).filter((at) => at !== undefined);
  if (times.length === 0) return renderTable(rows);
  const from = Math.min(...times);
  const to = Math.max(...times);
  const span = Math.max(1, to - from);
  const x = (at: number) => left + 10 + ((at - from) / span) * (width - left - 30);
  const height = rows.length * rowHeight + 40;
  const marks = rows.map((story, index) => renderRow(story, 20 + index * rowHeight, x)).join('');
  const label = `Timeline of ${rows.length} client${rows.length === 1 ? '' : 's'} from ${show(from)} to ${show(to)}`;
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeHtml(label)}">
<title>${escapeHtml(label)}</title>${marks}
<text x="${left}" y="${height - 8}">${escapeHtml(show(from))}</text>
<text x="${width - 10}" y="${height - 8}" text-anchor="end">${escapeHtml(show(to))}</text>
</svg>${renderTable(rows)}`;
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
  const body = rows
    .map((story) => {
      const last = story.events.at(-1);
      const mark = last?.outcome === 'bad' ? '✗ ' : '';
      return `<tr><td>${escapeHtml(story.client)}</td><td>${escapeHtml(story.generation)}</td><td>${escapeHtml(story.outcome)}</td><td>${escapeHtml(`${mark}${last?.at ?? ''} ${last?.what ?? ''}`)}</td></tr>`;
    })
    .join('');
  return `<table><tbody>${body}</tbody></table>`;
}

function show(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}
