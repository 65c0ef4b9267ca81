import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { readSession, removeSession, writeSession } from '../../../scripts/local/session.ts';
import { scratchFolder } from '../support.ts';

const session = { pid: process.pid, startedAt: 1, temporalAddress: '127.0.0.1:7233', uiUrl: 'http://127.0.0.1:8233' };

test('a session is read back in its own checkout only, until it is removed', async () => {
  const cache = await scratchFolder();
  const other = await scratchFolder();
  const here = { cacheFolder: cache };
  expect(await readSession(here)).toBeUndefined();
  await writeSession(session, here);
  expect(await readSession(here)).toEqual(session);
  expect(await readSession({ ...here, checkout: other })).toBeUndefined();
  await removeSession(session.pid, here);
  expect(await readSession(here)).toBeUndefined();
});

test('the session of a process that is gone does not count', async () => {
  const cache = await scratchFolder();
  const gone = await execa(process.execPath, ['--print', 'process.pid']);
  await writeSession({ ...session, pid: Number(gone.stdout) }, { cacheFolder: cache });
  expect(await readSession({ cacheFolder: cache })).toBeUndefined();
});

test('an unreadable session file does not count', async () => {
  const cache = await scratchFolder();
  await writeSession(session, { cacheFolder: cache });
  const [file] = await readdir(join(cache, 'sessions'));
  await writeFile(join(cache, 'sessions', String(file)), '{"pid":');
  expect(await readSession({ cacheFolder: cache })).toBeUndefined();
});

test('of two sessions the earlier one counts, and the later one once that has ended', async () => {
  const cache = await scratchFolder();
  const here = { cacheFolder: cache };
  const later = { ...session, pid: process.ppid, startedAt: 2, temporalAddress: '127.0.0.1:9999' };
  await writeSession(session, here);
  await writeSession(later, here);
  expect(await readSession(here)).toEqual(session);
  await removeSession(session.pid, here);
  expect(await readSession(here)).toEqual(later);
});
