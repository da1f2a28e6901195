// The panel as a page with two faces. The SUS client has the dialog with a check box. The WSUS client has the tab with
// a banner and four choices. Plain HTML with forms: it works without its script too.
import { createHash } from 'node:crypto';
import type { Decision, UpdateMode } from './choice.ts';
import { type Html, html } from './html.ts';
import type { PanelState } from './state.ts';
import {
  checkWords,
  dayNames,
  historyWords,
  hourNames,
  keepWords,
  modesOf,
  modeWords,
  type PanelFact,
  panelFacts,
  policyNotes,
} from './words.ts';

/** The result of the last action, shown once. */
export interface Flash {
  text: string;
  isError: boolean;
}

interface PageParts {
  state: PanelState;
  /** The name of the vendor's product. */
  product: string;
  /** The vendor has a picture for it. */
  hasIcon: boolean;
  /** The address of the small picture in the browser's tab. */
  tabIcon: string | undefined;
  flash: Flash | undefined;
}

/** The whole document. */
export function renderPanel({ state, product, hasIcon, tabIcon, flash }: PageParts): string {
  const { face } = state;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Automatic Updates – ${product}</title>
${tabIcon !== undefined && html`<link rel="icon" href="${tabIcon}">`}
<link rel="stylesheet" href="/panel.css">
<script type="module" src="/panel.js"></script>
</head>
<body class="face-${face}" data-settings="${settingsMark(state)}">
<main>
${face === 'sus' ? susHead(product, hasIcon) : wsusHead(product, hasIcon)}
<div class="pane">
<p id="news" role="status" class="news">${flash && !flash.isError && flash.text}</p>
${flash?.isError && html`<p role="alert" class="refused">${flash.text}</p>`}
<form method="post" action="/choice">
${policyNotes(state).map((note) => html`<p class="policy">${lock}${note}</p>`)}
${face === 'sus' ? susChoices(state) : wsusChoices(state)}
<p class="buttons"><button type="submit" class="main"${greyIf(isAllDecided(state))}>Save</button>
<button type="submit" formaction="/check" aria-describedby="about-check"${greyIf(state.blocked)}>Check now</button></p>
<p class="dim" id="about-check">${checkWords}</p>
</form>
<section aria-labelledby="state-title"><h2 id="state-title">State</h2>
<dl class="facts">${panelFacts(state).map(factRow)}</dl></section>
${history(state)}
</div>
</main>
</body>
</html>
`.text;
}

/**
 * The facts and the history, which the script shows without a new page. `settings` tells whether the rest is still so.
 */
export function panelNews(state: PanelState): object {
  return {
    settings: settingsMark(state),
    facts: panelFacts(state),
    history: state.history.map((entry) => ({ result: entry.result, cells: historyWords(entry) })),
  };
}

/** A page of one sentence: no session, or no such page. */
export function renderSentence(product: string, title: string, sentence: string): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title} – ${product}</title></head>
<body><main><h1>${title}</h1><p>${sentence}</p></main></body></html>
`.text;
}

function susHead(product: string, hasIcon: boolean): Html {
  return html`<h1 class="title">${hasIcon && picture(16)}Automatic Updates <small>${product}</small></h1>`;
}

function wsusHead(product: string, hasIcon: boolean): Html {
  return html`<header class="banner">${hasIcon ? picture(40) : shield('')}<div><h1>Automatic Updates</h1>
<p>Protect your computer: ${product} checks for updates and installs them.</p></div></header>`;
}

/** The vendor's. Its name is beside it. */
function picture(size: number): Html {
  return html`<img class="picture" src="/icon" alt="" width="${`${size}`}" height="${`${size}`}">`;
}

function susChoices(state: PanelState): Html {
  const { decided, choice, keptOn, blocked } = state;
  const isOff = choice.mode === 'off';
  const grey = blocked ?? decided.mode;
  // A check box that cannot be changed is not sent: the field beside it is.
  return html`<p class="keep"><label><input type="checkbox" name="on" value="1"${!isOff && ' checked'}${greyIf(grey ?? keptOn)}>
<b>${modeWords.sus.off}</b></label>${keptOn && !grey && html`<input type="hidden" name="on" value="1">`}
<span class="dim">${keepWords}</span></p>
<fieldset${greyIf(blocked)}><legend>Settings</legend>
${modesOf.sus.map((mode) => html`<div class="choice">${radio(state, mode)}${mode === 'automatic' && schedule(state)}</div>`)}
</fieldset>`;
}

function wsusChoices(state: PanelState): Html {
  return html`<fieldset${greyIf(state.blocked)}><legend class="hidden">Choose how updates are installed</legend>
${modesOf.wsus.map(
  (mode) =>
    html`<div class="choice choice-${mode}">${radio(state, mode)}${mode === 'automatic' && schedule(state)}</div>`,
)}
</fieldset>`;
}

function radio({ face, choice, decided, keptOn }: PanelState, mode: UpdateMode): Html {
  // The SUS client keeps its choice while it is off. The panel then shows the first choice that downloads.
  const isChosen = choice.mode === mode || (face === 'sus' && choice.mode === 'off' && mode === 'download');
  const grey = decided.mode ?? (mode === 'off' ? keptOn : undefined);
  const mark = face === 'sus' ? undefined : shield(mode);
  return html`<label><input type="radio" name="mode" value="${mode}"${isChosen && ' checked'}${greyIf(grey)}>${mark}
<span>${modeWords[face][mode]}</span></label>`;
}

function schedule({ choice, decided }: PanelState): Html {
  const options = (names: readonly string[], chosen: number) =>
    names.map((name, at) => html`<option value="${at}"${at === chosen && ' selected'}>${name}</option>`);
  return html`<div class="schedule"><select name="day" aria-label="Day"${greyIf(decided.day)}>${options(dayNames, choice.day)}</select>
<span>at</span> <select name="hour" aria-label="Time"${greyIf(decided.hour)}>${options(hourNames, choice.hour)}</select></div>`;
}

function greyIf(decision: Decision | boolean | undefined): string | undefined {
  return decision ? ' disabled' : undefined;
}

function isAllDecided({ blocked, decided }: PanelState): boolean {
  return (
    blocked !== undefined || (decided.mode !== undefined && decided.day !== undefined && decided.hour !== undefined)
  );
}

function factRow({ id, label, text, tone }: PanelFact): Html {
  return html`<div><dt>${label}</dt><dd id="fact-${id}" class="tone-${tone}">${text}</dd></div>`;
}

function history({ history: entries }: PanelState): Html {
  const rows = entries.map((entry) => {
    const [when, title, result] = historyWords(entry);
    return html`<tr class="result-${entry.result}"><td>${when}</td><th scope="row">${title}</th><td>${result}</td></tr>`;
  });
  return html`<section aria-labelledby="history-title"><h2 id="history-title">History</h2>
<div class="scroll" role="group" aria-label="History of updates" tabindex="0"><table><thead><tr><th scope="col">When</th><th scope="col">Update</th><th scope="col">Result</th></tr></thead>
<tbody id="history">${rows}</tbody></table></div>
<p class="dim" id="no-history"${entries.length > 0 && ' hidden'}>Nothing has been installed yet.</p></section>`;
}

/** Changes when what is greyed or chosen is another: then the page itself is out of date. */
function settingsMark({ face, choice, decided, keptOn, blocked, client, version }: PanelState): string {
  const all = JSON.stringify({ face, choice, decided, keptOn, blocked, client, version });
  return createHash('sha256').update(all).digest('hex').slice(0, 16);
}

const lock = html`<svg class="lock" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path d="M5 7V5a3 3 0 0 1 6 0v2"/><rect x="3" y="7" width="10" height="7" rx="1.5"/></svg>`;

const signs: Readonly<Record<string, string>> = {
  automatic: 'M5.500 8.500l2 2 3.500-4',
  download: 'M8 5v5M5.800 8L8 10.200 10.200 8',
  notify: 'M8 4.800v3.700M8 10.600v.1',
  off: 'M6 6l4 4M10 6l-4 4',
};

/** A shield of our own. Its sign says which one it is, without its colour too. */
function shield(mode: UpdateMode | ''): Html {
  return html`<svg class="shield shield-${mode === '' ? 'large' : mode}" viewBox="0 0 16 16" width="${mode === '' ? 40 : 20}" height="${mode === '' ? 40 : 20}" aria-hidden="true" focusable="false"><path class="ground" d="M8 .8l6 2v5c0 3.600-2.500 6.200-6 7.500-3.500-1.300-6-3.900-6-7.500v-5z"/><path class="sign" d="${signs[mode === '' ? 'automatic' : mode]}"/></svg>`;
}
