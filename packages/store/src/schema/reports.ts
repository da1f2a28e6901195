// The reports of computers: their events, and the state of each update on them.
import type { Identity } from './identity.ts';

export interface ReportingEventsTable {
  event_id: Identity;
  instance_id: string;
  computer_id: string;
  received_at: number;
  time_at_target: number;
  namespace_id: number;
  event_number: number;
  source_id: number;
  update_id: string | null;
  revision_number: number;
  win32_hresult: number;
  app_name: string;
  replacement_strings: string;
  misc_data: string;
}

export interface ComputerUpdateStatusTable {
  computer_id: string;
  update_id: string;
  state: number;
  changed_at: number;
}

export interface SelfUpdateEventsTable {
  event_id: Identity;
  received_at: number;
  occurred_at: number;
  computer_id: string | null;
  address: string;
  user_agent: string;
  component: string;
  activity: string;
  item: string;
  device: string;
  platform: string;
  language: string;
  status: string;
  result_code: string;
  message: string;
  agent_generation: string | null;
  agent_version: string | null;
}
