import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { Connection } from '@temporalio/client';
import { execa } from 'execa';
import getPort from 'get-port';
import pRetry from 'p-retry';
import pWaitFor from 'p-wait-for';
import { findTemporalCli } from './cli.ts';
import { reasonOf } from './cliSources.ts';

export interface TemporalServerOptions {
  /** Port of the gRPC frontend on 127.0.0.1. Default: a free one. */
  port?: number | undefined;
  /** Port of the Web UI on 127.0.0.1. Default: a free one. */
  uiPort?: number | undefined;
  /** SQLite file that keeps the state. Default: in memory, gone with the server. */
  databaseFile?: string | undefined;
  /** Search attributes to register at start, by name. */
  searchAttributes?: Record<string, SearchAttributeKind> | undefined;
  /** Receives a line that says which Temporal CLI is used and why, and one each time something slow starts. */
  onProgress?: ((line: string) => void) | undefined;
  /** Environment to find the CLI with. Default: `process.env`. */
  env?: NodeJS.ProcessEnv | undefined;
}

/** The value types of search attributes, as the Temporal CLI spells them. */
type SearchAttributeKind = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

export interface TemporalServer {
  /** The gRPC frontend, `host:port`; the namespace is `default`. */
  address: string;
  uiUrl: string;
  /** File of the Temporal CLI that it was started with. */
  cli: string;
  pid: number;
  /** Settles when the process is gone, asked for or not, with a sentence that ends in what it printed last. */
  exited: Promise<string>;
  /** Sends SIGTERM, after 5 s SIGKILL; returns when the process is gone. May be called again. */
  stop(): Promise<void>;
}

const host = '127.0.0.1';
/** It takes 0.1 to 0.3 s on an idle machine; one that is busy with builds and tests took many seconds. */
const startTimeoutMs = 60_000;

/**
 * Starts `temporal server start-dev` and returns once its frontend, its `default` namespace and its Web UI answer.
 * The server never outlives this process, however that ends (on Windows: unless it is killed hard).
 *
 * @throws Error if an asked port is taken, if no Temporal CLI is found, or if the server ends or does not answer in 60 s.
 */
export async function startTemporalServer(options: TemporalServerOptions = {}): Promise<TemporalServer> {
  const { env = process.env, onProgress = () => undefined, port, uiPort } = options;
  await portFor('Temporal frontend', port);
  await portFor('Temporal Web UI', uiPort);
  const cli = await findTemporalCli({ env, onProgress });
  onProgress(cli.summary);
  return pRetry(() => startOnce(cli.path, options), {
    // Another process may take a free port between its choice and the server's start. Three lost races are no accident.
    retries: 2,
    minTimeout: 0,
    shouldRetry: ({ error }) =>
      (port === undefined || uiPort === undefined) && reasonOf(error).includes('already in use'),
  });
}

async function startOnce(cliPath: string, options: TemporalServerOptions): Promise<TemporalServer> {
  const { env = process.env } = options;
  const port = await portFor('Temporal frontend', options.port);
  const uiPort = await portFor('Temporal Web UI', options.uiPort);
  const server = execa(cliPath, serverArguments(port, uiPort, options), {
    env: withoutTemporalSettings(env),
    extendEnv: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    // The server gets a process group of its own, so that Ctrl-C reaches it through stop(), after the worker has shut down.
    // On Windows it would also get a console window.
    detached: process.platform !== 'win32',
  });
  const { pid } = server;
  const printed = keepTail(server.stdout, server.stderr);
  const exited = server.then(({ exitCode, signal, shortMessage }) =>
    `temporal server start-dev ended with ${signal ?? `code ${exitCode ?? shortMessage}`}. ${printed()}`.trim(),
  );
  if (pid === undefined) throw new Error(await exited);
  endWithThisProcess(pid, exited);

  const address = `${host}:${port}`;
  const uiUrl = `http://${host}:${uiPort}`;
  const stop = async () => {
    server.kill();
    await exited;
  };
  const gone = new AbortController();
  const enough = AbortSignal.any([gone.signal, AbortSignal.timeout(startTimeoutMs)]);
  void exited.then((sentence) => gone.abort(new Error(sentence)));
  try {
    await Promise.all([frontendAnswers(address, enough), uiAnswers(uiUrl, enough)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, uiUrl, cli: cliPath, pid, exited, stop };
}

function serverArguments(port: number, uiPort: number, options: TemporalServerOptions): string[] {
  const { databaseFile, searchAttributes = {} } = options;
  return [
    ...['server', 'start-dev', '--ip', host, '--port', String(port), '--ui-port', String(uiPort)],
    ...['--log-level', 'warn'],
    // The task queue processors poll every 50 ms by default; every activity would wait for that.
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=1000'],
    ...['--dynamic-config-value', 'history.timerProcessorMaxPollRPS=1000'],
    // Without a write-ahead log each commit waits for the disk, which leaves a third of the throughput.
    ...(databaseFile
      ? ['--db-filename', databaseFile, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL']
      : []),
    ...Object.entries(searchAttributes).flatMap(([name, kind]) => ['--search-attribute', `${name}=${kind}`]),
  ];
}

/** The user's TEMPORAL_ADDRESS, TEMPORAL_PROFILE and so on are about another server. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function portFor(use: string, asked: number | undefined): Promise<number> {
  if (asked === undefined) return getPort({ host });
  // get-port would refuse a port for half a minute after giving it out, but a restarted server wants its old one.
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
      .once('error', (error) => reject(new Error(`Port ${asked} for the ${use} cannot be used: ${error.message}`)))
      .listen(asked, host, () => probe.close(() => resolve()));
  });
  return asked;
}

/** Keeps the last lines for when the server dies: it logs to stderr, but says on stdout that a port is taken. */
function keepTail(...streams: Readable[]): () => string {
  let tail = '';
  for (const stream of streams)
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      tail = (tail + chunk).slice(-4000);
    });
  return () => tail.trim().split('\n').slice(-5).join('\n');
}

/**
 * Kills process `pid` when this process ends. A shell waits on a pipe from this process and acts when the pipe closes:
 * the one sign that comes for every end of a process, SIGKILL included. `exited` calls it off. Does nothing on Windows.
 */
export function endWithThisProcess(pid: number, exited: Promise<unknown>): void {
  if (process.platform === 'win32') return;
  const guard = execa('/bin/sh', ['-c', 'read -r _; kill -KILL "$0"', String(pid)], {
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    reject: false,
    detached: true,
  });
  // The system may give the process ID of a server that is gone to another process.
  void exited.then(() => guard.kill('SIGKILL'));
}

async function frontendAnswers(address: string, enough: AbortSignal): Promise<void> {
  const connection = Connection.lazy({
    address,
    // The client's own retries back off for up to 20 s and do not heed the signal below.
    interceptors: [],
    // The server is up within 0.3 s; by default gRPC would try again after a second, then ever later.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 100 },
  });
  try {
    // The namespace appears a little after the frontend says that it is healthy.
    await untilAnswers(`The Temporal frontend on ${address}`, enough, () =>
      connection.withAbortSignal(enough, () => connection.workflowService.describeNamespace({ namespace: 'default' })),
    );
  } finally {
    await connection.close();
  }
}

async function uiAnswers(url: string, enough: AbortSignal): Promise<void> {
  await untilAnswers(`The Temporal Web UI on ${url}`, enough, async () => {
    const response = await fetch(url, { signal: enough });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`status ${response.status}`);
  });
}

async function untilAnswers(what: string, enough: AbortSignal, ask: () => Promise<unknown>): Promise<void> {
  const answers = () =>
    ask().then(
      () => true,
      () => false,
    );
  try {
    // A tenth of the server's start at the most.
    await pWaitFor(answers, { interval: 25, signal: enough });
  } catch (error) {
    throw new Error(`${what} does not answer: ${reasonOf(error)}`, { cause: error });
  }
}
