import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { userCacheFolder } from './cacheFolder.ts';

const sessionSchema = z.object({
  /** The process that runs the servers. The session ends with it. */
  pid: z.number().int().positive(),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
  /** `host:port` of the Temporal frontend. */
  temporalAddress: z.string(),
  uiUrl: z.string().optional(),
  armEndpoint: z.string().optional(),
});

/** Where the servers of a running demo or development session are, for commands in other terminals. */
export type Session = z.infer<typeof sessionSchema>;

export interface SessionOptions {
  /** Folder whose session it is. Default: this checkout. */
  checkout?: string | undefined;
  /** Default: this product's folder in the user's cache folder. */
  cacheFolder?: string | undefined;
}

/** Announces a session of this checkout, beside those that run already. */
export async function writeSession(session: Session, options: SessionOptions = {}): Promise<void> {
  const file = `${await sessionPath(options)}.${session.pid}.json`;
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, JSON.stringify(sessionSchema.parse(session)), { mode: 0o600 });
}

/**
 * Reads the live session of this checkout that began first: a demo beside `npm run dev` takes nothing away from it.
 * `undefined` if there is none. Unreadable files and those of processes that are gone do not count.
 */
export async function readSession(options: SessionOptions = {}): Promise<Session | undefined> {
  const path = await sessionPath(options);
  const folder = dirname(path);
  const files = (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  const own = files.filter((file) => file.startsWith(`${path}.`));
  const sessions = await Promise.all(own.map(readFrom));
  return sessions
    .flatMap((session) => (session && isRunning(session.pid) ? [session] : []))
    .sort((one, other) => one.startedAt - other.startedAt)[0];
}

/** Withdraws the session that process `pid` announced. */
export async function removeSession(pid: number, options: SessionOptions = {}): Promise<void> {
  await rm(`${await sessionPath(options)}.${pid}.json`, { force: true });
}

/** The beginning of the names of this checkout's session files. */
async function sessionPath({ checkout, cacheFolder = userCacheFolder() }: SessionOptions): Promise<string> {
  const folder = await realpath(checkout ?? join(import.meta.dirname, '../..'));
  // 64 bits tell the checkouts of one user apart, and keep the path short.
  const key = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(cacheFolder, 'sessions', key);
}

const readFrom = async (file: string): Promise<Session | undefined> =>
  sessionSchema.safeParse(parseJson(await readFile(file, 'utf8').catch(() => '{}'))).data;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM says that the process runs, under another user.
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}
