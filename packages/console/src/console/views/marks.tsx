// States, severities and approvals as a sign with its word.
import type { ReactNode } from 'react';
import { Mark, type Tone } from '../../mark.tsx';
import type { Severity, Update, UpdateState } from '../api/documents.ts';
import { useWords } from '../kit/words.tsx';
import type { Step } from './steps.ts';

const ofState: Record<UpdateState, Tone> = {
  ...{ unknown: 'quiet', notApplicable: 'quiet', notInstalled: 'pending', downloaded: 'pending' },
  ...{ installed: 'good', failed: 'bad', pendingReboot: 'pending' },
};
const ofApproval: Record<Update['approval'], Tone> = { approved: 'good', unapproved: 'pending', declined: 'quiet' };

export function StateMark({ state }: { state: UpdateState }): ReactNode {
  const words = useWords();
  return <Marked tone={ofState[state]} text={words.updateStates[state]} />;
}

export function ApprovalMark({ approval, isExpired }: Pick<Update, 'approval' | 'isExpired'>): ReactNode {
  const words = useWords();
  const text = words.approvals[approval];
  return <Marked tone={ofApproval[approval]} text={isExpired ? `${text}, ${words.updates.isExpiredToo}` : text} />;
}

export function SeverityText({ severity }: { severity: Severity }): ReactNode {
  const words = useWords();
  return <span className={`severity severity-${severity}`}>{words.severities[severity]}</span>;
}

export function StepMark({ step: { tone, kind } }: { step: Step }): ReactNode {
  const words = useWords();
  return <Marked tone={tone} text={words.steps[kind][tone]} />;
}

export function Marked({ tone, text }: { tone: Tone; text: string }): ReactNode {
  const words = useWords();
  return (
    <span className="marked">
      <Mark tone={tone} word={words.tones[tone]} />
      {text}
    </span>
  );
}
