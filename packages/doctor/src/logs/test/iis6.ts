// Logs of IIS 6 for tests.

/** The header of IIS 6. */
export const iis6 =
  '#Software: Microsoft Internet Information Services 6.0\r\n#Version: 1.0\r\n#Date: 2005-08-26 08:14:00\r\n' +
  '#Fields: date time s-sitename s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status\r\n';

export interface Asked {
  path: string;
  status: string;
  method?: string;
  time?: string;
  client?: string;
  user?: string;
  query?: string;
  agent?: string;
  port?: number;
}

/** A line under it. */
export function line6({
  path,
  status,
  method = 'GET',
  time = '2005-08-26 08:14:01',
  client = '10.0.0.7',
  user = '-',
  query = '0508260814',
  agent = 'Industry+Update+Control',
  port = 80,
}: Asked): string {
  return `${time} W3SVC1 10.0.0.1 ${method} ${path} ${query} ${port} ${user} ${client} ${agent} ${status}\r\n`;
}
