// The host of the agent's Windows service. A program that the Service Control Manager starts must answer it within 30
// seconds, and Node does not. This program answers, starts Node with the agent, passes "stop" on, and starts the agent
// again when it has ended. The pauses grow, and no count of ends makes it give up. ADR 0043.
//
// Its command line is that of the service: agent-service.exe SERVICE AGENT-FOLDER OUTPUT PROGRAM ARGUMENT...
// scripts/build-service-host.ts builds it with Debian's gcc-mingw-w64-x86-64.
#define _WIN32_WINNT 0x0601
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LONGEST 1024
#define FIRST_PAUSE_MS 1000
#define LONGEST_PAUSE_MS (5 * 60 * 1000)
/* An agent that ran for this long did not end because of its start. */
#define GOOD_RUN_MS (10 * 60 * 1000)
/* The agent ends its program and writes its state. After this time it is ended. */
#define STOP_MS (90 * 1000)
#define LARGEST_OUTPUT (1024 * 1024)

static WCHAR service_name[LONGEST], agent_folder[LONGEST], output_file[LONGEST], program[LONGEST];
/* The rest of the command line, from the program on. */
static WCHAR *agent_line;
static SERVICE_STATUS_HANDLE status_handle;
static SERVICE_STATUS status;
static HANDLE stop_event, job;

static void report(DWORD state, DWORD exit_code, DWORD wait_hint) {
  static DWORD checkpoint;
  BOOL is_pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
  status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
  status.dwCurrentState = state;
  status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0;
  status.dwWin32ExitCode = exit_code;
  status.dwCheckPoint = is_pending ? ++checkpoint : 0;
  status.dwWaitHint = wait_hint;
  SetServiceStatus(status_handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, LPVOID data, LPVOID context) {
  (void)type, (void)data, (void)context;
  if (control == SERVICE_CONTROL_INTERROGATE) return NO_ERROR;
  if (control != SERVICE_CONTROL_STOP && control != SERVICE_CONTROL_SHUTDOWN) return ERROR_CALL_NOT_IMPLEMENTED;
  report(SERVICE_STOP_PENDING, NO_ERROR, STOP_MS);
  SetEvent(stop_event);
  return NO_ERROR;
}

/* The file is read, moved and removed by others while it is open. */
static HANDLE open_shared(const WCHAR *file, DWORD access, DWORD how) {
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  return CreateFileW(file, access, share, &inherited, how, FILE_ATTRIBUTE_NORMAL, NULL);
}

/* What the agent prints. A file that has grown becomes OUTPUT.old. */
static HANDLE open_output(void) {
  WIN32_FILE_ATTRIBUTE_DATA found;
  HANDLE file;
  if (GetFileAttributesExW(output_file, GetFileExInfoStandard, &found) &&
      (found.nFileSizeHigh > 0 || found.nFileSizeLow > LARGEST_OUTPUT)) {
    WCHAR old[LONGEST + 8];
    swprintf(old, LONGEST + 8, L"%ls.old", output_file);
    MoveFileExW(output_file, old, MOVEFILE_REPLACE_EXISTING);
  }
  file = open_shared(output_file, FILE_APPEND_DATA, OPEN_ALWAYS);
  return file == INVALID_HANDLE_VALUE ? open_shared(L"NUL", GENERIC_WRITE, OPEN_EXISTING) : file;
}

static void note(const char *what, DWORD number, DWORD pause_ms) {
  char line[256];
  DWORD written;
  SYSTEMTIME now;
  HANDLE file = open_output();
  GetSystemTime(&now);
  snprintf(line, sizeof line, "%04u-%02u-%02uT%02u:%02u:%02uZ service: %s %lu. The agent is started again in %lu s.\r\n",
           now.wYear, now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond, what, number, pause_ms / 1000);
  WriteFile(file, line, (DWORD)strlen(line), &written, NULL);
  CloseHandle(file);
}

/* Starts the agent in the job. Answers its process, or NULL. */
static HANDLE start_agent(void) {
  STARTUPINFOW startup = {0};
  PROCESS_INFORMATION started = {0};
  WCHAR *line = _wcsdup(agent_line); /* CreateProcessW writes into it. */
  BOOL is_started;
  if (line == NULL) return NULL;
  startup.cb = sizeof startup;
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdInput = open_shared(L"NUL", GENERIC_READ, OPEN_EXISTING);
  startup.hStdOutput = startup.hStdError = open_output();
  is_started = CreateProcessW(program, line, NULL, NULL, TRUE, CREATE_NO_WINDOW | CREATE_SUSPENDED, NULL, agent_folder,
                              &startup, &started);
  free(line);
  CloseHandle(startup.hStdInput);
  CloseHandle(startup.hStdOutput);
  if (!is_started) return NULL;
  AssignProcessToJobObject(job, started.hProcess);
  ResumeThread(started.hThread);
  CloseHandle(started.hThread);
  return started.hProcess;
}

/* Windows has no signals: the agent ends when the id of its process is in stop.request. host.lock names the process. */
static void ask_to_stop(void) {
  WCHAR lock[LONGEST + 16], request[LONGEST + 16], draft[LONGEST + 16];
  char text[256] = {0}, id[24];
  const char *at;
  DWORD length = 0;
  unsigned long pid;
  static unsigned long asked; /* One that was asked works on its end, and the file is gone. */
  HANDLE file;
  swprintf(lock, LONGEST + 16, L"%ls\\host.lock", agent_folder);
  swprintf(request, LONGEST + 16, L"%ls\\stop.request", agent_folder);
  swprintf(draft, LONGEST + 16, L"%ls\\stop.service", agent_folder);
  file = open_shared(lock, GENERIC_READ, OPEN_EXISTING);
  if (file == INVALID_HANDLE_VALUE) return;
  if (!ReadFile(file, text, sizeof text - 1, &length, NULL)) length = 0;
  CloseHandle(file);
  text[length] = 0;
  at = strstr(text, "\"pid\":");
  pid = at == NULL ? 0 : strtoul(at + 6, NULL, 10);
  if (pid == 0 || pid == asked) return;
  file = open_shared(draft, GENERIC_WRITE, CREATE_ALWAYS);
  if (file == INVALID_HANDLE_VALUE) return;
  snprintf(id, sizeof id, "%lu", pid);
  WriteFile(file, id, (DWORD)strlen(id), &length, NULL);
  CloseHandle(file);
  if (MoveFileExW(draft, request, MOVEFILE_REPLACE_EXISTING)) asked = pid;
}

static void end_agent(HANDLE process) {
  ULONGLONG deadline = GetTickCount64() + STOP_MS;
  do {
    ask_to_stop();
    report(SERVICE_STOP_PENDING, NO_ERROR, STOP_MS);
    if (WaitForSingleObject(process, 1000) == WAIT_OBJECT_0) return;
  } while (GetTickCount64() < deadline);
  TerminateProcess(process, 1);
  WaitForSingleObject(process, 5000);
}

static BOOL is_stopping(DWORD wait_ms) {
  return WaitForSingleObject(stop_event, wait_ms) == WAIT_OBJECT_0;
}

/* Until the service is stopped. */
static void run_agent(void) {
  DWORD pause_ms = FIRST_PAUSE_MS;
  while (!is_stopping(0)) {
    ULONGLONG started = GetTickCount64();
    HANDLE process = start_agent();
    if (process == NULL) {
      note("the agent cannot be started: error", GetLastError(), pause_ms);
    } else {
      HANDLE either[2];
      DWORD code = 0;
      either[0] = stop_event, either[1] = process;
      if (WaitForMultipleObjects(2, either, FALSE, INFINITE) == WAIT_OBJECT_0) end_agent(process);
      GetExitCodeProcess(process, &code);
      CloseHandle(process);
      if (is_stopping(0)) return;
      if (GetTickCount64() - started >= GOOD_RUN_MS) pause_ms = FIRST_PAUSE_MS;
      note("the agent ended with code", code, pause_ms);
    }
    if (is_stopping(pause_ms)) return;
    pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
  }
}

/* The agent ends with this program, and what the agent started does not: an installer goes on. */
static HANDLE make_job(void) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
  HANDLE made = CreateJobObjectW(NULL, NULL);
  limits.BasicLimitInformation.LimitFlags =
      JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
  SetInformationJobObject(made, JobObjectExtendedLimitInformation, &limits, sizeof limits);
  return made;
}

static void WINAPI serve(DWORD count, LPWSTR *words) {
  (void)count, (void)words;
  stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
  status_handle = RegisterServiceCtrlHandlerExW(service_name, on_control, NULL);
  if (status_handle == NULL) return;
  job = make_job();
  report(SERVICE_RUNNING, NO_ERROR, 0);
  run_agent();
  report(SERVICE_STOPPED, NO_ERROR, 0);
}

/* The next word of a command line, without its quotation marks: paths of Windows contain none. */
static WCHAR *next_word(WCHAR *at, WCHAR *word) {
  size_t length = 0;
  BOOL is_quoted = FALSE;
  while (*at == L' ' || *at == L'\t') at++;
  for (; *at != 0 && (is_quoted || (*at != L' ' && *at != L'\t')); at++) {
    if (*at == L'"') is_quoted = !is_quoted;
    else if (length < LONGEST - 1) word[length++] = *at;
    else return NULL;
  }
  word[length] = 0;
  return length == 0 ? NULL : at;
}

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE before, LPWSTR line, int show) {
  WCHAR own[LONGEST], *at;
  SERVICE_TABLE_ENTRYW table[] = {{service_name, serve}, {NULL, NULL}};
  (void)instance, (void)before, (void)line, (void)show;
  at = next_word(GetCommandLineW(), own);
  if (at != NULL) at = next_word(at, service_name);
  if (at != NULL) at = next_word(at, agent_folder);
  if (at != NULL) at = next_word(at, output_file);
  if (at != NULL) agent_line = at + wcsspn(at, L" \t");
  if (at == NULL || next_word(agent_line, program) == NULL) return ERROR_INVALID_PARAMETER;
  return StartServiceCtrlDispatcherW(table) ? 0 : (int)GetLastError();
}
