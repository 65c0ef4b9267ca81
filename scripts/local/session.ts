import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { userCacheFolder } from './cacheFolder.ts';

const sessionSchema = z.object({
  /** The process that runs the servers. The session ends with it. */
  pid: z.number().int().positive(),
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

/** Announces a session of this checkout, in place of an earlier one. */
export async function writeSession(session: Session, options: SessionOptions = {}): Promise<void> {
  const file = await sessionFile(options);
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, JSON.stringify(sessionSchema.parse(session)), { mode: 0o600 });
}

/** Reads the live session of this checkout: `undefined` if there is none, its file is unreadable or its process is gone. */
export async function readSession(options: SessionOptions = {}): Promise<Session | undefined> {
  const text = await readFile(await sessionFile(options), 'utf8').catch(() => '{}');
  const { data } = sessionSchema.safeParse(parseJson(text));
  return data && isRunning(data.pid) ? data : undefined;
}

/** Withdraws the session that process `pid` announced, unless another process has announced one since. */
export async function removeSession(pid: number, options: SessionOptions = {}): Promise<void> {
  const current = await readSession(options);
  if (current?.pid === pid || !current) await rm(await sessionFile(options), { force: true });
}

async function sessionFile({ checkout, cacheFolder = userCacheFolder() }: SessionOptions): Promise<string> {
  const folder = await realpath(checkout ?? join(import.meta.dirname, '../..'));
  // 64 bits tell the checkouts of one user apart, and keep the path short.
  const key = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(cacheFolder, 'sessions', `${key}.json`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM says that the process runs, under another user.
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}
