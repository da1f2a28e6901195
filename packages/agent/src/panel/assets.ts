// The files beside the page: its style sheet, its script, its icon. As text, because the agent travels as one bundle.

interface Asset {
  type: string;
  text: string;
}

/** As the console has it (packages/console/src/icon.svg). */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><title>Moult</title><rect width="32" height="32" rx="8" fill="#0b6b5d"/><path d="M6 23V9.500l7 8 7-8" fill="none" stroke="#7fd1bf" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/><path d="M12 23V9.500l7 8 7-8V23" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

// Whole rows are made again: a history is short. Only text is set, never HTML.
const script = `const byId = (id) => document.getElementById(id);
const news = byId('news');
const say = (text) => { if (news.textContent !== text) news.textContent = text; };
let told = '';
function show({ settings, facts, history }) {
  for (const { id, text, tone } of facts) {
    const at = byId('fact-' + id);
    if (at.textContent !== text) { at.textContent = text; at.className = 'tone-' + tone; }
  }
  const mark = JSON.stringify(history);
  if (told !== mark) {
    if (told !== '') say('The history has changed.');
    told = mark;
    byId('no-history').hidden = history.length > 0;
    byId('history').replaceChildren(...history.map(({ result, cells }) => {
      const row = document.createElement('tr');
      row.className = 'result-' + result;
      cells.forEach((text, index) => {
        const cell = document.createElement(index === 1 ? 'th' : 'td');
        if (index === 1) cell.scope = 'row';
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    }));
  }
  if (settings !== document.body.dataset.settings) {
    say('The settings of this computer have changed. Reload the page to see them.');
  }
}
async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch('/state', { cache: 'no-store' });
    if (answer.status === 429 || answer.status === 503) return;
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
  } catch {
    clearInterval(timer);
    say('The panel has ended. Run the command again to open a new one.');
  }
}
const timer = setInterval(look, 3000);
`;

const style = `:root {
  color-scheme: light dark;
  --page: light-dark(#f3f5f6, #14181a); --card: light-dark(#fff, #1d2225); --line: light-dark(#dde2e5, #333b40);
  --ink: light-dark(#1b2124, #e9edef); --dim: light-dark(#55616a, #a3afb6); --link: light-dark(#0b6558, #7fd1bf);
  --accent: light-dark(#0b6b5d, #3fa893); --good: light-dark(#0f7b3f, #58c27d); --bad: light-dark(#b3261e, #ff8f84);
  --pending: light-dark(#8a4b00, #e79a3c); --field: light-dark(#fff, #14181a); --edge: light-dark(#7d8890, #77838b);
  --radius: 10px; --sans: "Segoe UI Variable Text", "Segoe UI", system-ui, "Noto Sans", "DejaVu Sans", sans-serif;
}
.face-sus {
  --page: light-dark(#3a6ea5, #16273a); --card: light-dark(#ece9d8, #2b2a25); --line: light-dark(#aca899, #57544a);
  --ink: light-dark(#000, #f0eee4); --dim: light-dark(#4b493f, #bdb9aa); --link: light-dark(#0b3d91, #8ab4f8);
  --accent: light-dark(#0a4fbf, #3f6fb5); --good: light-dark(#1a6b1a, #7cc47c); --bad: light-dark(#9c1c14, #ff9d92);
  --pending: light-dark(#7a4200, #e5a552); --field: light-dark(#fff, #1d1c18); --edge: light-dark(#716f64, #8c887a);
  --radius: 3px; --sans: Tahoma, "Segoe UI", "DejaVu Sans", sans-serif;
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--ink); font: 0.9375rem / 1.5 var(--sans); }
.face-sus { font-size: 0.8125rem; line-height: 1.45; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 2.5rem; }
.face-sus main { max-width: 32rem; }
h1, h2, p, dl, dd { margin: 0; }
h2 { font-size: 1.0625rem; font-weight: 600; line-height: 1.3; }
.face-sus h2 { font-size: 0.8125rem; font-weight: 400; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.dim { color: var(--dim); }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.title {
  padding: 0.4rem 0.75rem; border: 1px solid light-dark(#08338a, #6f8fc0); border-bottom: 0; border-radius: 7px 7px 0 0;
  background: linear-gradient(light-dark(#2f6fdc, #35578c), light-dark(#0a4fbf, #24406e)); color: #fff; font-size: 0.875rem; font-weight: 700;
}
.title small { font-weight: 400; font-size: 0.75rem; margin-inline-start: 0.4rem; }
.face-sus .pane { border: 3px solid light-dark(#0a4fbf, #24406e); border-top: 0; border-radius: 0 0 3px 3px; }
.banner {
  display: flex; align-items: center; gap: 1rem; padding: 1.1rem 1.5rem; border-radius: var(--radius) var(--radius) 0 0;
  background: linear-gradient(100deg, #0b6b5d, #084f6b); color: #fff; border: 1px solid transparent;
}
.banner h1 { font-size: 1.375rem; font-weight: 600; line-height: 1.3; }
.banner svg, .picture { flex: none; object-fit: contain; }
.title .picture { vertical-align: -0.2em; margin-inline-end: 0.4rem; }
.pane { display: grid; gap: 1.25rem; padding: 1.25rem 1.5rem 1.5rem; background: var(--card); border: 1px solid var(--line); border-top: 0; border-radius: 0 0 var(--radius) var(--radius); }
.face-sus .pane { padding: 0.9rem 1rem 1rem; gap: 0.9rem; }
form { display: grid; gap: 0.9rem; }
fieldset { display: grid; gap: 0.75rem; margin: 0; padding: 0; border: 0; min-width: 0; }
.face-sus fieldset, .face-sus section { padding: 0.6rem 0.9rem 0.8rem; border: 1px solid var(--line); border-radius: 4px; }
.face-sus section { position: relative; padding-top: 0.9rem; margin-top: 0.4rem; }
.face-sus section > h2 { position: absolute; top: -0.62rem; left: 0.6rem; padding: 0 0.3rem; background: var(--card); }
legend { padding: 0 0.3rem; }
label { display: inline-flex; align-items: flex-start; gap: 0.55rem; cursor: pointer; }
label:has(:disabled) { cursor: default; color: var(--dim); }
input { flex: none; margin: 0.2rem 0 0; width: 1.05rem; height: 1.05rem; accent-color: var(--accent); }
.face-sus input { width: 0.85rem; height: 0.85rem; }
.keep { display: grid; gap: 0.2rem; }
.keep .dim { padding-inline-start: 1.4rem; }
.shield { flex: none; margin-top: 0.1rem; }
.shield-large { margin: 0; }
.shield .ground { fill: var(--good); }
.shield-large .ground { fill: #fff; }
.shield-download .ground, .shield-notify .ground { fill: var(--pending); }
.shield-off .ground { fill: var(--bad); }
.shield .sign { fill: none; stroke: var(--card); stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.shield-large .sign { stroke: #0b6b5d; }
.choice-automatic label span { font-weight: 600; }
.schedule { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; padding: 0.4rem 0 0 3.4rem; }
.face-sus .schedule { padding-inline-start: 1.4rem; }
select, button { padding: 0.35rem 0.7rem; border: 1px solid var(--edge); border-radius: 6px; background: var(--field); color: var(--ink); font: inherit; }
.face-sus select, .face-sus button { padding: 0.2rem 0.6rem; border-radius: 3px; }
button { min-width: 6rem; cursor: pointer; }
button.main { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); font-weight: 600; }
select:disabled, button:disabled { color: var(--dim); opacity: 0.65; cursor: default; box-shadow: none; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.6rem; }
.news:empty { display: none; }
.news, .refused, .policy { padding: 0.6rem 0.9rem; border: 1px solid var(--line); border-radius: 6px; border-inline-start: 4px solid var(--accent); }
.refused { border-inline-start-color: var(--bad); color: var(--bad); }
.policy { display: flex; gap: 0.6rem; align-items: flex-start; border-inline-start-color: var(--dim); }
.lock { flex: none; margin-top: 0.15rem; fill: none; stroke: currentColor; stroke-width: 1.6; }
.lock rect { fill: currentColor; }
section { display: grid; gap: 0.6rem; min-width: 0; }
.facts { display: grid; gap: 0.3rem; }
.facts div { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0.25rem 1rem; }
dt { color: var(--dim); }
dd { overflow-wrap: anywhere; }
.tone-bad { color: var(--bad); }
.tone-pending { color: var(--pending); }
.scroll { max-height: 22rem; overflow: auto; }
.scroll:has(tbody:empty) { display: none; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.35rem 1rem 0.35rem 0; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; font-weight: 400; overflow-wrap: anywhere; }
thead th { color: var(--dim); font-size: 0.875em; }
td:first-child { white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
.result-bad td:last-child { color: var(--bad); }
.result-good td:last-child { color: var(--good); }
.result-pending td:last-child { color: var(--pending); }
@media (max-width: 34rem) {
  .facts div { grid-template-columns: 1fr; gap: 0; }
  .facts div + div { margin-top: 0.3rem; }
  .pane { padding-inline: 1rem; }
  .schedule { padding-inline-start: 1.6rem; }
  thead { position: absolute; clip-path: inset(50%); }
  tbody tr { display: grid; padding-block: 0.4rem; border-bottom: 1px solid var(--line); }
  tbody tr > * { padding: 0; border-bottom: 0; }
}
@media (forced-colors: active) {
  .shield .ground { fill: CanvasText; }
  .shield .sign, .shield-large .sign { stroke: Canvas; }
  .title, .banner { border-color: CanvasText; }
  select:disabled, button:disabled { opacity: 1; }
}
`;

export const assets: Readonly<Record<string, Asset>> = {
  '/panel.css': { type: 'text/css; charset=utf-8', text: style },
  '/panel.js': { type: 'text/javascript; charset=utf-8', text: script },
  '/icon.svg': { type: 'image/svg+xml', text: icon },
};
