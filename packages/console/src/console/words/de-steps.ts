// Die Wörter der Einrichtung in fünf Schritten und der Beziehungen von Updates auf Deutsch.
import type { stepsInEnglish } from './en-steps.ts';

const s = (amount: number, one: string, more: string) => (amount === 1 ? one : more);

export const stepsInGerman: typeof stepsInEnglish = {
  relations: {
    title: 'Ersetzung und Bündel',
    none: 'Es ersetzt nichts, nichts ersetzt es, und es ist in keinem Bündel.',
    legend: 'Neuere Updates stehen rechts, ältere links. Bündel stehen über dem Update, seine Teile darunter.',
    table: 'Dasselbe als Tabelle',
    cut: (amount) => `Die ${amount} nächsten Updates. Es gibt mehr.`,
    left: (amount) =>
      s(amount, '1 weiteres Update ist in der Tabelle.', `${amount} weitere Updates sind in der Tabelle.`),
    notHere: 'Nicht im Katalog',
    from: 'Update',
    kind: 'Beziehung',
    to: 'Anderes Update',
    state: 'Zustand des anderen',
    kinds: { supersedes: 'ersetzt', bundles: 'bündelt' },
  },
  guide: {
    title: 'Einrichtung',
    names: {
      account: 'Konto',
      source: 'Quelle der Updates',
      choices: 'Produkte und Klassifizierungen',
      clients: 'Gruppen und Clients',
      approval: 'Erste Genehmigung',
    },
    states: { open: 'Offen', done: 'Erledigt', skipped: 'Übersprungen' },
    place: (at, of, name) => `Schritt ${at} von ${of}: ${name}`,
    texts: {
      account: 'Das erste Konto verwaltet diesen Server. Erstellen Sie ein zweites, damit Sie sich nicht aussperren.',
      source: 'Wählen Sie, woher dieser Server seine Updates bekommt.',
      choices: 'Eine Synchronisation bringt nur Updates der gewählten Produkte und Klassifizierungen.',
      clients: 'Erstellen Sie Gruppen von Computern, und weisen Sie die Computer per Richtlinie auf diesen Server.',
      approval: 'Computer bekommen nur genehmigte Updates. Genehmigen Sie eines zuerst für eine Testgruppe.',
    },
    skip: 'Schritt überspringen',
    open: 'Schritt wieder öffnen',
    skipped: (name) => `Übersprungen: ${name}. Sie können jederzeit zurückkommen.`,
    opened: (name) => `Wieder offen: ${name}.`,
    skippedBy: 'Übersprungen von',
    back: 'Zurück',
    next: 'Nächster Schritt',
    toHome: 'Zur Startseite',
    allDone: 'Die Einrichtung ist fertig',
    allDoneText: 'Kein Schritt ist offen. Die Liste Zu erledigen auf der Startseite zeigt, was als Nächstes kommt.',
    youAre: 'Sie sind angemeldet als',
    moreAccounts: 'Weitere Konten erstellen',
    sources: {
      microsoft: 'Microsoft Update, über das Internet',
      server: 'Ein anderer WSUS- oder Moult-Server',
      files: 'Dateien, die Sie bringen, ohne Netz',
    },
    sourceSaved: (source) => `Gespeichert: ${source}.`,
    upstreamNow: 'Die Einstellungen dieses Servers nennen:',
    changeUpstream:
      'Schreiben Sie diese Zeile in die Konfigurationsdatei des Servers, und starten Sie ihn neu. Dann ist dieser Schritt erledigt.',
    filesText: 'Der Server fragt nie das Internet nach Updates. Importieren Sie sie mit dem Befehl auf dem Server:',
    filesDocs: 'Geschlossene Netze',
    filesChoices: 'Ihre Dateien bestimmen, welche Updates kommen. Mit dem ersten Update ist dieser Schritt erledigt.',
    noLists: 'Die Listen kommen mit der ersten Synchronisation. Starten Sie sie unten.',
    syncText: 'Die erste bringt die Listen der Produkte und Klassifizierungen. Die nächsten bringen Updates.',
    findIn: (what) => `In ${what} suchen`,
    choicesSaved: (what) => `Gespeichert: ${what}.`,
    policyText:
      'Verteilen Sie die Richtlinie per Gruppenrichtlinie, Intune oder Datei. Computer kommen mit ihrem nächsten Check-in.',
    makePolicy: 'Richtlinie erstellen',
    allGroups: (total) => `Alle ${total} Gruppen`,
    seen: (total, amount) =>
      s(amount, '1 Computer war hier, nämlich', `${total} Computer waren hier. Der neueste Kontakt:`),
    noneSeen: 'Noch war kein Computer hier. Diese Zeile ändert sich von selbst.',
    clientsDone: 'Die Richtlinie ist verteilt',
    clientsNoted: 'Vermerkt. Computer kommen mit ihrem nächsten Check-in.',
    firstApproved: 'Ein Update ist genehmigt. Computer bekommen es mit ihrem nächsten Check-in.',
    noUpdates: 'Kein Update wartet auf Genehmigung. Synchronisieren Sie zuerst, oder importieren Sie Updates.',
    approveOne: (title) => `${title} genehmigen`,
    allUpdates: (total) => `Alle ${total} Updates ohne Genehmigung`,
  },
};
